"""The doors of Telnyx and Plivo let their callers in, one place each, and nobody else.

Who calls is a phone that was written from the vendors' documents, not from these doors.
"""

import asyncio
import base64
import hmac
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import aiohttp
import pytest
from aiohttp import web
from loguru import logger

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.server.doors.call_control import CallControlError
from antiphon.pipeline.server.doors.plivo import v3_signature
from antiphon.simulation.lines.phones import Vendor, open_stream
from antiphon.simulation.lines.plivo_stream import PlivoStream, sign_form
from antiphon.simulation.lines.telnyx_stream import TelnyxApi, TelnyxStream, new_keys, sign_webhook
from antiphon.simulation.lines.vendor_stream import VendorStream

KEY = {"Authorization": "Bearer key-of-the-test"}
PRIVATE, PUBLIC = new_keys()
PLIVO_TOKEN = "plivo-token-of-the-test"
AUTH_ID = "MATESTTESTTESTTESTTE"
VENDORS: list[Vendor] = ["telnyx", "plivo"]
NO_PLACE = {"telnyx": "reject USER_BUSY", "plivo": "it answers with: Hangup"}


class PlivoApi:
    """Plivo's Call resource."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.status = 204

    async def calls(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path, body))
        if request.method == "DELETE" or (body and "legs" in body):
            return web.Response(status=self.status)
        return web.json_response({"message": "call fired", "request_uuid": str(uuid.UUID(int=9))})


@dataclass
class Office:
    """A server with both doors, the vendors' APIs, and the phones that ring it."""

    server: Any
    telnyx: TelnyxApi
    plivo: PlivoApi
    phones: list[VendorStream] = field(default_factory=list)

    def phone(self, vendor: Vendor, number: int = 1, **call: Any) -> VendorStream:
        secret = PRIVATE if vendor == "telnyx" else PLIVO_TOKEN
        call_id = f"v3:call-{number}" if vendor == "telnyx" else str(uuid.UUID(int=number))
        options = {"auth_token": secret, "call_sid": call_id, **call}
        options.setdefault("from_number", f"+49301234{number:03}")
        url = f"{self.server.base}/{vendor}/voice"
        self.phones.append(open_stream(vendor, url, api=self.telnyx, **options))
        return self.phones[-1]

    async def calls(self, vendor: Vendor, number: int = 1) -> VendorStream:
        phone = self.phone(vendor, number)
        await phone.connect()
        return phone

    async def is_answered(self, phone: VendorStream) -> bool:
        """Whether the parrot answers a packet."""
        heard = _heard_bytes(phone)
        for _ in range(500):
            await phone.send(bytes(phone.codec.bytes_per_sec // 50))
            if _heard_bytes(phone) > heard:
                return True
            await asyncio.sleep(0.02)
        return False


def _heard_bytes(phone: VendorStream) -> int:
    return sum(len(piece.pcm) for piece in phone.heard())


@pytest.fixture
def office(serving: Any) -> Callable[..., AbstractAsyncContextManager[Office]]:
    @asynccontextmanager
    async def open_office(**settings: Any) -> AsyncIterator[Office]:
        telnyx, plivo = TelnyxApi(), PlivoApi()
        app = web.Application()
        app.router.add_route("*", f"/v1/Account/{AUTH_ID}/Call/{{rest:.*}}", plivo.calls)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        options = {
            "telnyx_api_key": "KEY-of-the-test",
            "telnyx_public_key": PUBLIC,
            "telnyx_api_url": await telnyx.open(),
            "telnyx_connection_id": "1240401930086254526",
            "telnyx_number": "+49301",
            "plivo_auth_id": AUTH_ID,
            "plivo_auth_token": PLIVO_TOKEN,
            "plivo_api_url": f"http://127.0.0.1:{runner.addresses[0][1]}/v1",
            "plivo_number": "+49302",
            "public_url": "own",
            "dial_prefixes": "+4930",
            **settings,
        }
        async with serving("telnyx", "plivo", **options) as server:
            opened = Office(server, telnyx, plivo)
            yield opened
            for phone in opened.phones:
                await phone.disconnect()
        await telnyx.close()
        await runner.cleanup()

    return open_office


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_call_is_answered_and_its_end_frees_the_place(office: Any, vendor: Vendor) -> None:
    async with office() as here:
        phone = await here.calls(vendor)
        assert await here.is_answered(phone)
        assert await here.server.metric("antiphon_calls_active") == 1
        await phone.disconnect()
        await here.server.metric_reaches("antiphon_calls_active", 0)
        assert await here.server.metric(
            f'antiphon_calls_total{{outcome="ended",transport="{vendor}"'
        )


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_agent_is_told_who_called(office: Any, vendor: Vendor) -> None:
    async with office() as here:
        phone = await here.calls(vendor, 7)
        assert await here.is_answered(phone)
        [call] = here.server.app.state.calls._running
    assert dict(call.parameters) == {
        "from": "+49301234007",
        "to": "+15550199999",
        "direction": "inbound",
    }


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_phone_whose_signature_is_anothers_is_refused(office: Any, vendor: Vendor) -> None:
    stranger = new_keys()[0] if vendor == "telnyx" else "another-token"
    async with office() as here:
        with pytest.raises(ConnectionError, match="HTTP 403"):
            await here.phone(vendor, auth_token=stranger).connect()
        with pytest.raises(ConnectionError, match="HTTP 403"):
            await here.phone(vendor, auth_token=None).connect()
        refused = f'antiphon_calls_refused_total{{reason="signature",transport="{vendor}"'
        assert await here.server.metric(refused) == 2


EVENT = {
    "event_type": "call.initiated",
    "payload": {"call_control_id": "v3:a", "direction": "incoming"},
}
BODY = json.dumps({"data": EVENT}).encode()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY + b" ", sign_webhook(BODY, PRIVATE, now=time.time())),
        (BODY, sign_webhook(BODY, PRIVATE, now=time.time() - 400)),
        (BODY, sign_webhook(BODY, PRIVATE, now=time.time() + 400)),
        (BODY, {**sign_webhook(BODY, PRIVATE, now=time.time()), "telnyx-timestamp": "now"}),
        (BODY, {**sign_webhook(BODY, PRIVATE, now=time.time()), "telnyx-timestamp": "9" * 5000}),
        (BODY, {**sign_webhook(BODY, PRIVATE, now=time.time()), "telnyx-timestamp": "9" * 4000}),
        (BODY, {"telnyx-timestamp": str(int(time.time())), "telnyx-signature-ed25519": "Zm9y"}),
        (BODY, {"telnyx-timestamp": str(int(time.time())), "telnyx-signature-ed25519": "ü"}),
        (BODY, {"telnyx-timestamp": str(int(time.time()))}),
        (BODY, {}),
    ],
)
async def test_a_telnyx_webhook_that_was_changed_or_is_old_is_refused(
    office: Any, body: bytes, headers: dict[str, str]
) -> None:
    async with office() as here:
        url = f"{here.server.base}/telnyx/voice"
        async with here.server.session.post(url, data=body, headers=headers) as response:
            assert response.status == 403
        assert here.telnyx.asked == []


