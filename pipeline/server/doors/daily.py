"""Daily's door: a room with the agent in it, for whoever asks with a key."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from loguru import logger
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.daily.transport import DailyDialinSettings
from pydantic import BaseModel, Field

from antiphon.pipeline.server.access.bodies import read_json
from antiphon.pipeline.server.access.guards import Guards
from antiphon.pipeline.server.access.refusals import Refused, full
from antiphon.pipeline.server.calls import Calls
from antiphon.transports.daily import create_daily_room, create_daily_transport, delete_daily_room

__all__ = ["StartDaily", "daily_router"]

# A phone number in E.164, or a SIP address.
DESTINATION = r"^(\+[1-9][0-9]{6,14}|sips?:[\w.+-]+@[\w.:-]+)$"


class StartDaily(BaseModel):
    """What `POST /daily/start` takes.

    Parameters:
        parameters: What the agent's tools are told about the call.
        dialin: The call that Daily's webhook announced, if the room is for one.
        dial_out_to: A number or SIP address that the agent calls once it is in the room.
    """

    parameters: dict[str, str] = Field(default_factory=dict, max_length=32)
    dialin: DailyDialinSettings | None = None
    dial_out_to: str | None = Field(default=None, pattern=DESTINATION)


def daily_router(calls: Calls, guards: Guards) -> APIRouter:
    """Make the door.

    Args:
        calls: Runs the calls.
        guards: Limits who calls.

    Returns:
        The routes under `/daily`.

    Raises:
        ValueError: If `DAILY_API_KEY` is not set.
    """
    settings = calls.settings
    if settings.daily_api_key is None:
        raise ValueError("the daily transport needs DAILY_API_KEY to make rooms")
    api_key, api_url = settings.daily_api_key.get_secret_value(), settings.daily_api_url
    router = APIRouter(prefix="/daily")
    running: set[asyncio.Task[None]] = set()

    @router.post("/start", dependencies=[Depends(guards.start)])
    async def start(request: Request) -> dict[str, str]:
        body = await read_json(request, StartDaily) or StartDaily()
        if body.dial_out_to and not _may_dial(body.dial_out_to, settings.dial_prefixes):
            forbidden = "this number may not be called: see ANTIPHON_DIAL_PREFIXES"
            raise Refused(403, "number", forbidden)
        call_id = uuid.uuid4().hex
        if refusal := await calls.state.promise(call_id):
            raise full(refusal)
        try:
            room = await create_daily_room(
                api_key=api_key,
                api_url=api_url,
                lifetime_secs=settings.max_call_secs + 60,
                dial_in=body.dialin is not None,
                dial_out=body.dial_out_to is not None,
                now=time.time(),
            )
        except RuntimeError as error:
            calls.state.withdraw(call_id)
            logger.error(str(error))
            raise Refused(502, "provider", "Daily made no room") from error
        transport = create_daily_transport(
            room_url=room.url,
            token=room.agent_token,
            dialin=body.dialin,
            api_key=api_key,
            api_url=api_url,
        )
        task = asyncio.create_task(run(transport, call_id, room.url, body))
        running.add(task)
        task.add_done_callback(running.discard)
        return {"room_url": room.url, "token": room.person_token, "call_id": call_id}

    async def run(transport: BaseTransport, call_id: str, room_url: str, body: StartDaily) -> None:
        async def leave(*_: Any) -> None:
            # Without the room or the telephone there is no caller; Pipecat would wait for one.
            if call := calls.find(call_id):
                await call.worker.cancel(reason="Daily reported an error")

        for event in ("on_error", "on_dialin_error", "on_dialout_error"):
            transport.add_event_handler(event, leave)
        if body.dial_out_to:
            _dial_out(transport, body.dial_out_to, leave)
        await calls.run(
            transport,
            key=call_id,
            call_id=call_id,
            transport_kind="daily",
            parameters={
                **({"to": body.dial_out_to} if body.dial_out_to else {}),
                **body.parameters,
            },
            outbound=body.dial_out_to is not None,
        )
        try:
            await delete_daily_room(room_url, api_key=api_key, api_url=api_url)
        except RuntimeError as error:
            logger.warning(str(error))

    return router


def _may_dial(destination: str, prefixes: tuple[str, ...]) -> bool:
    return any(destination.startswith(prefix) for prefix in prefixes)


def _dial_out(transport: Any, destination: str, give_up: Callable[[], Awaitable[None]]) -> None:
    async def call(*_: Any) -> None:
        kind = "phoneNumber" if destination.startswith("+") else "sipUri"
        _, error = await transport.start_dialout({kind: destination})
        if error:
            logger.error("Daily did not call out")
            await give_up()

    transport.add_event_handler("on_joined", call)
