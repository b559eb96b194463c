"""Whatever a stranger sends to a door is refused and counted, and nothing is raised."""

import asyncio
import json
import logging
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI, WebSocket
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from loguru import logger
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from antiphon.pipeline.server import ServerSettings, create_app

TOKEN = "0123456789abcdef0123456789abcdef"
KEY = b"a-key-that-is-long-enough"
FORM = b"application/x-www-form-urlencoded"
FILE = (
    b'--b\r\nContent-Disposition: form-data; name="CallSid"; filename="x"\r\n'
    b"Content-Type: text/plain\r\n\r\nCA\r\n--b--\r\n"
)


class Nobody:
    """An agent that is never reached."""

    def worker(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


@dataclass
class Doors:
    """All doors, and what is said at them."""

    app: FastAPI
    errors: list[str] = field(default_factory=list)
    answer: bytes = b""

    def refused(self) -> dict[tuple[str, str], float]:
        [metric] = self.app.state.calls.metrics.refused.collect()
        return {
            (sample.labels["transport"], sample.labels["reason"]): sample.value
            for sample in metric.samples
            if sample.name.endswith("_total")
        }

    async def ask(
        self,
        path: str,
        body: bytes = b"",
        *,
        method: str = "POST",
        query: bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
        kind: bytes | None = FORM,
        **named: bytes,
    ) -> int:
        """Send a request, and tell its status."""
        headers = [*(headers or []), *((k.replace("_", "-").encode(), v) for k, v in named.items())]
        if kind is not None:
            headers.append((b"content-type", kind))
        messages: Iterator[Any] = iter(
            [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        )
        answers: list[Any] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            answers.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(errors="surrogateescape"),
            "root_path": "",
            "query_string": query,
            "headers": headers,
            "client": ("192.0.2.1", 5),
            "server": ("127.0.0.1", 80),
        }
        await self.app(scope, receive, send)
        self.answer = b"".join(each.get("body", b"") for each in answers)
        status: int = answers[0]["status"]
        return status


@pytest.fixture
def doors(tmp_path: Any, monkeypatch: Any) -> Iterator[Doors]:
    monkeypatch.chdir(tmp_path)
    yield from _doors()


def _doors(**options: Any) -> Iterator[Doors]:
    limits = ServerSettings(
        twilio_auth_token=TOKEN,  # type: ignore[arg-type]
        twilio_account_sid="AC" + "0" * 32,
        daily_api_key="daily",  # type: ignore[arg-type]
        daily_api_url="http://127.0.0.1:9",
        public_url="https://voice.example.com",
        api_keys=KEY.decode(),  # type: ignore[arg-type]
        **{"rate_per_address": "1000000/minute", "max_body_bytes": 65_536, **options},
    )
    doors = Doors(
        create_app(Nobody(), transports=["twilio", "websocket", "daily"], settings=limits)
    )

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            doors.errors.append(record.getMessage())

    ours = logger.add(lambda message: doors.errors.append(str(message)), level="ERROR")
    theirs = Told(logging.WARNING)
    logging.getLogger().addHandler(theirs)
    yield doors
    logger.remove(ours)
    logging.getLogger().removeHandler(theirs)


UNSIGNED: dict[str, tuple[bytes, bytes | None]] = {
    "a file part": (FILE, b"multipart/form-data; boundary=b"),
    "a part without an end": (FILE[:40], b"multipart/form-data; boundary=b"),
    "parts without a boundary": (FILE, b"multipart/form-data"),
    "no kind": (b"CallSid=CA", None),
    "no body": (b"", FORM),
    "json": (b"{}", b"application/json"),
    "another charset": ("CallSid=CA".encode("utf-16"), FORM + b"; charset=utf-16"),
    "a charset that is none": (b"CallSid=CA", FORM + b"; charset=\xff"),
    "many fields": (b"a=&" * 20_000, FORM),
    "many names": (b"&".join(b"%d=1" % n for n in range(9000)), FORM),
    "one field twice": (b"CallSid=CA&CallSid=CB", FORM),
    "broken escapes": (b"CallSid=%&From=%zz&To=%e", FORM),
    "not utf-8": (b"CallSid=%ff%fe&\xff=\xfe", FORM),
    "only separators": (b"&;=&&=;", FORM),
}


@pytest.mark.parametrize("door", ["voice", "status", "transferred", "whisper/x"])
@pytest.mark.parametrize("what", UNSIGNED)
async def test_what_twilio_has_not_signed_is_refused_and_counted(
    doors: Doors, door: str, what: str
) -> None:
    body, kind = UNSIGNED[what]
    status = await doors.ask(f"/twilio/{door}", body, kind=kind)
    assert status in (400, 403, 415)
    assert sum(doors.refused().values()) == 1
    assert doors.errors == []


@pytest.mark.parametrize("what", UNSIGNED)
async def test_what_twilio_has_not_signed_counts_for_its_address(what: str, tmp_path: Any) -> None:
    [doors] = list(_doors(rate_per_address="2/minute"))
    body, kind = UNSIGNED[what]
    statuses = [await doors.ask("/twilio/voice", body, kind=kind) for _ in range(3)]
    assert statuses[2] == 429
    assert doors.refused()["twilio", "rate"] == 1


async def test_a_form_that_twilio_has_signed_is_taken_as_it_was_signed(doors: Doors) -> None:
    body = "CallSid=CA" + "0" * 32 + "&CallerName=Zo%C3%AB+B&SipHeader_X=1&SipHeader_X=2&Empty="
    fields = {"CallSid": "CA" + "0" * 32, "CallerName": "Zoë B", "SipHeader_X": "12", "Empty": ""}
    signed = RequestValidator(TOKEN).compute_signature(
        "https://voice.example.com/twilio/status",
        {**fields, "SipHeader_X": "1SipHeader_X2"},
    )
    status = await doors.ask("/twilio/status", body.encode(), x_twilio_signature=signed.encode())
    assert status == 204
    assert doors.refused() == {}


# As Twilio documents it, "Twilio's request to your application" of TwiML for voice.
CALL: dict[str, str] = {
    "CallSid": "CA" + "0" * 32,
    "AccountSid": "AC" + "0" * 32,
    "From": "+4930",
    "To": "+4931",
    "CallStatus": "ringing",
    "ApiVersion": "2010-04-01",
    "Direction": "inbound",
    "ForwardedFrom": "+4932",
    "CallerName": "Jane",
    "ParentCallSid": "CA" + "1" * 32,
    "DialCallStatus": "busy",
}
WRONG = ["", "0", "-1", "None", "[]", "9" * 5000, "<Say>&\x01", "\x00", "a\r\nb", "\uffff", "ü😀"]


@pytest.mark.parametrize("door", ["voice", "status", "transferred", "whisper/x"])
async def test_no_field_of_a_form_that_twilio_has_signed_is_a_fault(
    doors: Doors, door: str
) -> None:
    forms: list[list[tuple[str, Any]]] = [[], [*reversed(CALL.items())]]
    for name in CALL:
        forms.append([(each, value) for each, value in CALL.items() if each != name])
        for wrong in WRONG:
            forms.append([*{**CALL, name: wrong}.items()])
            forms.append([*CALL.items(), (name, wrong)])
            forms.append([(name, wrong), *CALL.items()])
    validator = RequestValidator(TOKEN)
    statuses: set[int] = set()
    for form in forms:
        url = f"https://voice.example.com/twilio/{door}"
        signed = validator.compute_signature(url, FormData(form)).encode()
        body = urlencode(form).encode()
        statuses.add(await doors.ask(f"/twilio/{door}", body, x_twilio_signature=signed))
        if doors.answer.startswith(b"<?xml"):
            ElementTree.fromstring(doors.answer)
    assert statuses == {204 if door == "status" else 200, 400}
    assert doors.errors == []


MALFORMED: dict[str, bytes] = {
    "a number that is none": b'{"to": NaN, "dial_out_to": NaN}',
    "an endless number": b'{"to": Infinity, "parameters": -Infinity}',
    "deep nesting": b"[" * 30_000,
    "deep objects": b'{"to":' * 9000,
    "a wrong type": b'{"to": [1], "parameters": 5}',
    "half a surrogate": b'{"to": "\\ud800", "parameters": {"\\ud800": "\\udfff"}}',
    "a field twice": b'{"to": 1, "to": NaN, "dial_out_to": 2}',
    "a huge number": b'{"to": ' + b"9" * 6000 + b', "dial_out_to": 1' + b"0" * 6000 + b"}",
    "not utf-8": b'{"to": "\xff"}',
    "nothing like it": b"\x00",
    "a list": b"[]",
    "null": b"null",
    "many errors": json.dumps({"parameters": {str(n): n for n in range(4000)}, "to": 0}).encode(),
}


@pytest.mark.parametrize("path", ["/twilio/call", "/daily/start"])
@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_order_is_refused_and_counted(doors: Doors, path: str, what: str) -> None:
    statuses = [
        await doors.ask(path, MALFORMED[what], kind=kind, authorization=b"Bearer " + KEY)
        for kind in (b"application/json", b"text/plain", None)
    ]
    assert statuses == [422, 415, 415]
    assert sum(doors.refused().values()) == 3
    assert doors.errors == []


async def test_an_order_of_a_stranger_is_not_read(doors: Doors) -> None:
    for path in ("/twilio/call", "/daily/start", "/websocket/start"):
        assert await doors.ask(path, b'{"to": NaN}', kind=b"application/json") == 401
    assert {reason for _, reason in doors.refused()} == {"key"}


@pytest.mark.parametrize(
    "host", [b"[", b"a:99999", b"a:b", b"a/b?c", b"a@b", b"\xff", b"[::1", b"a b"]
)
async def test_a_host_that_is_none_is_refused(doors: Doors, host: bytes) -> None:
    for path in ("/twilio/voice", "/websocket/start"):
        assert await doors.ask(path, host=host, authorization=b"Bearer " + KEY) == 400
    assert doors.refused() == {("twilio", "malformed"): 1, ("websocket", "malformed"): 1}


@pytest.mark.parametrize("origin", [b"http://[", b"http://a:b:c", b"\xff", b"null", b""])
async def test_an_origin_that_is_none_is_refused(doors: Doors, origin: bytes) -> None:
    status = await doors.ask("/websocket/start", origin=origin, authorization=b"Bearer " + KEY)
    assert status == 403


async def test_a_body_that_never_ends_is_cut_off(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.pipeline.server.access.bodies.BODY_SECS", 0.01)
    answers: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": "/twilio/voice", "headers": []}
    await doors.app(scope, receive, send)
    assert answers[0]["status"] == 408
    assert doors.refused() == {("twilio", "slow"): 1}


async def test_who_leaves_in_the_middle_of_a_request_is_counted(doors: Doors) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None: ...

    scope = {"type": "http", "method": "POST", "path": "/daily/start", "headers": []}
    await doors.app(scope, receive, send)
    assert doors.refused() == {("daily", "left"): 1}
    assert doors.errors == []


async def test_a_path_that_is_none_is_refused_and_counted(doors: Doors) -> None:
    assert await doors.ask("/wp-admin") == 404
    assert await doors.ask("/twilio/voice", method="GET") == 405
    assert doors.refused() == {("other", "no_such_path"): 1, ("twilio", "no_such_path"): 1}


async def test_a_bug_of_ours_is_a_500_and_one_line_without_its_text(doors: Doors) -> None:
    @doors.app.get("/twilio/bug")
    async def bug() -> None:
        raise LookupError("my card is 4539 1488 0343 6467")

    assert await doors.ask("/twilio/bug", method="GET") == 500
    assert doors.refused() == {("twilio", "fault"): 1}
    [line] = doors.errors
    assert len(line.splitlines()) == 1
    assert "4539" not in line


PATHS = st.sampled_from(
    [
        "/twilio/voice",
        "/twilio/status",
        "/twilio/transferred",
        "/twilio/whisper/\x00",
        "/twilio/handoffs/é",
        "/twilio/call",
        "/daily/start",
        "/websocket/start",
        "/websocket",
        "//",
        "/twilio/../healthz",
    ]
)
KINDS = st.sampled_from(
    [FORM, b"application/json", b"multipart/form-data; boundary=b", b"text/plain", b"\xff", None]
)
PIECES = st.sampled_from(
    [
        b"CallSid=CA",
        b"&",
        b"=",
        b"%",
        b"%ff",
        b"{",
        b"[",
        b'"',
        b"NaN",
        b"\\ud800",
        b":",
        FILE,
        b"1e999",
    ]
)
BODIES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=12).map(b"".join))
NAMES = st.sampled_from(
    [
        b"host",
        b"origin",
        b"authorization",
        b"x-twilio-signature",
        b"content-length",
        b"x-forwarded-for",
    ]
)
VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"Bearer x", b"Bearer a.b", b"Bearer \xc3\xa9.\xff", b"9" * 5000, b"[::", b"-1"]
    ),
)