def test_what_plivo_signs_is_what_its_own_sdk_puts_together() -> None:
    # By hand, as plivo.utils.signature_v3 of plivo-python 4 goes.
    assert v3_signature(
        "https://voice.example.com/plivo/voice",
        [("To", "4930"), ("From", "15550100000"), ("CallUUID", "a-b")],
        nonce="12345678901234567890",
        auth_token="token",
    ) == _signed("https://voice.example.com/plivo/voice?CallUUIDa-bFrom15550100000To4930")
    assert v3_signature(
        "https://voice.example.com/plivo/voice?since=5&a=%2B1",
        [("B", "2"), ("A", "y"), ("A", "x")],
        nonce="12345678901234567890",
        auth_token="token",
    ) == _signed("https://voice.example.com/plivo/voice?a=+1&since=5.AxAyB2")
    assert v3_signature(
        "https://voice.example.com/x", [], nonce="12345678901234567890", auth_token="token"
    ) == _signed("https://voice.example.com/x")


def _signed(address: str) -> str:
    signed = f"{address}.12345678901234567890".encode()
    return base64.b64encode(hmac.digest(b"token", signed, "sha256")).decode()


@pytest.mark.parametrize("header", ["X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"])
async def test_plivo_may_sign_with_any_of_several_tokens(office: Any, header: str) -> None:
    async with office() as here:
        url, form = f"{here.server.base}/plivo/voice", {"CallUUID": str(uuid.UUID(int=3))}
        signed = sign_form(url, form, PLIVO_TOKEN)
        headers = {
            header: f"Zm9yZ2Vk, {signed[header]}",
            "X-Plivo-Signature-V3-Nonce": signed["X-Plivo-Signature-V3-Nonce"],
        }
        async with here.server.session.post(url, data=form, headers=headers) as response:
            assert response.status == 200


