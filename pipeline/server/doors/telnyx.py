"""Telnyx's door: the webhook of a Voice API application, and the media streams that it begins.

A webhook is signed with Ed25519 over its time, a bar and its body ("Webhook fundamentals",
developers.telnyx.com, read 2026-11), and may come twice or late.
"""

import base64
import binascii
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Depends, Request, WebSocket
from loguru import logger
from pydantic import BaseModel, Field, ValidationError

from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.call_control import CallControlError
from antiphon.pipeline.server.doors.media_streams import MediaStreams, Verdict
from antiphon.pipeline.server.doors.telnyx_control import OUTBOUND, TelnyxControl, client_state
from antiphon.transports.telephony.telnyx import CALL_CONTROL_ID, read_telnyx_start

__all__ = ["TelnyxEvent", "TelnyxRequests", "telnyx_router"]

# As Telnyx's own SDKs have it.
TOLERANCE_SECS = 300


class TelnyxCall(BaseModel):
    """What an event says of its call.

    Parameters:
        call_control_id: The call.
        direction: Who called whom; later events do not say.
        caller: The number that calls.
        called: The number that is called.
        client_state: What the call carries along.
    """

    call_control_id: str = Field(pattern=f"^{CALL_CONTROL_ID}$")
    direction: Literal["incoming", "outgoing"] | None = None
    caller: str | None = Field(default=None, alias="from", max_length=256)
    called: str | None = Field(default=None, alias="to", max_length=256)
    client_state: str | None = None


class TelnyxData(BaseModel):
    """The inside of an event.

    Parameters:
        event_type: What happened.
        payload: To which call; other events have other payloads.
    """

    event_type: str = Field(max_length=64)
    payload: TelnyxCall


class TelnyxEvent(BaseModel):
    """What Telnyx's webhook is told.

    Parameters:
        data: All of it.
    """

    data: TelnyxData


