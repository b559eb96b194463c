"""What the doors of telephone vendors share: who is let in, and the media stream that follows."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from enum import Enum

from fastapi import Request, WebSocket
from fastapi.websockets import WebSocketDisconnect
from loguru import logger
from pydantic import BaseModel, Field

from antiphon.pipeline.server.access.admission import Refusal
from antiphon.pipeline.server.access.bodies import read_json
from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused, full
from antiphon.pipeline.server.access.tokens import InvalidToken
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.call_control import (
    CallControl,
    CallControlError,
    NumberNotAllowed,
    OutboundControl,
)
from antiphon.transports.registry import create_transport
from antiphon.transports.telephony.line_format import UnservedFormat
from antiphon.transports.telephony.start import StreamStart

__all__ = ["CallOut", "MediaStreams", "Verdict"]

# Websockets that have not yet said which call they are, which the vendors' do at once. When there
# are more, the one that has waited longest goes: silent strangers keep nobody out.
MAX_WAITING = 100

# RFC 6455 7.4.1: policy violation.
REFUSED = 1008

REASONS: dict[type[Exception], str] = {
    InvalidToken: "token",
    TimeoutError: "slow",
    UnservedFormat: "format",
}


class CallOut(BaseModel):
    """What `POST /…/call` takes.

    Parameters:
        to: The number to call, in E.164; it must begin with one of `ANTIPHON_DIAL_PREFIXES`.
    """

    to: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")


class Verdict(Enum):
    """What becomes of a caller.

    Attributes:
        AGENT: The agent answers.
        QUEUE: They are told to wait, and ask again.
        BUSY: All places are taken.
        TOO_OFTEN: The number calls too often.
    """

    AGENT = "agent"
    QUEUE = "queue"
    BUSY = "busy"
    TOO_OFTEN = "too often"


class MediaStreams:
    """One vendor's calls, from the webhook to the end of the media stream."""

    def __init__(
        self,
        calls: Calls,
        guards: Guards,
        *,
        kind: str,
        read_start: Callable[[WebSocket], Awaitable[StreamStart]],
        hang_up: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """Create the door's inside.

        Args:
            calls: Runs the calls.
            guards: Limits who calls.
            kind: The name of the door, of its transport and of its tokens' purpose.
            read_start: Reads a stream up to the message that says which call it is.
            hang_up: Ends a call whose stream has ended, where that does not end it by itself.
        """
        self._calls = calls
        self._guards = guards
        self._kind = kind
        self._read_start = read_start
        self._hang_up = hang_up
        self._waiting: dict[asyncio.Task[StreamStart], None] = {}

    async def admit(
        self, call_id: str, *, caller: str, since: float | None = None, may_queue: bool = True
    ) -> Verdict:
        """Decide on a call, and promise its place if the agent answers.

        Args:
            call_id: The call.
            caller: What the vendor says of the caller.
            since: Since when they wait, if they have been told to, in seconds since 1970.
            may_queue: Whether the vendor can be told to wait.

        Returns:
            What becomes of it.

        Raises:
            Refused: 503 while draining: a proxy then asks another server.
        """
        # Who waits in the queue comes back with the time since when.
        if since is None and not await self._guards.may_call(caller):
            self._calls.metrics.refused.labels(self._kind, "rate").inc()
            return Verdict.TOO_OFTEN
        waits_secs = 0.0 if since is None else time.time() - since
        may_wait = may_queue and waits_secs < self._calls.settings.queue_secs
        refusal = await self._calls.state.promise(call_id, may_wait)
        if refusal is None:
            return Verdict.AGENT
        if refusal == Refusal.FULL and may_wait:
            return Verdict.QUEUE
        self._calls.state.withdraw(call_id)
        if refusal == Refusal.DRAINING:
            raise full(refusal)
        self._calls.metrics.refused.labels(self._kind, refusal).inc()
        return Verdict.BUSY

    def token(self, call_id: str) -> str:
        """Issue what a call's media stream has to bring.

        Args:
            call_id: The call.

        Returns:
            The token.
        """
        return self._calls.tokens.issue(self._kind, call_id, now=time.time())

    async def answer(self, websocket: WebSocket, *, control: CallControl | None = None) -> None:
        """Answer a media stream, or refuse it.

        Args:
            websocket: The stream, not yet accepted.
            control: Steers the call.
        """
        calls = self._calls
        await websocket.accept()
        try:
            start = await self._start(websocket)
            token = start.parameters.get("token", "")
            await calls.tokens.redeem(token, self._kind, now=time.time(), subject=start.call_id)
        except (ValueError, TimeoutError, WebSocketDisconnect) as error:
            await self._refuse(websocket, error)
            return
        try:
            transport = create_transport(self._kind, websocket=websocket, start=start)
        except UnservedFormat as error:
            calls.state.withdraw(start.call_id)
            await self._refuse(websocket, error)
        else:
            carried = {k: v for k, v in start.parameters.items() if k != "token"}
            context = await calls.kept(carried.pop("handoff", ""))
            await calls.run(
                transport,
                key=start.call_id,
                call_id=start.call_id,
                transport_kind=self._kind,
                parameters=carried,
                context=context,
                base_url=public_url(websocket, calls.settings, ""),
                control=control,
                outbound=start.parameters.get("direction", "").startswith("outbound"),
            )
        if self._hang_up:
            await self._hang_up(start.call_id)

    async def call_out(
        self,
        request: Request,
        control: OutboundControl | None,
        *,
        needs: str,
    ) -> str:
        """Call whom a request names.

        Args:
            request: The request, whose sender may start calls.
            control: Calls a number; None if that is not set up.
            needs: The settings that it needs, for whoever asks.

        Returns:
            The vendor's id of the call, which has a place.

        Raises:
            Refused: If nobody is called.
        """
        calls = self._calls
        body = await read_json(request, CallOut)
        if body is None:
            raise Refused(422, "malformed", 'send whom to call: {"to": "+49…"}')
        if control is None or not calls.settings.public_url:
            # What the request calls its host is the word of whoever asks: the vendor would follow
            # the orders of any server named there, with our account.
            needed = f"calling out needs {needs} and ANTIPHON_PUBLIC_URL"
            raise Refused(503, "not_set_up", needed)
        key = uuid.uuid4().hex
        if refusal := await calls.state.promise(key):
            raise full(refusal)
        try:
            call_id = await control.call(body.to, base_url=public_url(request, calls.settings, ""))
        except NumberNotAllowed as error:
            raise Refused(403, "number", str(error)) from error
        except CallControlError as error:
            raise Refused(502, "provider", str(error)) from error
        finally:
            calls.state.withdraw(key)
        await calls.state.promise(call_id)
        return call_id

    async def _start(self, websocket: WebSocket) -> StreamStart:
        task = asyncio.ensure_future(self._read_start(websocket))
        self._waiting[task] = None
        if len(self._waiting) > MAX_WAITING:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.cancel()
        try:
            await asyncio.wait([task])
            if task.cancelled():
                raise TimeoutError
            return task.result()
        finally:
            task.cancel()
            self._waiting.pop(task, None)

    async def _refuse(self, websocket: WebSocket, error: Exception) -> None:
        if await self._guards.may_try(websocket):
            is_ours = isinstance(error, InvalidToken | UnservedFormat)
            told = str(error) if is_ours else type(error).__name__
            logger.warning(f"refused a media stream: {told}")
        reason = REASONS.get(type(error), "no_start")
        self._calls.metrics.refused.labels(self._kind, reason).inc()
        try:
            await websocket.close(REFUSED)
        except RuntimeError:
            logger.debug("the far end had closed the websocket already")