@pytest.mark.parametrize("vendor", VENDORS)
async def test_when_full_the_next_caller_hears_the_busy_tone(office: Any, vendor: Vendor) -> None:
    async with office(capacity=1) as here:
        await here.calls(vendor, 1)
        with pytest.raises(ConnectionError, match=NO_PLACE[vendor]):
            await here.phone(vendor, 2).connect()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_number_that_calls_too_often_hears_the_busy_tone(
    office: Any, vendor: Vendor
) -> None:
    async with office(rate_per_caller="1/minute") as here:
        await here.calls(vendor, 1)
        again = here.phone(vendor, 2, from_number="+49301234001")
        with pytest.raises(ConnectionError, match=NO_PLACE[vendor]):
            await again.connect()


async def test_when_full_plivos_callers_can_wait_for_their_turn(office: Any) -> None:
    async with office(capacity=1, queue_secs=60, busy_message="Please hold.") as here:
        talking = await here.calls("plivo", 1)
        url, form = f"{here.server.base}/plivo/voice", {"CallUUID": str(uuid.UUID(int=2))}
        waits = await _asks(here, url, form)
        assert (waits[0].tag, waits[0].text) == ("Speak", "Please hold.")
        again = waits.findtext("Redirect")
        assert again is not None
        assert again.startswith(f"{url}?since=")
        await talking.disconnect()
        await here.server.metric_reaches("antiphon_calls_active", 0)
        assert (await _asks(here, again, form)).find("Stream") is not None


async def _asks(here: Office, url: str, form: dict[str, str]) -> ElementTree.Element:
    headers = sign_form(url, form, PLIVO_TOKEN)
    async with here.server.session.post(url, data=form, headers=headers) as response:
        assert response.status == 200
        return ElementTree.fromstring(await response.text())


@pytest.mark.parametrize("vendor", VENDORS)
async def test_while_draining_another_server_is_asked(office: Any, vendor: Vendor) -> None:
    async with office() as here:
        here.server.app.state.calls.state.close()
        with pytest.raises(ConnectionError, match="HTTP 503"):
            await here.phone(vendor).connect()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_stream_without_the_calls_token_is_refused(office: Any, vendor: Vendor) -> None:
    async with office() as here:
        phone = await here.calls(vendor)
        address = f"{here.server.base.replace('http', 'ws')}/{vendor}/stream"
        stolen = phone._opening()
        async with here.server.session.ws_connect(address) as websocket:
            for message in stolen:
                await websocket.send_json(message)
            closed = await websocket.receive()
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1008)


class TelnyxInOpus(TelnyxStream):
    """A line whose codec Telnyx could not change."""

    def _opening(self) -> list[dict[str, Any]]:
        connected, start = super()._opening()
        start["start"]["media_format"]["encoding"] = "OPUS"
        return [connected, start]


class PlivoInWav(PlivoStream):
    """A line in a format that nobody has documented."""

    def _opening(self) -> list[dict[str, Any]]:
        [start] = super()._opening()
        start["start"]["mediaFormat"]["encoding"] = "audio/x-wav"
        return [start]


@pytest.mark.parametrize(
    ("kind", "vendor", "named"),
    [(TelnyxInOpus, "telnyx", "OPUS"), (PlivoInWav, "plivo", "audio/x-wav")],
)
async def test_a_format_that_is_not_served_is_refused_by_name_and_the_call_ends(
    office: Any, kind: Any, vendor: str, named: str
) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    async with office() as here:
        options = {"api": here.telnyx} if vendor == "telnyx" else {}
        secret = PRIVATE if vendor == "telnyx" else PLIVO_TOKEN
        url = f"{here.server.base}/{vendor}/voice"
        phone = kind(url, auth_token=secret, **options)
        here.phones.append(phone)
        await phone.connect()
        await asyncio.wait_for(phone.ended.wait(), 5)
        refused = f'antiphon_calls_refused_total{{reason="format",transport="{vendor}"'
        await here.server.metric_reaches(refused, 1)
        await _hung_up(here, vendor)
        assert (await here.server.app.state.calls.state.status())["active"] == 0
    logger.remove(sink)
    assert len([line for line in lines if named in line]) == 1


