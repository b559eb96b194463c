"""Every field of every vendor's messages left out, doubled, of another type, in another order."""

import base64
import itertools
import json
import random
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from loguru import logger

from antiphon.transports import create_transport
from antiphon.transports.telephony.media_stream import DropReason
from antiphon.transports.telephony.plivo import PLIVO, PlivoStart, read_plivo_start
from antiphon.transports.telephony.protocol import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.telnyx import TELNYX, TelnyxStart, read_telnyx_start
from antiphon.transports.telephony.twilio import TWILIO, TwilioStart, read_twilio_start

from .test_transport import ACCOUNT, CALL, STREAM, Caller

SOUND = base64.b64encode(b"\xff" * 160).decode()

# As the vendors' pages show them.
MESSAGES: dict[str, dict[str, dict[str, Any]]] = {
    "twilio": {
        "connected": {"event": "connected", "protocol": "Call", "version": "1.0.0"},
        "start": {
            "event": "start",
            "sequenceNumber": "1",
            "start": {
                "accountSid": ACCOUNT,
                "streamSid": STREAM,
                "callSid": CALL,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"FirstName": "Jane"},
            },
            "streamSid": STREAM,
        },
        "media": {
            "event": "media",
            "sequenceNumber": "3",
            "media": {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": SOUND},
            "streamSid": STREAM,
        },
        "dtmf": {
            "event": "dtmf",
            "streamSid": STREAM,
            "sequenceNumber": "5",
            "dtmf": {"track": "inbound_track", "digit": "1"},
        },
        "mark": {
            "event": "mark",
            "sequenceNumber": "4",
            "streamSid": STREAM,
            "mark": {"name": "my label"},
        },
        "stop": {
            "event": "stop",
            "sequenceNumber": "6",
            "streamSid": STREAM,
            "stop": {"accountSid": ACCOUNT, "callSid": CALL},
        },
    },
    "telnyx": {
        "connected": {"event": "connected", "version": "1.0.0"},
        "start": {
            "event": "start",
            "sequence_number": "1",
            "stream_id": "s-1",
            "start": {
                "user_id": "3E6F995F",
                "call_control_id": "v3:abc",
                "call_session_id": "ff55a038",
                "from": "+13122010094",
                "to": "+13122123456",
                "tags": ["TAG1"],
                "client_state": base64.b64encode(b'{"token": "t"}').decode(),
                "custom_parameters": {"customer_id": "customer_123"},
                "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
            },
        },
        "media": {
            "event": "media",
            "sequence_number": "4",
            "media": {"track": "inbound", "chunk": "2", "timestamp": "5", "payload": SOUND},
            "stream_id": "s-1",
        },
        "dtmf": {
            "event": "dtmf",
            "stream_id": "s-1",
            "occurred_at": "2024-07-12T14:24:51.000000Z",
            "sequence_number": "5",
            "dtmf": {"digit": "1"},
        },
        "mark": {
            "event": "mark",
            "sequence_number": "6",
            "stream_id": "s-1",
            "mark": {"name": "my label"},
        },
        "error": {
            "event": "error",
            "stream_id": "s-1",
            "payload": {"code": 100002, "title": "unknown_error", "detail": "Unknown error"},
        },
        "stop": {
            "event": "stop",
            "sequence_number": "7",
            "stream_id": "s-1",
            "stop": {"user_id": "3E6F995F", "call_control_id": "v3:abc"},
        },
    },
    "plivo": {
        "start": {
            "event": "start",
            "sequenceNumber": 1,
            "start": {
                "callId": "c-1",
                "streamId": "s-1",
                "accountId": "MAXXXXXXXXXXXXXXXXXX",
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
            },
            "extra_headers": "userId=12345;sessionId=abc-xyz",
        },
        "media": {
            "event": "media",
            "sequenceNumber": 42,
            "streamId": "s-1",
            "media": {
                "track": "inbound",
                "timestamp": "1705312200000",
                "chunk": 41,
                "payload": SOUND,
            },
            "extra_headers": "userId=12345",
        },
        "dtmf": {
            "event": "dtmf",
            "sequenceNumber": 43,
            "streamId": "s-1",
            "dtmf": {"track": "inbound", "digit": "5", "timestamp": "1705312200000"},
            "extra_headers": "",
        },
        "playedStream": {
            "event": "playedStream",
            "sequenceNumber": 44,
            "streamId": "s-1",
            "name": "customer greeting audio",
        },
        "clearedAudio": {"event": "clearedAudio", "sequenceNumber": 0, "streamId": "s-1"},
        "stop": {"event": "stop", "sequenceNumber": 45, "streamId": "s-1"},
    },
}
PROTOCOLS: dict[str, MediaStreamProtocol] = {"twilio": TWILIO, "telnyx": TELNYX, "plivo": PLIVO}
READ: dict[str, Any] = {
    "twilio": read_twilio_start,
    "telnyx": read_telnyx_start,
    "plivo": read_plivo_start,
}
TELNYX_SOUND = {"encoding": "PCMU", "sample_rate": 8000}
STARTS: dict[str, Any] = {
    "twilio": TwilioStart(stream_sid=STREAM, call_sid=CALL, account_sid=ACCOUNT),
    "telnyx": TelnyxStart(stream_id="s-1", call_control_id="v3:abc", media_format=TELNYX_SOUND),
    "plivo": PlivoStart(
        stream_id="s-1",
        call_id="c-1",
        media_format={"encoding": "audio/x-mulaw", "sampleRate": 8000},
    ),
}
WRONG: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "x", "9" * 5000, "ü\0", [], [[]], {}]
CASES = [(vendor, event) for vendor, messages in MESSAGES.items() for event in messages]
NUMBERS = itertools.count(100)


