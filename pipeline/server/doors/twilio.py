"""Twilio's door: the webhook that answers a call, the media stream, and what follows."""

import asyncio
import time
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from fastapi.websockets import WebSocketDisconnect
from loguru import logger
from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, Stream, VoiceResponse

from antiphon.pipeline.server.access.admission import Refusal
from antiphon.pipeline.server.access.bodies import read_form, read_json
from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused, full
from antiphon.pipeline.server.access.tokens import InvalidToken
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.twilio_control import (
    CallControlError,
    NumberNotAllowed,
    TwilioControl,
)
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.transports.registry import create_transport
from antiphon.transports.telephony.transport import checked_id
from antiphon.transports.telephony.twilio import TwilioStart, read_twilio_start

__all__ = ["CallOut", "TwilioRequests", "answer_with_agent", "twilio_router", "twiml"]

PURPOSE = "twilio"
CALL_SID = "CA[0-9a-fA-F]{32}"

# https://www.twilio.com/docs/voice/api/call-resource#call-status-values
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
STATUSES = OVER | {"queued", "initiated", "ringing", "in-progress"}

# Websockets that have not yet said which call they are, which Twilio's do at once. When there are
# more, the one that has waited longest goes: silent strangers keep nobody out.
MAX_WAITING = 100

# Between two attempts to get a place; after that a queued caller is told again to wait.
QUEUE_PAUSE_SECS = 10
BUSY_MESSAGE = "All lines are busy."

# RFC 6455 7.4.1: policy violation.
REFUSED = 1008


class CallOut(BaseModel):
    """What `POST /twilio/call` takes.

    Parameters:
        to: The number to call, in E.164; it must begin with one of `ANTIPHON_DIAL_PREFIXES`.
    """

    to: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")


class TwilioRequests:
    """Lets only requests pass that Twilio has signed; a FastAPI dependency that gives the form."""

    def __init__(self, calls: Calls, guards: Guards) -> None:
        """Create the dependency.

        Args:
            calls: Has the settings.
            guards: Counts who fails.

        Raises:
            ValueError: If there is no token to check the signatures with.
        """
        token = calls.settings.twilio_auth_token
        if token is None:
            raise ValueError("the twilio transport needs TWILIO_AUTH_TOKEN to verify its requests")
        self._validator = RequestValidator(token.get_secret_value())
        self._settings = calls.settings
        self._guards = guards

    async def __call__(self, request: Request) -> FormData:
        """Check a request.

        Args:
            request: The request.

        Returns:
            Its form.

        Raises:
            Refused: 403 if Twilio has not signed it, 415 or 400 if it never could have, 400 if it
                names no call, 429 if its address has failed too often.
        """
        try:
            form = await read_form(request)
        except Refused as refusal:
            await self._guards.refuse(request, refusal)
        url = public_url(request, self._settings)
        signature = request.headers.get("x-twilio-signature", "")
        if not signature.isascii() or not self._validator.validate(url, form, signature):
            unsigned = Refused(403, "signature", "the signature is not Twilio's")
            # The address is what usually differs: a proxy that hides the scheme or the host.
            warning = f"refused a request for {url[:200]}: {unsigned.detail}"
            await self._guards.refuse(request, unsigned, warning)
        try:
            checked_id("CallSid", form.get("CallSid"), CALL_SID)
        except ValueError as error:
            raise Refused(400, "malformed", str(error)) from error
        return form


