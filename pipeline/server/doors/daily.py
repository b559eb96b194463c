"""Daily's door: a room with the agent in it, for whoever asks with a key."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from loguru import logger
from pipecat.transports.daily.transport import DailyDialinSettings
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from antiphon.pipeline.server.access.bodies import read_json
from antiphon.pipeline.server.access.guards import Guards
from antiphon.pipeline.server.access.refusals import Refused, full
from antiphon.pipeline.server.calls import Calls
from antiphon.transports.daily import (
    DailyRoomTransport,
    create_daily_room,
    create_daily_transport,
    delete_daily_room,
)

__all__ = ["StartDaily", "daily_router"]

# A phone number in E.164, or a SIP address.
DESTINATION = r"^(\+[1-9][0-9]{6,14}|sips?:[\w.+-]+@[\w.:-]+)$"


# The ids of Daily's webhook, which are UUIDs, and of a number that was bought.
ID = r"^[\w.:@-]{1,128}$"


class DialIn(BaseModel):
    """The call that Daily's dial-in webhook announced: what it sends, or the same in snake case.

    Parameters:
        call_id: The call on hold.
        call_domain: Where it is held.
        from_number: Who calls.
        to_number: The number that was called.
        sip_headers: What a SIP caller sent along.
    """

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(validation_alias=AliasChoices("call_id", "callId"), pattern=ID)
    call_domain: str = Field(validation_alias=AliasChoices("call_domain", "callDomain"), pattern=ID)
    # What a caller withholds, and what a call has not, may be left out or null.
    from_number: str | None = Field(
        default=None, validation_alias=AliasChoices("from", "From"), max_length=256
    )
    to_number: str | None = Field(
        default=None, validation_alias=AliasChoices("to", "To"), max_length=256
    )
    sip_headers: dict[str, str] | None = Field(
        default=None,
        validation_alias=AliasChoices("sip_headers", "sipHeaders"),
        max_length=32,
    )


class StartDaily(BaseModel):
    """What `POST /daily/start` takes.

    Parameters:
        parameters: What the agent's tools are told about the call.
        dialin: The call that Daily's webhook announced, if the room is for one.
        dial_out_to: A number or SIP address that the agent calls once it is in the room.
        caller_id: The id of the bought number that a called telephone shows; by default
            `DAILY_CALLER_ID`, else Daily chooses.
    """

    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, str] = Field(default_factory=dict, max_length=32)
    dialin: DialIn | None = None
    dial_out_to: str | None = Field(default=None, pattern=DESTINATION)
    caller_id: str | None = Field(default=None, pattern=ID)

    @model_validator(mode="after")
    def one_way(self) -> "StartDaily":
        """Refuse a room of which nobody knows what it is for."""
        if self.dialin and self.dial_out_to:
            raise ValueError("give dialin or dial_out_to, not both")
        if self.caller_id and not (self.dial_out_to or "").startswith("+"):
            raise ValueError("caller_id is for a phone number in dial_out_to")
        return self


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
            dialin=_held_call(body.dialin),
            dials_out=body.dial_out_to is not None,
            api_key=api_key,
            api_url=api_url,
        )
        task = asyncio.create_task(run(transport, call_id, room.url, body))
        running.add(task)
        task.add_done_callback(running.discard)
        return {"room_url": room.url, "token": room.person_token, "call_id": call_id}

    async def run(
        transport: DailyRoomTransport, call_id: str, room_url: str, body: StartDaily
    ) -> None:
        async def leave(*_: Any) -> None:
            # Without the room or the telephone there is no caller; Pipecat would wait for one.
            if call := calls.find(call_id):
                await call.worker.cancel(reason="Daily says: nobody is there")

        async def leave_if_alone(*_: Any) -> None:
            # Who was in the room is told as a client; who hung up or was not reached is not.
            if not transport.is_connected:
                await leave()

        for event in ("on_error", "on_dialin_error", "on_dialout_error"):
            transport.add_event_handler(event, leave)
        for event in ("on_dialin_stopped", "on_dialout_stopped"):
            transport.add_event_handler(event, leave_if_alone)
        if body.dial_out_to:
            caller_id = body.caller_id or settings.daily_caller_id
            _dial_out(transport, body.dial_out_to, caller_id, leave)
        await calls.run(
            transport,
            key=call_id,
            call_id=call_id,
            transport_kind="daily",
            parameters={
                **({"to": body.dial_out_to} if body.dial_out_to else {}),
                **_told_by(body.dialin),
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


def _held_call(dialin: DialIn | None) -> DailyDialinSettings | None:
    if dialin is None:
        return None
    return DailyDialinSettings(call_id=dialin.call_id, call_domain=dialin.call_domain)


def _told_by(dialin: DialIn | None) -> dict[str, str]:
    """What the webhook says of the call, for the agent's tools."""
    if dialin is None:
        return {}
    # The headers are the caller's own: none of them says who calls.
    numbers = {"from": dialin.from_number, "to": dialin.to_number}
    headers = {k: v for k, v in (dialin.sip_headers or {}).items() if k.lower() not in numbers}
    return {name: value for name, value in {**headers, **numbers}.items() if value}


def _dial_out(
    transport: Any,
    destination: str,
    caller_id: str | None,
    give_up: Callable[[], Awaitable[None]],
) -> None:
    settings = {"sipUri": destination}
    if destination.startswith("+"):
        settings = {"phoneNumber": destination} | ({"callerId": caller_id} if caller_id else {})

    async def call(*_: Any) -> None:
        _, error = await transport.start_dialout(settings)
        if error:
            logger.error("Daily did not call out")
            await give_up()

    transport.add_event_handler("on_joined", call)
