"""Each vendor's sound is heard as the stream says that it is encoded, and answered so."""

import base64
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.serializers.plivo import PlivoFrameSerializer

from antiphon.transports import create_transport
from antiphon.transports.telephony.line_format import UnservedFormat
from antiphon.transports.telephony.media_stream import DropReason
from antiphon.transports.telephony.plivo import PLIVO, PlivoStart
from antiphon.transports.telephony.protocol import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.telnyx import TELNYX, TelnyxStart
from antiphon.transports.telephony.twilio import TWILIO, TwilioStart

from .test_transport import Caller, call

MULAW = {"encoding": "audio/x-mulaw", "sampleRate": 8000}
L16_8K = {"encoding": "audio/x-l16", "sampleRate": 8000}
L16_16K = {"encoding": "audio/x-l16", "sampleRate": 16_000}


def tone(rate_hz: int, *, ms: int = 20) -> bytes:
    times = np.arange(rate_hz * ms // 1000) / rate_hz
    return (np.sin(times * 2 * np.pi * 400) * 8000).astype("<i2").tobytes()


def alike(heard: bytes, said: bytes) -> bool:
    """Whether two sounds differ by no more than G.711 makes of them."""
    a, b = (np.frombuffer(each, "<i2").astype(float) for each in (heard, said))
    return len(a) == len(b) and float(np.sqrt(np.mean((a - b) ** 2))) < 200


@pytest.mark.parametrize(
    ("protocol", "told", "encoding", "rate_hz"),
    [
        (TWILIO, {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}, "PCMU", 8000),
        (PLIVO, MULAW, "PCMU", 8000),
        (PLIVO, L16_8K, "L16", 8000),
        (PLIVO, L16_16K, "L16", 16_000),
        (PLIVO, {"encoding": "audio/x-l16", "sampleRate": "16000"}, "L16", 16_000),
        (PLIVO, {"encoding": "audio/x-l16;rate=16000"}, "L16", 16_000),
        (PLIVO, {"encoding": "audio/x-l16; rate=16000"}, "L16", 16_000),
        (TELNYX, {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}, "PCMU", 8000),
        (TELNYX, {"encoding": "PCMA", "sample_rate": 8000, "channels": 1}, "PCMA", 8000),
        (TELNYX, {"encoding": "L16", "sample_rate": 16_000, "channels": 1}, "L16", 16_000),
    ],
)
def test_a_stream_is_what_it_says_that_it_is(
    protocol: MediaStreamProtocol, told: Any, encoding: str, rate_hz: int
) -> None:
    line = protocol.line({protocol.format_key: told})
    assert (line.encoding.name, line.rate_hz) == (encoding, rate_hz)


@pytest.mark.parametrize(
    ("protocol", "told", "named"),
    [
        (TELNYX, {"encoding": "G722", "sample_rate": 8000, "channels": 1}, "G722"),
        (TELNYX, {"encoding": "OPUS", "sample_rate": 16_000, "channels": 1}, "OPUS"),
        (TELNYX, {"encoding": "AMR-WB", "sample_rate": 16_000}, "AMR-WB"),
        (TELNYX, {"encoding": "PCMU", "sample_rate": 16_000}, "16000"),
        (TELNYX, {"encoding": "PCMU", "sample_rate": 8000, "channels": 2}, "'channels': 2"),
        (PLIVO, {"encoding": "audio/x-l16", "sampleRate": 24_000}, "24000"),
        (PLIVO, {"encoding": "audio/x-l16"}, "audio/x-l16"),
        (PLIVO, {"encoding": "audio/x-wav", "sampleRate": 8000}, "audio/x-wav"),
        (PLIVO, {"encoding": "audio/x-mulaw", "sampleRate": True}, "True"),
        (PLIVO, {"encoding": "audio/x-mulaw", "sampleRate": "9" * 5000}, "999"),
        (PLIVO, {"encoding": ["audio/x-mulaw"], "sampleRate": 8000}, "audio/x-mulaw"),
        (PLIVO, {"sampleRate": 8000}, "8000"),
        (PLIVO, {}, "{}"),
        (PLIVO, None, "None"),
        (PLIVO, "audio/x-mulaw", "audio/x-mulaw"),
        (TWILIO, {"encoding": "audio/l16", "sampleRate": 8000}, "audio/l16"),
    ],
)
def test_an_encoding_that_is_not_served_is_refused_by_its_name(
    protocol: MediaStreamProtocol, told: Any, named: str
) -> None:
    with pytest.raises(UnservedFormat, match="served are") as refused:
        protocol.line({protocol.format_key: told})
    assert named in str(refused.value)
    assert len(str(refused.value)) < 250


def start(kind: str, told: Any) -> Any:
    if kind == "telnyx":
        return TelnyxStart(stream_id="s-1", call_control_id="v3:abc", media_format=told)
    return PlivoStart(stream_id="s-1", call_id="c-1", media_format=told)


CASES = [
    ("plivo", MULAW, 8000),
    ("plivo", L16_8K, 8000),
    ("plivo", L16_16K, 16_000),
    ("telnyx", {"encoding": "PCMU", "sample_rate": 8000}, 8000),
    ("telnyx", {"encoding": "PCMA", "sample_rate": 8000}, 8000),
    ("telnyx", {"encoding": "L16", "sample_rate": 16_000}, 16_000),
]


@pytest.mark.looptime
@pytest.mark.parametrize(("kind", "told", "rate_hz"), CASES)
async def test_the_agent_hears_the_caller_and_the_caller_the_agent(
    kind: str, told: dict[str, Any], rate_hz: int
) -> None:
    caller = Caller()
    transport: Any = create_transport(
        kind, websocket=await caller.connect(), start=start(kind, told)
    )
    protocol = PLIVO if kind == "plivo" else TELNYX
    line = protocol.line({protocol.format_key: told})
    said = tone(rate_hz)
    packet = base64.b64encode(line.encoding.encode(said)).decode()
    async with call(transport, rate_hz=rate_hz) as (worker, middle):
        for number in range(8):
            caller.says(
                {
                    "event": "media",
                    protocol.stream_id_key: "s-1",
                    protocol.sequence_key: number + 2,
                    "media": {"payload": packet},
                }
            )
        await middle.hears(7 * rate_hz // 8000)
        await worker.queue_frame(OutputAudioRawFrame(tone(rate_hz, ms=40), rate_hz, 1))
        (answer,) = await caller.hears(protocol.audio_event)
    frames: Sequence[InputAudioRawFrame] = middle.audio()
    assert {frame.sample_rate for frame in frames} == {rate_hz}
    assert alike(b"".join(frame.audio for frame in frames)[: len(said)], said)
    heard = line.encoding.decode(base64.b64decode(answer["media"]["payload"]))
    assert alike(heard, tone(rate_hz, ms=40))
    if kind == "plivo":
        told_back = (answer["media"]["contentType"], answer["media"]["sampleRate"])
        assert told_back == (told["encoding"], rate_hz)


async def test_a_line_at_16_khz_is_heard_by_a_pipeline_at_8_khz() -> None:
    serializer = TelephonySerializer(
        PlivoFrameSerializer("s", params=PlivoFrameSerializer.InputParams(auto_hang_up=False)),
        protocol=PLIVO,
        stream_id="s-1",
        line=PLIVO.line({"mediaFormat": L16_16K}),
    )
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=8000))  # type: ignore[arg-type]  # pyright: ignore
    heard = 0
    payload = base64.b64encode(tone(16_000)).decode()
    for _ in range(50):
        message = json.dumps({"event": "media", "media": {"payload": payload}})
        kept = serializer.filter_message(message)
        assert kept is not None
        frame = await serializer.deserialize(kept)
        heard += frame.num_frames if isinstance(frame, InputAudioRawFrame) else 0
    assert heard == pytest.approx(8000, abs=800)