def twilio_router(calls: Calls, guards: Guards) -> APIRouter:
    """Make Twilio's door.

    Args:
        calls: Runs the calls.
        guards: Limits who calls.

    Returns:
        The routes under `/twilio`.

    Raises:
        ValueError: If `TWILIO_AUTH_TOKEN` is not set.
    """
    router = APIRouter(prefix="/twilio")
    signed = TwilioRequests(calls, guards)
    control = (
        TwilioControl(calls.settings, calls.state) if calls.settings.twilio_account_sid else None
    )

    @router.post("/voice")
    async def voice(
        request: Request, form: Annotated[FormData, Depends(signed)], since: float | None = None
    ) -> Response:
        call_sid = str(form["CallSid"])
        # Who waits in the queue comes back with the time since when.
        if since is None and not await guards.may_call(str(form.get("From", ""))):
            calls.metrics.refused.labels("twilio", "rate").inc()
            return twiml(_busy())
        since = since or time.time()
        may_wait = time.time() - since < calls.settings.queue_secs
        if refusal := await calls.state.promise(call_sid, may_wait):
            if refusal == Refusal.FULL and may_wait:
                return twiml(_queue(request, calls.settings, since))
            calls.state.withdraw(call_sid)
            if refusal == Refusal.DRAINING:
                # A proxy then asks another worker; without one, nobody listens in a moment anyway.
                raise full(refusal)
            calls.metrics.refused.labels("twilio", refusal).inc()
            return twiml(_busy(calls.settings))
        return twiml(answer_with_agent(request, calls, call_sid, _parameters(form)))

    waiting: dict[asyncio.Task[TwilioStart], None] = {}

    async def read_start(websocket: WebSocket) -> TwilioStart:
        task = asyncio.create_task(read_twilio_start(websocket))
        waiting[task] = None
        if len(waiting) > MAX_WAITING:
            oldest = next(iter(waiting))
            del waiting[oldest]
            oldest.cancel()
        try:
            await asyncio.wait([task])
            if task.cancelled():
                raise TimeoutError
            return task.result()
        finally:
            task.cancel()
            waiting.pop(task, None)

    @router.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            start = await read_start(websocket)
            token = start.parameters.get("token", "")
            await calls.tokens.redeem(token, PURPOSE, now=time.time(), subject=start.call_sid)
        except (ValueError, TimeoutError, WebSocketDisconnect) as error:
            kinds: dict[type[Exception], str] = {InvalidToken: "token", TimeoutError: "slow"}
            if await guards.may_try(websocket):
                told = str(error) if isinstance(error, InvalidToken) else type(error).__name__
                logger.warning(f"refused a media stream: {told}")
            calls.metrics.refused.labels("twilio", kinds.get(type(error), "no_start")).inc()
            await _close(websocket)
            return
        await calls.run(
            create_transport("twilio", websocket=websocket, start=start),
            key=start.call_sid,
            call_id=start.call_sid,
            transport_kind="twilio",
            parameters={k: v for k, v in start.parameters.items() if k != "token"},
            base_url=public_url(websocket, calls.settings, ""),
            control=control,
            outbound=start.parameters.get("direction", "").startswith("outbound"),
        )

    @router.post("/status", status_code=204)
    async def status(form: Annotated[FormData, Depends(signed)]) -> None:
        said = str(form.get("CallStatus", ""))
        said = said if said in STATUSES else "unknown"
        calls.metrics.statuses.labels(said).inc()
        call_sid = str(form["CallSid"])
        logger.bind(call_id=call_sid).info(f"Twilio says: {said}")
        if said in OVER:
            calls.state.withdraw(call_sid)
            await calls.cancel_call(call_sid, reason=f"Twilio says: {said}")

    @router.post("/transferred")
    async def transferred(request: Request, form: Annotated[FormData, Depends(signed)]) -> Response:
        said = str(form.get("DialCallStatus", ""))
        response = VoiceResponse()
        call_sid = str(form["CallSid"])
        if said == "completed" or await calls.state.promise(call_sid):
            response.hangup()
            return twiml(response)
        # Nobody answered, so the caller is back; the agent is told why.
        parameters = {**_parameters(form), "transfer": said if said in OVER else "failed"}
        return twiml(answer_with_agent(request, calls, call_sid, parameters))

    @router.post("/whisper/{handoff_id}", dependencies=[Depends(signed)])
    async def whisper(handoff_id: str) -> Response:
        response = VoiceResponse()
        handoff = await calls.state.find(handoff_id)
        if handoff and handoff["summary"]:
            response.say(handoff["summary"])
        return twiml(response)

    @router.get("/handoffs/{handoff_id}", dependencies=[Depends(guards.start)])
    async def handoff(handoff_id: str) -> dict[str, Any]:
        found = await calls.state.find(handoff_id)
        if found is None:
            raise Refused(404, "no_handoff", "no such handoff, or too long ago")
        return found

    @router.post("/call", dependencies=[Depends(guards.start)])
    async def call_out(request: Request) -> dict[str, str]:
        body = await read_json(request, CallOut)
        if body is None:
            raise Refused(422, "malformed", 'send whom to call: {"to": "+49…"}')
        if control is None or not calls.settings.public_url:
            # What the request calls its host is the word of whoever asks: Twilio would follow the
            # orders of any server named there, with our account.
            needed = "calling out needs TWILIO_ACCOUNT_SID and ANTIPHON_PUBLIC_URL"
            raise Refused(503, "not_set_up", needed)
        key = uuid.uuid4().hex
        if refusal := await calls.state.promise(key):
            raise full(refusal)
        try:
            call_sid = await control.call(
                body.to,
                base_url=public_url(request, calls.settings, ""),
            )
        except NumberNotAllowed as error:
            raise Refused(403, "number", str(error)) from error
        except CallControlError as error:
            raise Refused(502, "provider", str(error)) from error
        finally:
            calls.state.withdraw(key)
        await calls.state.promise(call_sid)
        return {"call_sid": call_sid}

    return router


def _parameters(form: FormData) -> dict[str, str]:
    names = {"From": "from", "To": "to", "Direction": "direction"}
    return {to: str(form[name]) for name, to in names.items() if name in form}


def answer_with_agent(
    request: Request, calls: Calls, call_sid: str, parameters: dict[str, str]
) -> VoiceResponse:
    """Connect a call, whose place has been promised, with the agent.

    Args:
        request: The request that is answered.
        calls: Issues the token that the media stream has to bring.
        call_sid: The call.
        parameters: What the agent is told about the call.

    Returns:
        The TwiML.
    """
    url = public_url(request, calls.settings, "/twilio/stream").replace("http", "ws", 1)
    token = calls.tokens.issue(PURPOSE, call_sid, now=time.time())
    response = VoiceResponse()
    stream = Stream(url=url)
    for name, value in {**parameters, "token": token}.items():
        stream.parameter(name=name, value=value)
    connect = Connect()
    connect.append(stream)
    response.append(connect)
    return response


def twiml(response: VoiceResponse) -> Response:
    """Answer Twilio.

    Args:
        response: What it should do.

    Returns:
        The HTTP response.
    """
    return Response(str(response), media_type="application/xml")


def _busy(settings: ServerSettings | None = None) -> VoiceResponse:
    response = VoiceResponse()
    if settings and (settings.busy_message or settings.queue_secs):
        response.say(settings.busy_message or BUSY_MESSAGE)
        response.hangup()
    else:
        # Before the call is answered, so it costs nobody anything.
        response.reject(reason="busy")
    return response


def _queue(request: Request, settings: ServerSettings, since: float) -> VoiceResponse:
    response = VoiceResponse()
    response.say(settings.busy_message or BUSY_MESSAGE)
    response.pause(length=QUEUE_PAUSE_SECS)
    again = public_url(request, settings, "/twilio/voice")
    response.redirect(f"{again}?since={since:.0f}", method="POST")
    return response


async def _close(websocket: WebSocket) -> None:
    try:
        await websocket.close(REFUSED)
    except RuntimeError:
        logger.debug("the far end had closed the websocket already")