async def _hung_up(here: Office, vendor: str) -> None:
    async with asyncio.timeout(5):
        while True:
            if vendor == "telnyx" and [action for action, *_ in here.telnyx.asked][-1] == "hangup":
                return
            if vendor == "plivo" and here.plivo.asked and here.plivo.asked[-1][0] == "DELETE":
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_when_the_agent_ends_the_call_the_vendor_is_told_to_hang_up(
    office: Any, vendor: Vendor
) -> None:
    async with office() as here:
        here.plivo.status = 404  # it was over already: as good
        phone = await here.calls(vendor)
        assert await here.is_answered(phone)
        [call] = here.server.app.state.calls._running
        await call.end()
        await asyncio.wait_for(phone.ended.wait(), 10)
        await _hung_up(here, vendor)


async def test_a_hang_up_before_the_stream_frees_the_place(office: Any) -> None:
    async with office(capacity=1) as here:
        phone = here.phone("telnyx", 1)
        assert isinstance(phone, TelnyxStream)
        payload = {"call_control_id": "v3:call-1", "direction": "incoming", "from": "+4930"}
        await phone.tell(here.server.session, "call.initiated", payload)
        await phone.tell(here.server.session, "call.hangup", {"call_control_id": "v3:call-1"})
        assert await here.is_answered(await here.calls("telnyx", 2))


async def test_a_call_whose_stream_telnyx_cannot_open_is_not_left_in_silence(office: Any) -> None:
    async with office(capacity=1) as here:
        phone = here.phone("telnyx", 1)
        assert isinstance(phone, TelnyxStream)
        payload = {"call_control_id": "v3:call-1", "direction": "incoming", "from": "+4930"}
        await phone.tell(here.server.session, "call.initiated", payload)
        failed = {"call_control_id": "v3:call-1", "failure_reason": "connection_failed"}
        await phone.tell(here.server.session, "streaming.failed", failed)
        assert [action for action, _, _ in here.telnyx.asked] == ["answer", "hangup"]
        assert await here.is_answered(await here.calls("telnyx", 2))


async def test_a_hang_up_during_the_call_ends_it(office: Any) -> None:
    async with office() as here:
        telnyx, plivo = await here.calls("telnyx", 1), await here.calls("plivo", 2)
        assert await here.is_answered(telnyx)
        assert await here.is_answered(plivo)
        assert isinstance(telnyx, TelnyxStream)
        await telnyx.tell(here.server.session, "call.hangup", {"call_control_id": "v3:call-1"})
        url, form = f"{here.server.base}/plivo/status", {"CallUUID": str(uuid.UUID(int=2))}
        async with here.server.session.post(
            url, data=form, headers=sign_form(url, form, PLIVO_TOKEN)
        ) as response:
            assert response.status == 204
        await here.server.metric_reaches("antiphon_calls_active", 0)


async def test_a_webhook_that_comes_twice_answers_once(office: Any) -> None:
    async with office(capacity=1) as here:
        phone = here.phone("telnyx", 1)
        assert isinstance(phone, TelnyxStream)
        payload = {"call_control_id": "v3:call-1", "direction": "incoming", "from": "+4930"}
        for _ in range(2):
            await phone.tell(here.server.session, "call.initiated", payload)
        commands = {(action, body["command_id"]) for action, _, body in here.telnyx.asked}
    assert [action for action, _ in commands] == ["answer"]


async def test_a_webhook_that_comes_again_to_another_server_of_one_state_answers_once(
    office: Any,
) -> None:
    async with office() as here, office() as there:
        there.server.app.state.calls.state = here.server.app.state.calls.state
        payload = {"call_control_id": "v3:call-1", "direction": "incoming", "from": "+4930"}
        for office_that_is_told in (here, there):
            phone = office_that_is_told.phone("telnyx", 1)
            await phone.tell(here.server.session, "call.initiated", payload)
        assert (len(here.telnyx.asked), len(there.telnyx.asked)) == (1, 0)