@given(
    path=PATHS,
    body=BODIES,
    kind=KINDS,
    query=st.one_of(st.just(b""), st.just(b"since=nan"), st.binary(max_size=30)),
    method=st.sampled_from(["POST", "POST", "POST", "PUT", "HEAD", "OPTIONS", "BREW"]),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4),
)
@example(
    path="/twilio/voice",
    body=FILE,
    kind=b"multipart/form-data; boundary=b",
    query=b"",
    method="POST",
    headers=[],
)
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_request_of_a_stranger_gets_in_or_raises(doors: Doors, **request: Any) -> None:
    before = sum(doors.refused().values())
    status = asyncio.run(doors.ask(**request))
    assert 400 <= status < 500
    assert sum(doors.refused().values()) == before + 1
    assert doors.errors == []


async def test_a_websocket_that_leads_nowhere_is_counted(doors: Doors) -> None:
    answers: list[Any] = []

    async def comes() -> Any:
        return {"type": "websocket.connect"}

    async def told(message: Any) -> None:
        answers.append(message)

    await doors.app({"type": "websocket", "path": "/twilio/x", "headers": []}, comes, told)
    assert [answer["type"] for answer in answers] == ["websocket.close"]
    assert doors.refused() == {("twilio", "no_such_path"): 1}


async def test_a_bug_at_a_websocket_closes_it_and_is_counted(doors: Doors) -> None:
    @doors.app.websocket("/twilio/bug")
    async def bug(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        raise LookupError("my card is 4539 1488 0343 6467")

    answers: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "websocket", "path": "/twilio/bug", "headers": [], "subprotocols": []}
    await doors.app({**scope, "query_string": b""}, receive, send)
    assert [answer["type"] for answer in answers][-2:] == ["websocket.send", "websocket.close"]
    assert answers[-1]["code"] == 1011
    assert doors.refused() == {("twilio", "fault"): 1}
    assert "4539" not in "".join(doors.errors)
