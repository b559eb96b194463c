"""A phone call over a websocket that is spoken to as the providers speak to it."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from fastapi import WebSocket
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputDTMFFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.frames.protobufs import frames_pb2
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.lines.codecs import ulaw_to_pcm
from antiphon.transports import create_transport
from antiphon.transports.guarded_websocket import GuardedWebsocketTransport
from antiphon.transports.telephony.media_stream import DropReason
from antiphon.transports.telephony.playback_marks import PlaybackMark
from antiphon.transports.telephony.plivo import PlivoStart, extra_headers
from antiphon.transports.telephony.telnyx import TelnyxStart
from antiphon.transports.telephony.twilio import TwilioStart, read_twilio_start

HEX = "0123456789abcdef" * 2
STREAM, CALL, ACCOUNT = f"MZ{HEX}", f"CA{HEX}", f"AC{HEX}"
TELNYX_SOUND = {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
PLIVO_SOUND = {"encoding": "audio/x-mulaw", "sampleRate": 8000}
SILENCE = base64.b64encode(b"\xff" * 160).decode()
SPEECH_20_MS = b"\x10\x20" * 160
F = TypeVar("F", bound=Frame)


class Caller:
    """The far end of a websocket, without a network."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.changed = asyncio.Event()
        self._to_agent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_agent.put_nowait({"type": "websocket.connect"})

    async def connect(self) -> WebSocket:
        websocket = WebSocket({"type": "websocket", "headers": []}, self._to_agent.get, self._send)
        await websocket.accept()
        return websocket

    def says(self, *messages: Any) -> None:
        for message in messages:
            if isinstance(message, bytes):
                event = {"type": "websocket.receive", "bytes": message}
            else:
                text = message if isinstance(message, str) else json.dumps(message)
                event = {"type": "websocket.receive", "text": text}
            self._to_agent.put_nowait(event)

    def hangs_up(self) -> None:
        self._to_agent.put_nowait({"type": "websocket.disconnect", "code": 1000})

    def events(self, name: str) -> list[Any]:
        return [message for message in self.heard if message["event"] == name]

    async def hears(self, event: str, count: int = 1) -> list[Any]:
        while len(self.events(event)) < count:
            self.changed.clear()
            await self.changed.wait()
        return self.events(event)

    async def _send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.heard.append(json.loads(message["text"]) if message.get("text") else message)
            self.changed.set()


