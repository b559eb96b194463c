"""Plivo's door: the webhook that answers a call with XML, the media stream, and the end.

A webhook is signed with HMAC-SHA256 over its address, its fields and a nonce ("Signature
validation", plivo.com/docs/voice/concepts/signature-validation, read 2026-11; where the page is
silent, as `plivo.utils.validate_v3_signature` of Plivo's Python SDK reads it).
"""

import base64
import hmac
import time
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request, Response, WebSocket
from loguru import logger
from starlette.datastructures import FormData

from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.call_control import RING_SECS, CallControlError
from antiphon.pipeline.server.doors.media_streams import MediaStreams, Verdict
from antiphon.pipeline.server.doors.plivo_control import CALL_UUID, PlivoControl
from antiphon.pipeline.server.doors.signed_forms import SignedForms, answer_with_xml
from antiphon.transports.telephony.plivo import extra_headers, read_plivo_start

__all__ = ["plivo_router", "v3_signature"]

# Said to a caller who waits or is turned away, unless `ANTIPHON_BUSY_MESSAGE` says something else.
BUSY_MESSAGE = "All lines are busy."
QUEUE_PAUSE_SECS = 10

# "Dial" of plivo.com/docs/voice/xml, read 2026-11.
UNANSWERED = frozenset({"busy", "failed", "cancel", "timeout", "no-answer"})

CONTENT_TYPE = "audio/x-mulaw;rate=8000"


def _signed(calls: Calls, guards: Guards) -> SignedForms:
    secret = calls.settings.plivo_auth_token
    if secret is None:
        raise ValueError("the plivo transport needs PLIVO_AUTH_TOKEN to verify its requests")
    token = secret.get_secret_value()

    def is_signed(request: Request, url: str, form: FormData) -> bool:
        nonce = request.headers.get("x-plivo-signature-v3-nonce", "")
        # With several tokens there are several signatures; the second is the main account's.
        given = ",".join(
            request.headers.get(name, "")
            for name in ("x-plivo-signature-v3", "x-plivo-signature-ma-v3")
        )
        wanted = v3_signature(url, form.multi_items(), nonce=nonce, auth_token=token)
        return (
            bool(nonce)
            and sum(
                hmac.compare_digest(each.strip().encode(), wanted.encode())
                for each in given.split(",")
            )
            > 0
        )

    return SignedForms(
        calls,
        guards,
        vendor="Plivo",
        is_signed=is_signed,
        id_field="CallUUID",
        id_pattern=CALL_UUID,
    )