async def test_a_webhook_that_comes_again_during_the_call_neither_ends_it_nor_takes_a_place(
    office: Any,
) -> None:
    async with office(capacity=2, rate_per_caller="1/minute") as here:
        phone = await here.calls("telnyx", 1)
        assert isinstance(phone, TelnyxStream)
        payload = {"call_control_id": "v3:call-1", "direction": "incoming"}
        for number in ("+49301234001", "+49301234001", "+49301234002"):
            told = {**payload, "from": number}
            await phone.tell(here.server.session, "call.initiated", told)
        assert [action for action, _, _ in here.telnyx.asked] == ["answer"]
        assert await here.is_answered(await here.calls("telnyx", 2))


@pytest.mark.parametrize(
    "told",
    [
        {"call_control_id": "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg"},
        # As in Telnyx's examples.
        {"call_control_id": "v2:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQczRrZv=="},
        {"from": None, "to": None},
        {"from": "anonymous"},
    ],
)
async def test_telnyx_is_told_to_answer_whatever_the_id_and_the_number(
    office: Any, told: Any
) -> None:
    async with office() as here:
        phone = here.phone("telnyx", 1)
        payload = {"call_control_id": "v3:a", "direction": "incoming", "from": "+4930", **told}
        await phone.tell(here.server.session, "call.initiated", payload)
        [(action, call, body)] = here.telnyx.asked
        assert (action, call) == ("answer", payload["call_control_id"])
        phone = open_stream("telnyx", body["stream_url"], call_sid=call)
        assert isinstance(phone, TelnyxStream)
        phone._client_state = body["client_state"]
        here.phones.append(phone)
        await phone.connect()
        assert await here.is_answered(phone)


async def test_a_webhook_whose_command_failed_may_come_again(office: Any) -> None:
    async with office(telnyx_api_url="http://127.0.0.1:9/v2") as here:
        phone = here.phone("telnyx", 1)
        payload = {"call_control_id": "v3:call-1", "direction": "incoming", "from": "+4930"}
        for _ in range(2):
            with pytest.raises(ConnectionError, match="HTTP 502"):
                await phone.tell(here.server.session, "call.initiated", payload)


async def test_telnyx_calls_out_and_whoever_answers_talks_to_the_agent(office: Any) -> None:
    async with office() as here:
        url = f"{here.server.base}/telnyx/call"
        async with here.server.session.post(url, json={"to": "+49305"}, headers=KEY) as response:
            assert response.status == 422
        body = {"to": "+49305123456"}
        async with here.server.session.post(url, json=body, headers=KEY) as response:
            call_id = (await response.json())["call_control_id"]
        [(action, made, asked)] = here.telnyx.asked
        assert (action, made, asked["to"], asked["from"]) == (
            "dial",
            call_id,
            "+49305123456",
            "+49301",
        )
        phone = here.phone("telnyx", call_sid=call_id)
        assert isinstance(phone, TelnyxStream)
        payload = {"call_control_id": call_id, "from": "+49301", "to": "+49305123456"}
        states = {"client_state": asked["client_state"]}
        # A leg that somebody else made in the same application is none of ours.
        other = {**payload, "direction": "outgoing"}
        await phone.tell(here.server.session, "call.answered", other)
        assert len(here.telnyx.asked) == 1
        ours = {**other, **states}
        await phone.tell(here.server.session, "call.initiated", {**ours, "state": "bridging"})
        await phone.tell(here.server.session, "call.answered", ours)
        action, _, began = here.telnyx.asked[-1]
        assert action == "streaming_start"
        phone = open_stream("telnyx", began["stream_url"], call_sid=call_id)
        assert isinstance(phone, TelnyxStream)
        phone._client_state = began["client_state"]
        here.phones.append(phone)
        await phone.connect()
        assert await here.is_answered(phone)
        assert here.server.agent.called_out == [True]