class Middle(FrameProcessor):
    """Keeps what came in from the transport."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.changed = asyncio.Event()
        self.run: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        self.changed.set()
        await self.push_frame(frame, direction)

    async def gets(self, kind: type[F], count: int = 1) -> list[F]:
        while len(found := [f for f in self.frames if isinstance(f, kind)]) < count:
            self.changed.clear()
            await self.changed.wait()
        return found

    async def hears(self, packets: int) -> list[int]:
        """Wait for packets of 20 ms; tell how many came in each frame."""
        while sum(found := [f.num_frames // 160 for f in self.audio()]) < packets:
            self.changed.clear()
            await self.changed.wait()
        return found

    def audio(self) -> list[InputAudioRawFrame]:
        return [frame for frame in self.frames if isinstance(frame, InputAudioRawFrame)]

    async def ended(self) -> None:
        assert self.run is not None
        await asyncio.shield(self.run)


@asynccontextmanager
async def call(
    transport: GuardedWebsocketTransport, *, rate_hz: int = 8000
) -> AsyncIterator[tuple[PipelineWorker, Middle]]:
    middle = Middle()
    worker = PipelineWorker(
        Pipeline([transport.input(), middle, transport.output()]),
        enable_rtvi=False,
        # Pipecat's resampler holds back the first packets; at their own rate each is one frame.
        params=PipelineParams(audio_in_sample_rate=rate_hz),
    )

    @transport.event_handler("on_client_disconnected")
    async def leave(*_: Any) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = middle.run = asyncio.create_task(runner.run())
    try:
        yield worker, middle
    finally:
        if not worker.has_finished():
            await worker.cancel()
        await run


async def twilio(caller: Caller) -> GuardedWebsocketTransport:
    start = TwilioStart(stream_sid=STREAM, call_sid=CALL, account_sid=ACCOUNT)
    transport = create_transport("twilio", websocket=await caller.connect(), start=start)
    assert isinstance(transport, GuardedWebsocketTransport)
    return transport


def media(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "event": "media",
        "sequenceNumber": str(number),
        "streamSid": STREAM,
        "media": {"track": "inbound", "payload": SILENCE},
        **fields,
    }


def speech(secs: float) -> TTSAudioRawFrame:
    packets = round(secs / 0.02)
    return TTSAudioRawFrame(audio=SPEECH_20_MS * packets, sample_rate=8000, num_channels=1)


async def test_malformed_messages_are_counted_and_the_call_goes_on() -> None:
    caller = Caller()
    transport = await twilio(caller)
    async with call(transport) as (_, middle):
        caller.says(media(2))
        caller.says("{", "[]", '"x"', media(3, media=None), media(3, media={"payload": "?"}))
        caller.says(media(3, streamSid="MZ" + "f" * 32), {"event": "dtmf", "dtmf": None})
        caller.says(media(3))
        await middle.hears(2)
    assert sum(transport.dropped.values()) == 7


async def test_a_flood_of_malformed_messages_does_not_end_the_call() -> None:
    caller = Caller()
    transport = await twilio(caller)
    garbage = ["{", "[]", "0", "null", "{}", {"event": "media"}, media(9**9), b"\xff", "[" * 5000]
    async with call(transport) as (_, middle):
        for number in range(1, 201):
            caller.says(*garbage, media(number))
        await middle.hears(200)
    assert sum(transport.dropped.values()) == 200 * len(garbage)


async def test_sound_that_comes_much_faster_than_it_sounds_is_dropped() -> None:
    caller = Caller()
    transport = await twilio(caller)
    async with call(transport) as (_, middle):
        caller.says(*(media(number) for number in range(1, 1001)))
        await middle.hears(450)
        while sum(transport.dropped.values()) < 300:  # noqa: ASYNC110 - it is only counted
            await asyncio.sleep(0.01)
    assert set(transport.dropped) == {DropReason.TOO_FAST}


async def test_packets_come_in_as_the_windows_of_the_vad_end_in_them() -> None:
    caller = Caller()
    payloads = [base64.b64encode(bytes([number] * 160)).decode() for number in range(16)]
    async with call(await twilio(caller)) as (_, middle):
        caller.says(*(media(2 + n, media={"payload": p}) for n, p in enumerate(payloads)))
        # 256 samples a window, 160 a packet: windows end in packets 2, 4, 5, 7 and 8 of each 8.
        assert await middle.hears(16) == [2, 2, 1, 2, 1] * 2
    heard = b"".join(frame.audio for frame in middle.audio())
    assert heard == b"".join(ulaw_to_pcm(base64.b64decode(payload)) for payload in payloads)


async def test_a_key_the_caller_presses_is_a_frame() -> None:
    caller = Caller()
    async with call(await twilio(caller)) as (_, middle):
        caller.says({"event": "dtmf", "streamSid": STREAM, "dtmf": {"digit": "5"}})
        [key] = await middle.gets(InputDTMFFrame)
    assert key.button is KeypadEntry.FIVE


async def test_speech_at_another_rate_still_goes_out_in_packets_of_40_ms() -> None:
    caller = Caller()
    audio = TTSAudioRawFrame(audio=SPEECH_20_MS * 45, sample_rate=24000, num_channels=1)
    async with call(await twilio(caller)) as (worker, _):
        await worker.queue_frames([audio, TTSStoppedFrame()])
        packets = await caller.hears("media", 5)
    assert {len(base64.b64decode(p["media"]["payload"])) for p in packets} == {320}


async def test_keys_the_agent_presses_go_out_as_tones_in_packets_of_40_ms() -> None:
    caller = Caller()
    async with call(await twilio(caller)) as (worker, _):
        await worker.queue_frame(OutputDTMFFrame.from_string("1"))
        packets = await caller.hears("media", 3)
    assert {len(base64.b64decode(p["media"]["payload"])) for p in packets} == {320}


def marks_of(transport: GuardedWebsocketTransport) -> asyncio.Queue[PlaybackMark]:
    back: asyncio.Queue[PlaybackMark] = asyncio.Queue()
    transport.add_event_handler("on_playback_mark", lambda _, mark: back.put_nowait(mark))
    return back


async def test_marks_come_back_as_what_the_caller_has_heard() -> None:
    caller = Caller()
    transport = await twilio(caller)
    back = marks_of(transport)
    async with call(transport) as (worker, middle):
        await worker.queue_frames([speech(0.12), TTSStoppedFrame()])
        await middle.gets(BotStoppedSpeakingFrame)
        marks = await caller.hears("mark", 2)
        caller.says(*marks)
        first, last = await back.get(), await back.get()
    assert (first.position_secs, last.position_secs) == pytest.approx((0.04, 0.12))
    assert not last.cleared


async def test_marks_are_set_once_somebody_wants_to_know() -> None:
    caller = Caller()
    transport = await twilio(caller)
    async with call(transport) as (worker, middle):
        await worker.queue_frames([speech(0.12), TTSStoppedFrame()])
        await middle.gets(BotStoppedSpeakingFrame)
        assert not caller.events("mark")
        back = marks_of(transport)
        await worker.queue_frames([speech(0.12), TTSStoppedFrame()])
        caller.says(*await caller.hears("mark"))
        first = await back.get()
    assert first.position_secs == pytest.approx(0.16)


async def test_an_interruption_clears_the_callers_buffer_and_the_marks_in_it() -> None:
    caller = Caller()
    transport = await twilio(caller)
    marks = marks_of(transport)
    async with call(transport) as (worker, _):
        await worker.queue_frame(speech(2.0))
        [mark] = await caller.hears("mark")
        await worker.queue_frame(InterruptionFrame())
        await caller.hears("clear")
        caller.says(mark)
        back = await marks.get()
    assert back.cleared
    assert caller.events("clear") == [{"event": "clear", "streamSid": STREAM}]


async def test_the_call_ends_when_the_caller_hangs_up() -> None:
    caller = Caller()
    async with call(await twilio(caller)) as (_, middle):
        caller.says(media(2), media(3))
        await middle.hears(2)
        caller.hangs_up()
        await middle.ended()


@pytest.mark.parametrize(
    ("kind", "start", "sound", "foreign"),
    [
        (
            "telnyx",
            TelnyxStart(stream_id="s-1", call_control_id="v3:abc", media_format=TELNYX_SOUND),
            {"event": "media", "stream_id": "s-1", "media": {"payload": SILENCE}},
            {"event": "media", "stream_id": "s-2", "media": {"payload": SILENCE}},
        ),
        (
            "plivo",
            PlivoStart(stream_id="s-1", call_id="c-1", media_format=PLIVO_SOUND),
            {"event": "media", "streamId": "s-1", "media": {"payload": SILENCE}},
            {"event": "media", "streamId": "s-2", "media": {"payload": SILENCE}},
        ),
    ],
)
async def test_other_providers_stand_behind_the_same_guard(
    kind: str, start: Any, sound: Any, foreign: Any
) -> None:
    caller = Caller()
    transport = create_transport(kind, websocket=await caller.connect(), start=start)
    assert isinstance(transport, GuardedWebsocketTransport)
    async with call(transport) as (_, middle):
        caller.says("[]", {"event": "media", "media": None}, foreign, sound, sound)
        await middle.hears(2)
    assert sum(transport.dropped.values()) == 3


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        (TelnyxStart, {"stream_id": "s", "call_control_id": "../../calls"}),
        (TelnyxStart, {"stream_id": "../s", "call_control_id": "v3:a"}),
        (PlivoStart, {"stream_id": "s", "call_id": "../Conference/x"}),
    ],
)
def test_an_id_that_could_change_a_url_is_refused(kind: Any, ids: Any) -> None:
    with pytest.raises(ValueError, match="look like"):
        kind(**ids)


def protobuf_audio(pcm: bytes, sample_rate: int) -> bytes:
    audio = frames_pb2.AudioRawFrame(audio=pcm, sample_rate=sample_rate, num_channels=1)  # pyright: ignore
    message: bytes = frames_pb2.Frame(audio=audio).SerializeToString()  # pyright: ignore
    return message


async def test_a_websocket_client_survives_its_own_bad_messages() -> None:
    caller = Caller()
    transport = create_transport("websocket", websocket=await caller.connect())
    assert isinstance(transport, GuardedWebsocketTransport)
    async with call(transport) as (_, middle):
        caller.says("text", b"\xff\xff\xff", protobuf_audio(SPEECH_20_MS, 0))
        caller.says(protobuf_audio(b"odd", 16000), protobuf_audio(SPEECH_20_MS, 16000))
        [audio] = await middle.gets(InputAudioRawFrame)
    assert audio.audio == SPEECH_20_MS
    assert sum(transport.dropped.values()) == 4


def start_message(**start: Any) -> dict[str, Any]:
    sids = {"streamSid": STREAM, "callSid": CALL, "accountSid": ACCOUNT}
    return {"event": "start", "streamSid": STREAM, "start": {**sids, **start}}


async def test_the_start_message_tells_which_call_it_is() -> None:
    caller = Caller()
    caller.says({"event": "connected"}, "[]", start_message(customParameters={"a": "1", "b": 2}))
    start = await read_twilio_start(await caller.connect())
    assert (start.stream_sid, start.call_sid, start.parameters) == (STREAM, CALL, {"a": "1"})


@pytest.mark.parametrize(
    "start",
    [
        {"callSid": "../Conferences/CF9"},
        {"callSid": None},
        {"callSid": CALL + "\n"},
        {"streamSid": "MZ1"},
        {"accountSid": CALL},
        {"mediaFormat": {"encoding": "audio/opus"}},
    ],
)
async def test_a_start_message_with_a_wrong_id_is_refused(start: dict[str, Any]) -> None:
    caller = Caller()
    caller.says(start_message(**start))
    with pytest.raises(ValueError, match=r"look like|mu-?law"):
        await read_twilio_start(await caller.connect())


async def test_a_websocket_that_never_starts_is_refused() -> None:
    caller = Caller()
    caller.says(*["{}"] * 100)
    with pytest.raises(ValueError, match="no start message"):
        await read_twilio_start(await caller.connect())


@pytest.mark.looptime
async def test_a_websocket_that_says_nothing_is_refused_after_a_while() -> None:
    with pytest.raises(TimeoutError):
        await read_twilio_start(await Caller().connect())


async def test_a_goodbye_is_heard_to_its_end_before_the_hang_up() -> None:
    caller = Caller()
    async with call(await twilio(caller)) as (worker, middle):
        await worker.queue_frames([speech(0.12), TTSStoppedFrame(), EndFrame()])
        await middle.ended()
    payloads = [base64.b64decode(p["media"]["payload"]) for p in caller.events("media")]
    assert b"\xff" * 320 in payloads[-1:]
    assert sum(len(payload) for payload in payloads if set(payload) != {255}) == 960


def test_what_has_no_room_in_plivos_headers_is_left_out_alone() -> None:
    told = {
        "from": "sip:alice_endpoint_1234567890123@phone.plivo.com",
        "to": "sip:the_other_endpoint_of_a_long_name@phone.plivo.com",
        "direction": "outbound",
        "transfer": "no-answer",
    }
    value = extra_headers(told, token="t" * 150)
    assert len(value) <= 512
    assert re.fullmatch(r"antiphon=[A-Z2-7]+", value)
    packed = value.removeprefix("antiphon=")
    carried = json.loads(base64.b32decode(packed + "=" * (-len(packed) % 8)))
    assert carried == {
        "token": "t" * 150,
        **{name: told[name] for name in ("from", "direction", "transfer")},
    }