def plivo_router(calls: Calls, guards: Guards) -> APIRouter:
    """Make Plivo's door.

    Args:
        calls: Runs the calls.
        guards: Limits who calls.

    Returns:
        The routes under `/plivo`.

    Raises:
        ValueError: If `PLIVO_AUTH_TOKEN` is not set.
    """
    router = APIRouter(prefix="/plivo")
    signed = _signed(calls, guards)
    settings = calls.settings
    control = PlivoControl(settings, calls.state) if settings.plivo_auth_id else None

    async def hang_up(call_id: str) -> None:
        # The stream was all that the call had to do; this is for an XML of one's own after it.
        if control is None:
            return
        try:
            await control.end(call_id)
        except CallControlError as error:
            logger.bind(call_id=call_id).warning(str(error))

    streams = MediaStreams(
        calls, guards, kind="plivo", read_start=read_plivo_start, hang_up=hang_up
    )

    def with_agent(request: Request, form: FormData, **more: str) -> Response:
        parameters = {
            "from": _number(str(form.get("From", ""))),
            "to": _number(str(form.get("To", ""))),
            "direction": "outbound" if form.get("Direction") == "outbound" else "inbound",
            **more,
        }
        stream = {
            "bidirectional": "true",
            "keepCallAlive": "true",
            "contentType": CONTENT_TYPE,
            "extraHeaders": extra_headers(parameters, token=streams.token(str(form["CallUUID"]))),
        }
        url = public_url(request, settings, "/plivo/stream").replace("http", "ws", 1)
        return _xml(("Stream", stream, url))

    @router.post("/voice")
    async def voice(
        request: Request, form: Annotated[FormData, Depends(signed)], since: float | None = None
    ) -> Response:
        call_id = str(form["CallUUID"])
        caller = _number(str(form.get("From", "")))
        is_outbound = form.get("Direction") == "outbound"
        if is_outbound:
            # The place was promised to the request, when nobody knew the call's own id.
            calls.state.withdraw(str(form.get("RequestUUID", "")))
        verdict = await streams.admit(call_id, caller="" if is_outbound else caller, since=since)
        if verdict is Verdict.AGENT:
            return with_agent(request, form)
        message = settings.busy_message or BUSY_MESSAGE
        if verdict is Verdict.QUEUE:
            again = public_url(request, settings, "/plivo/voice")
            return _xml(
                ("Speak", {}, message),
                ("Wait", {"length": str(QUEUE_PAUSE_SECS)}, ""),
                ("Redirect", {"method": "POST"}, f"{again}?since={since or time.time():.0f}"),
            )
        if verdict is Verdict.BUSY and (settings.busy_message or settings.queue_secs):
            return _xml(("Speak", {}, message), ("Hangup", {}, ""))
        # Before the call is answered, so it costs nobody anything.
        return _xml(("Hangup", {"reason": "busy"}, ""))

    @router.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await streams.answer(websocket, control=control)

    @router.post("/status", status_code=204)
    async def status(form: Annotated[FormData, Depends(signed)]) -> None:
        # The hangup URL: whatever else it says, the call is over.
        call_id = str(form["CallUUID"])
        for promised in (call_id, str(form.get("RequestUUID", ""))):
            calls.state.withdraw(promised)
        await calls.cancel_call(call_id, reason="Plivo says: hung up")

    @router.post("/transfer/{handoff_id}", dependencies=[Depends(signed)])
    async def transfer(request: Request, handoff_id: str) -> Response:
        handoff = await calls.state.find(handoff_id)
        if handoff is None or "to" not in handoff:
            return _xml(("Hangup", {}, ""))
        response = ElementTree.Element("Response")
        action = public_url(request, settings, "/plivo/transferred")
        about = {"action": action, "method": "POST", "timeout": str(RING_SECS)}
        dial = ElementTree.SubElement(response, "Dial", about)
        ElementTree.SubElement(dial, "Number").text = handoff["to"].removeprefix("+")
        return _answer(response)

    @router.post("/transferred")
    async def transferred(request: Request, form: Annotated[FormData, Depends(signed)]) -> Response:
        said = str(form.get("DialStatus", ""))
        if said == "completed" or await calls.state.promise(str(form["CallUUID"])):
            return _xml(("Hangup", {}, ""))
        # Nobody answered, so the caller is back; the agent is told why.
        return with_agent(request, form, transfer=said if said in UNANSWERED else "failed")

    @router.get("/handoffs/{handoff_id}", dependencies=[Depends(guards.start)])
    async def handoff(handoff_id: str) -> dict[str, Any]:
        found = await calls.state.find(handoff_id)
        if found is None:
            raise Refused(404, "no_handoff", "no such handoff, or too long ago")
        return found

    @router.post("/call", dependencies=[Depends(guards.start)])
    async def call_out(request: Request) -> dict[str, str]:
        needs = "PLIVO_AUTH_ID, PLIVO_NUMBER"
        return {"request_uuid": await streams.call_out(request, control, needs=needs)}

    return router


def v3_signature(
    url: str, fields: Iterable[tuple[str, object]], *, nonce: str, auth_token: str
) -> str:
    """Sign a POST request as Plivo does.

    Args:
        url: The address that Plivo was given.
        fields: The form.
        nonce: The nonce beside the signature.
        auth_token: The account's token.

    Returns:
        The signature.
    """
    parts = urlsplit(url)
    query = "&".join(
        f"{name}={value}"
        for name, values in _sorted(parse_qsl(parts.query, keep_blank_values=True))
        for value in values
    )
    form = "".join(f"{name}{value}" for name, values in _sorted(fields) for value in values)
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if query or form:
        address += f"?{query}"
    if query and form:
        address += "."
    signed = f"{address}{form}.{nonce}"
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha256")).decode()


def _sorted(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, list[str]]]:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        values[name].append(str(value))
    return [(name, sorted(values[name])) for name in sorted(values)]


def _number(number: str) -> str:
    """Write a number in E.164, whose plus Plivo leaves out."""
    return f"+{number}" if number.isascii() and number.isdigit() else number


def _xml(*elements: tuple[str, dict[str, str], str]) -> Response:
    response = ElementTree.Element("Response")
    for tag, attributes, text in elements:
        ElementTree.SubElement(response, tag, attributes).text = text or None
    return _answer(response)


def _answer(response: ElementTree.Element) -> Response:
    return answer_with_xml(ElementTree.tostring(response, encoding="unicode", xml_declaration=True))