async def test_plivo_calls_out_and_whoever_answers_talks_to_the_agent(office: Any) -> None:
    async with office(capacity=1) as here:
        url = f"{here.server.base}/plivo/call"
        body = {"to": "+49305123456"}
        async with here.server.session.post(url, json=body, headers=KEY) as response:
            request_id = (await response.json())["request_uuid"]
        [(method, path, asked)] = here.plivo.asked
        assert (method, path) == ("POST", f"/v1/Account/{AUTH_ID}/Call/")
        assert (asked["from"], asked["to"]) == ("49302", "49305123456")
        call = {"CallUUID": str(uuid.UUID(int=4)), "RequestUUID": request_id}
        form = {**call, "Direction": "outbound", "From": "49302", "To": "49305123456"}
        stream = (await _asks(here, asked["answer_url"], form)).find("Stream")
        assert stream is not None
        assert stream.text is not None
        phone = open_stream("plivo", stream.text, call_sid=call["CallUUID"])
        assert isinstance(phone, PlivoStream)
        phone._read(stream)
        here.phones.append(phone)
        await phone.connect()
        assert await here.is_answered(phone)
        assert here.server.agent.called_out == [True]


async def test_plivo_hands_a_caller_over_and_does_not_hang_up_on_them(office: Any) -> None:
    async with office() as here:
        here.plivo.status = 202
        phone = await here.calls("plivo", 1)
        assert await here.is_answered(phone)
        [call] = here.server.app.state.calls._running
        handoff = await call.control.transfer(
            call.id,
            "+493055555",
            base_url=call.base_url,
            summary="The bill is wrong.",
            parameters=call.parameters,
        )
        [(method, path, asked)] = here.plivo.asked
        assert (method, path) == ("POST", f"/v1/Account/{AUTH_ID}/Call/{call.id}/")
        assert (asked["legs"], asked["aleg_method"]) == ("aleg", "POST")
        form = {"CallUUID": call.id, "From": "49301234001", "To": "15550199999"}
        [dial] = await _asks(here, asked["aleg_url"], form)
        assert (dial.tag, dial.findtext("Number")) == ("Dial", "493055555")
        await phone.disconnect()  # Plivo leaves the stream for the new XML
        await here.server.metric_reaches("antiphon_calls_active", 0)
        assert len(here.plivo.asked) == 1
        url = f"{here.server.base}/plivo/handoffs/{handoff}"
        async with here.server.session.get(url, headers=KEY) as response:
            known = await response.json()
        assert (known["summary"], known["parameters"]["from"]) == (
            "The bill is wrong.",
            "+49301234001",
        )
        async with here.server.session.get(url) as response:
            assert response.status == 401
        answered = await _asks(here, dial.attrib["action"], {**form, "DialStatus": "completed"})
        assert [verb.tag for verb in answered] == ["Hangup"]
        back = await _asks(here, dial.attrib["action"], {**form, "DialStatus": "no-answer"})
        stream = back.find("Stream")
        assert stream is not None
        assert stream.text is not None
        again = open_stream("plivo", stream.text, call_sid=call.id)
        assert isinstance(again, PlivoStream)
        again._read(stream)
        here.phones.append(again)
        await again.connect()
        assert await here.is_answered(again)
        [call] = here.server.app.state.calls._running
        assert call.parameters["transfer"] == "no-answer"