class TelnyxRequests:
    """Lets only requests pass that Telnyx has signed; a FastAPI dependency that gives the event."""

    def __init__(self, calls: Calls, guards: Guards) -> None:
        """Create the dependency.

        Args:
            calls: Has the settings.
            guards: Counts who fails.

        Raises:
            ValueError: If there is no key to check the signatures with.
        """
        key = calls.settings.telnyx_public_key
        if key is None:
            raise ValueError("the telnyx transport needs TELNYX_PUBLIC_KEY to verify its webhooks")
        try:
            self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        except (binascii.Error, ValueError) as error:
            wanted = "TELNYX_PUBLIC_KEY is no public key, which is 32 bytes in base64"
            raise ValueError(wanted) from error
        self._guards = guards

    async def __call__(self, request: Request) -> TelnyxEvent:
        """Check a request.

        Args:
            request: The request.

        Returns:
            The event.

        Raises:
            Refused: 403 if Telnyx has not signed it, or long ago; 400 if it names no call; 429 if
                its address has failed too often.
        """
        body = await request.body()
        signed_at = request.headers.get("telnyx-timestamp", "")
        signature = request.headers.get("telnyx-signature-ed25519", "")
        if not self._is_signed(body, signed_at, signature):
            unsigned = Refused(403, "signature", "the signature is not Telnyx's, or not of now")
            warning = f"refused a request for {request.url.path}: {unsigned.detail}"
            await self._guards.refuse(request, unsigned, warning)
        try:
            return TelnyxEvent.model_validate_json(body)
        except ValidationError:
            raise Refused(400, "malformed", "no event of a call") from None

    def _is_signed(self, body: bytes, signed_at: str, signature: str) -> bool:
        try:
            # A whole number has no size at which it is too large for one.
            if abs(int(time.time()) - int(signed_at)) > TOLERANCE_SECS:
                return False
            signed = base64.b64decode(signature, validate=True)
            self._key.verify(signed, signed_at.encode() + b"|" + body)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def telnyx_router(calls: Calls, guards: Guards) -> APIRouter:
    """Make Telnyx's door.

    Args:
        calls: Runs the calls.
        guards: Limits who calls.

    Returns:
        The routes under `/telnyx`.

    Raises:
        ValueError: If `TELNYX_API_KEY` or `TELNYX_PUBLIC_KEY` is not set.
    """
    router = APIRouter(prefix="/telnyx")
    signed = TelnyxRequests(calls, guards)
    control = TelnyxControl(calls.settings)

    async def hang_up(call_id: str) -> None:
        # A stream that ends does not end the call.
        try:
            await control.hang_up(call_id)
        except CallControlError as error:
            logger.bind(call_id=call_id).warning(f"the call may go on in silence: {error}")

    streams = MediaStreams(
        calls, guards, kind="telnyx", read_start=read_telnyx_start, hang_up=hang_up
    )

    async def with_agent(request: Request, call: TelnyxCall) -> None:
        is_outbound = call.direction == "outgoing"
        await control.begin(
            call.call_control_id,
            is_answered=is_outbound,
            stream_url=public_url(request, calls.settings, "/telnyx/stream").replace(
                "http", "ws", 1
            ),
            parameters={
                "from": call.caller or "",
                "to": call.called or "",
                "direction": "outbound" if is_outbound else "inbound",
                "token": streams.token(call.call_control_id),
            },
        )

    async def incoming(request: Request, call: TelnyxCall) -> None:
        call_id = call.call_control_id
        verdict = await streams.admit(call_id, caller=call.caller or "", may_queue=False)
        if verdict is Verdict.AGENT:
            await with_agent(request, call)
        else:
            await control.turn_away(call_id)

    async def outgoing(request: Request, call: TelnyxCall) -> None:
        await calls.state.promise(call.call_control_id)
        await with_agent(request, call)

    async def once(
        begin: Callable[[Request, TelnyxCall], Awaitable[None]], request: Request, call: TelnyxCall
    ) -> None:
        # What comes again must not count as another call, nor turn away the one that is running;
        # it comes for as long as its signature is good, to any worker.
        call_id = call.call_control_id
        begun = f"telnyx begun {call_id}"
        if not await calls.state.first(begun, TOLERANCE_SECS):
            return
        try:
            await begin(request, call)
        except Refused:
            await calls.state.forget(begun)
            raise
        except CallControlError as error:
            await calls.state.forget(begun)
            calls.state.withdraw(call_id)
            logger.bind(call_id=call_id).error(str(error))
            # Telnyx asks again, or elsewhere.
            raise Refused(502, "provider", "Telnyx did not take the command") from error

    @router.post("/voice")
    async def voice(
        request: Request, event: Annotated[TelnyxEvent, Depends(signed)]
    ) -> dict[str, str]:
        call = event.data.payload
        call_id = call.call_control_id
        is_ours = call.client_state == client_state(OUTBOUND)
        match event.data.event_type:
            case "call.initiated" if call.direction == "incoming":
                await once(incoming, request, call)
            case "call.answered" if call.direction == "outgoing" and is_ours:
                await once(outgoing, request, call)
            case "streaming.failed":
                # The call goes on, and nobody would hear the caller.
                calls.state.withdraw(call_id)
                logger.bind(call_id=call_id).error("Telnyx could not open the media stream")
                await hang_up(call_id)
            case "call.hangup":
                calls.state.withdraw(call_id)
                await calls.cancel_call(call_id, reason="Telnyx says: hung up")
        return {}

    @router.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await streams.answer(websocket)

    @router.post("/call", dependencies=[Depends(guards.start)])
    async def call_out(request: Request) -> dict[str, str]:
        needs = "TELNYX_CONNECTION_ID, TELNYX_NUMBER"
        call_id = await streams.call_out(request, control, needs=needs)
        return {"call_control_id": call_id}

    return router