async def test_half_a_sample_is_dropped_and_the_rest_is_no_noise() -> None:
    serializer = TelephonySerializer(
        PlivoFrameSerializer("s", params=PlivoFrameSerializer.InputParams(auto_hang_up=False)),
        protocol=PLIVO,
        stream_id="s-1",
        line=PLIVO.line({"mediaFormat": L16_8K}),
    )
    heard: list[bytes] = []
    serializer.on_audio = heard.append
    for sound in (tone(8000), tone(8000)[:-1], tone(8000)):
        payload = base64.b64encode(sound).decode()
        serializer.filter_message(json.dumps({"event": "media", "media": {"payload": payload}}))
    assert b"".join(heard) == tone(8000) * 2
    assert serializer.dropped == {DropReason.BAD_PAYLOAD: 1}


@pytest.mark.parametrize("kind", ["telnyx", "plivo"])
async def test_no_transport_is_made_for_a_stream_that_says_nothing_of_its_sound(kind: str) -> None:
    websocket = await Caller().connect()
    with pytest.raises(UnservedFormat):
        create_transport(kind, websocket=websocket, start=start(kind, None))


def test_twilio_which_has_one_format_need_not_name_it() -> None:
    ids = {"streamSid": "MZ" + "0" * 32, "callSid": "CA" + "0" * 32, "accountSid": "AC" + "0" * 32}
    assert TwilioStart.from_message(json.dumps({"event": "start", "start": ids}))