async def test_a_transfer_that_plivo_does_not_make_leaves_the_call_as_it_was(office: Any) -> None:
    async with office() as here:
        phone = await here.calls("plivo", 1)
        assert await here.is_answered(phone)
        [call] = here.server.app.state.calls._running
        for to, status in (("+19005555", 202), ("+493055555", 500)):
            here.plivo.status = status
            with pytest.raises(CallControlError):
                await call.control.transfer(call.id, to, base_url=call.base_url)
        assert await here.is_answered(phone)
        here.plivo.status = 204
        await call.end()
        await _hung_up(here, "plivo")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("to", "status"), [("+1900123456", 403), ("sip:a@b", 422), ("../+4930", 422)]
)
async def test_nobody_is_called_who_may_not_be(
    office: Any, vendor: Vendor, to: str, status: int
) -> None:
    async with office() as here:
        url = f"{here.server.base}/{vendor}/call"
        async with here.server.session.post(url, json={"to": to}, headers=KEY) as response:
            assert response.status == status
        async with here.server.session.post(url, json={"to": to}) as response:
            assert response.status == 401
        assert (here.telnyx.asked, here.plivo.asked) == ([], [])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"telnyx_api_key": "k"}, "TELNYX_PUBLIC_KEY"),
        ({"telnyx_public_key": PUBLIC}, "TELNYX_API_KEY"),
        ({"telnyx_api_key": "k", "telnyx_public_key": "Zm9v"}, "is no public key"),
        ({"telnyx_api_key": "k", "telnyx_public_key": "ü"}, "is no public key"),
    ],
)
def test_a_door_that_lacks_a_key_is_told_at_the_start(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        create_app(VoiceAgent(), transports=["telnyx"], settings=ServerSettings(**settings))


def test_plivos_door_needs_the_token_that_signs() -> None:
    with pytest.raises(ValueError, match="PLIVO_AUTH_TOKEN"):
        create_app(VoiceAgent(), transports=["plivo"], settings=ServerSettings())


WRONG = [None, True, 0, -1, 1.5, 10**30, "", "x", "9" * 5000, "ü\0", [], {}]


async def test_no_field_of_a_telnyx_webhook_is_a_fault(office: Any) -> None:
    payload = {"call_control_id": "v3:a", "direction": "incoming", "from": "+4930", "to": "+49"}
    payload["client_state"] = "aGF2ZQ=="
    statuses: set[int] = set()

    async def tell(here: Office, body: Any) -> None:
        data = json.dumps(body).encode()
        url, headers = (
            f"{here.server.base}/telnyx/voice",
            sign_webhook(data, PRIVATE, now=time.time()),
        )
        async with here.server.session.post(url, data=data, headers=headers) as response:
            statuses.add(response.status)

    async with office(rate_per_caller="100000/minute", capacity=1000) as here:
        for event in ("call.initiated", "call.answered", "call.hangup", "no.such"):
            for name in payload:
                for wrong in WRONG:
                    spoiled = {"event_type": event, "payload": {**payload, name: wrong}}
                    await tell(here, {"data": spoiled})
                without = {key: value for key, value in payload.items() if key != name}
                await tell(here, {"data": {"event_type": event, "payload": without}})
        for wrong in WRONG:
            await tell(here, wrong)
            await tell(here, {"data": wrong})
            await tell(here, {"data": {"event_type": wrong, "payload": payload}})
            await tell(here, {"data": {"event_type": "call.initiated", "payload": wrong}})
        assert statuses <= {200, 400}
        assert await here.is_answered(await here.calls("telnyx", 5))


async def test_no_field_of_a_plivo_webhook_is_a_fault(office: Any) -> None:
    form = {"CallUUID": str(uuid.UUID(int=1)), "From": "4930", "To": "4931", "Direction": "inbound"}
    statuses: set[int] = set()

    async def tell(here: Office, path: str, fields: dict[str, str]) -> None:
        url = here.server.base + path
        headers = sign_form(url, fields, PLIVO_TOKEN)
        async with here.server.session.post(url, data=fields, headers=headers) as response:
            statuses.add(response.status)
            if response.content_type == "application/xml":
                ElementTree.fromstring(await response.text())

    async with office(rate_per_caller="100000/minute", capacity=1000) as here:
        for path in ("/plivo/voice", "/plivo/status"):
            for name in form:
                for wrong in WRONG:
                    await tell(here, path, {**form, name: str(wrong)})
                await tell(here, path, {k: v for k, v in form.items() if k != name})
            await tell(here, path, {})
        assert statuses <= {200, 204, 400, 415}
        assert await here.is_answered(await here.calls("plivo", 5))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_order_of_a_streams_messages_is_a_fault(office: Any, vendor: Vendor) -> None:
    async with office(rate_per_address="100000/minute") as here:
        phone = await here.calls(vendor, 1)
        address = f"{here.server.base.replace('http', 'ws')}/{vendor}/stream"
        told = [*phone._opening(), phone._media("//8=", 0), phone._key("5"), phone._mark("p1")]
        told += phone._closing()
        for order in list(itertools.permutations(told, 3))[:60]:
            async with here.server.session.ws_connect(address) as websocket:
                for message in [*order, "x", b"y", *order]:
                    if isinstance(message, dict):
                        await websocket.send_json(message)
                    elif isinstance(message, bytes):
                        await websocket.send_bytes(message)
                    else:
                        await websocket.send_str(message)
                await websocket.close()
        assert await here.is_answered(phone)
        assert await here.server.metric('antiphon_calls_refused_total{reason="fault"') == 0
