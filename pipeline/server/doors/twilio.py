"""Twilio's door: the webhook that answers a call, the media stream, and what follows."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from loguru import logger
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, Stream, VoiceResponse

from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.media_streams import MediaStreams, Verdict
from antiphon.pipeline.server.doors.signed_forms import SignedForms, answer_with_xml
from antiphon.pipeline.server.doors.twilio_control import TwilioControl
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.transports.telephony.twilio import read_twilio_start

__all__ = ["answer_with_agent", "twilio_router", "twiml"]

CALL_SID = "CA[0-9a-fA-F]{32}"

# https://www.twilio.com/docs/voice/api/call-resource#call-status-values
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
STATUSES = OVER | {"queued", "initiated", "ringing", "in-progress"}

# Between two attempts to get a place; after that a queued caller is told again to wait.
QUEUE_PAUSE_SECS = 10
BUSY_MESSAGE = "All lines are busy."


def _signed(calls: Calls, guards: Guards) -> SignedForms:
    token = calls.settings.twilio_auth_token
    if token is None:
        raise ValueError("the twilio transport needs TWILIO_AUTH_TOKEN to verify its requests")
    validator = RequestValidator(token.get_secret_value())

    def is_signed(request: Request, url: str, form: FormData) -> bool:
        signature = request.headers.get("x-twilio-signature", "")
        return signature.isascii() and bool(validator.validate(url, form, signature))

    return SignedForms(
        calls,
        guards,
        vendor="Twilio",
        is_signed=is_signed,
        id_field="CallSid",
        id_pattern=CALL_SID,
    )


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
    signed = _signed(calls, guards)
    streams = MediaStreams(calls, guards, kind="twilio", read_start=read_twilio_start)
    control = (
        TwilioControl(calls.settings, calls.state) if calls.settings.twilio_account_sid else None
    )

    def with_agent(request: Request, call_sid: str, parameters: dict[str, str]) -> Response:
        token = streams.token(call_sid)
        return twiml(answer_with_agent(request, calls, token, parameters))

    @router.post("/voice")
    async def voice(
        request: Request, form: Annotated[FormData, Depends(signed)], since: float | None = None
    ) -> Response:
        call_sid = str(form["CallSid"])
        match await streams.admit(call_sid, caller=str(form.get("From", "")), since=since):
            case Verdict.AGENT:
                return with_agent(request, call_sid, _parameters(form))
            case Verdict.QUEUE:
                return twiml(_queue(request, calls.settings, since or time.time()))
            case Verdict.BUSY:
                return twiml(_busy(calls.settings))
            case Verdict.TOO_OFTEN:
                return twiml(_busy())

    @router.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await streams.answer(websocket, control=control)

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
    async def transferred(
        request: Request, form: Annotated[FormData, Depends(signed)], handoff: str = ""
    ) -> Response:
        said = str(form.get("DialCallStatus", ""))
        response = VoiceResponse()
        call_sid = str(form["CallSid"])
        if said == "completed" or await calls.state.promise(call_sid):
            response.hangup()
            return twiml(response)
        # Nobody answered, so the caller is back; the agent is told why.
        parameters = {**_parameters(form), "transfer": said if said in OVER else "failed"}
        if handoff:
            parameters["handoff"] = handoff
        return with_agent(request, call_sid, parameters)

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
        call_sid = await streams.call_out(request, control, needs="TWILIO_ACCOUNT_SID")
        return {"call_sid": call_sid}

    return router


def _parameters(form: FormData) -> dict[str, str]:
    names = {"From": "from", "To": "to", "Direction": "direction"}
    return {to: str(form[name]) for name, to in names.items() if name in form}


def answer_with_agent(
    request: Request, calls: Calls, token: str, parameters: dict[str, str]
) -> VoiceResponse:
    """Connect a call, whose place has been promised, with the agent.

    Args:
        request: The request that is answered.
        calls: Has the settings.
        token: What the media stream has to bring.
        parameters: What the agent is told about the call.

    Returns:
        The TwiML.
    """
    url = public_url(request, calls.settings, "/twilio/stream").replace("http", "ws", 1)
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
    return answer_with_xml(str(response))


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