def spoiled(message: Mapping[str, Any]) -> Iterator[str]:
    """Each field of a message without it, with it twice, and as something else."""
    for path in _paths(message):
        yield _written(message, path, [])
        right = message
        for key in path:
            right = right[key]
        for wrong in WRONG:
            yield _written(message, path, [wrong])
            yield _written(message, path, [wrong, right])
            yield _written(message, path, [right, wrong])


def _paths(message: Mapping[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    for key, value in message.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, *above, key)


def _written(message: Mapping[str, Any], path: tuple[str, ...], values: list[Any]) -> str:
    """Write a message as JSON, in which the field of a path has each of the values."""
    fields = []
    for key, value in message.items():
        if key != path[0]:
            fields.append(f"{json.dumps(key)}: {json.dumps(value)}")
        elif path[1:]:
            fields.append(f"{json.dumps(key)}: {_written(value, path[1:], values)}")
        else:
            fields += [f"{json.dumps(key)}: {json.dumps(each)}" for each in values]
    return "{" + ", ".join(fields) + "}"


async def line(vendor: str) -> TelephonySerializer:
    """What reads a call's messages, at a time that goes on with each."""
    transport: Any = create_transport(
        vendor, websocket=await Caller().connect(), start=STARTS[vendor]
    )
    serializer: TelephonySerializer = transport._serializer
    serializer._time = lambda: float(next(NUMBERS))
    serializer._pace.allows(0.0, 0, now=0.0)
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=8000))  # type: ignore[arg-type]  # pyright: ignore
    return serializer


async def takes(serializer: TelephonySerializer, data: str | bytes) -> None:
    if (kept := serializer.filter_message(data)) is not None:
        await serializer.deserialize(kept)


async def hears(serializer: TelephonySerializer, vendor: str) -> int:
    """How much of ten packets that follow is heard."""
    heard: list[bytes] = []
    serializer.on_audio = heard.append
    protocol = PROTOCOLS[vendor]
    for number in range(10**6, 10**6 + 12):
        message = {**MESSAGES[vendor]["media"], protocol.sequence_key: str(number)}
        await takes(serializer, json.dumps(message))
    return sum(len(each) for each in heard) // 320


@pytest.mark.parametrize(("vendor", "event"), CASES)
async def test_no_field_of_any_message_ends_a_call(vendor: str, event: str) -> None:
    serializer = await line(vendor)
    texts = list(spoiled(MESSAGES[vendor][event]))
    for data in texts:
        await takes(serializer, data)
    assert len(texts) > 40
    assert sum(serializer.dropped.values()) <= len(texts)
    # The first is the jump that the second has to confirm, and the window of the VAD is longer.
    assert await hears(serializer, vendor) >= 7


@pytest.mark.parametrize(
    ("vendor", "event"), [case for case in CASES if case[1] in ("media", "dtmf")]
)
async def test_sound_and_keys_that_are_none_are_dropped_and_counted(
    vendor: str, event: str
) -> None:
    key = "payload" if event == "media" else "digit"
    reason = DropReason.BAD_PAYLOAD if event == "media" else DropReason.BAD_DIGIT
    wrong = [value for value in WRONG if value != "9" * 5000]
    serializer = await line(vendor)
    for value in wrong:
        await takes(serializer, _written(MESSAGES[vendor][event], (event, key), [value]))
    await takes(serializer, _written(MESSAGES[vendor][event], (event, key), []))
    await takes(serializer, _written(MESSAGES[vendor][event], (event,), []))
    assert serializer.dropped == {reason: len(wrong) + 2}


async def test_what_telnyx_could_not_use_is_told_and_a_flood_of_it_is_not() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    serializer = await line("telnyx")
    for _ in range(50):
        await takes(serializer, json.dumps(MESSAGES["telnyx"]["error"]))
    logger.remove(sink)
    assert [each.split(":")[0] for each in lines] == [
        "1 error(s) told by the far end, the last",
        "10 error(s) told by the far end, the last",
    ]
    assert "100002" in lines[0]
    assert serializer.dropped == {}


@pytest.mark.parametrize("vendor", PROTOCOLS)
async def test_no_order_of_messages_ends_a_call(vendor: str) -> None:
    texts = [json.dumps(message) for message in MESSAGES[vendor].values()]
    shuffled = random.Random(1)
    for _ in range(50):
        serializer = await line(vendor)
        for text in shuffled.sample(texts * 3, 12):
            await takes(serializer, text)
        assert await hears(serializer, vendor) >= 7


@pytest.mark.parametrize("vendor", PROTOCOLS)
async def test_a_start_with_a_spoiled_field_is_a_start_or_refused(vendor: str) -> None:
    made = refused = 0
    told: list[str] = []
    errors: list[str] = []
    sink = logger.add(errors.append, level="ERROR")
    for data in spoiled(MESSAGES[vendor]["start"]):
        caller = Caller()
        websocket = await caller.connect()
        caller.says(data)
        caller.hangs_up()
        try:
            start = await READ[vendor](websocket)
            create_transport(vendor, websocket=websocket, start=start)
            made += 1
        except ValueError as error:
            refused += 1
            told.append(str(error))
    logger.remove(sink)
    assert made > 50
    assert refused > 50
    assert max(map(len, told)) < 300
    assert errors == []


@pytest.mark.parametrize("vendor", PROTOCOLS)
async def test_a_stream_that_begins_with_anything_else_is_refused(vendor: str) -> None:
    for event, message in MESSAGES[vendor].items():
        if event == "start":
            continue
        caller = Caller()
        websocket = await caller.connect()
        caller.says(*[message] * 8)
        with pytest.raises(ValueError, match="no start message"):
            await READ[vendor](websocket)
