"""The agent's audio leaves no later than stock Pipecat's, and a late timer leaves no gap in it."""

import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi import WebSocket
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    VolumeFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

from antiphon.transports import create_transport
from antiphon.transports.telephony.playback_marks import PlaybackMark
from antiphon.transports.telephony.plivo import PlivoStart
from antiphon.transports.telephony.send_ahead import SendAhead
from antiphon.transports.telephony.telnyx import TelnyxStart
from antiphon.transports.telephony.transport import TelephonyTransport
from antiphon.transports.telephony.twilio import TwilioStart

HEX = "0123456789abcdef" * 2
TWILIO = TwilioStart(stream_sid=f"MZ{HEX}", call_sid=f"CA{HEX}", account_sid=f"AC{HEX}")
TELNYX = TelnyxStart(
    stream_id="s-1",
    call_control_id="v3:abc",
    media_format={"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
)
PLIVO = PlivoStart(
    stream_id="s-1",
    call_id="c-1",
    media_format={"encoding": "audio/x-mulaw", "sampleRate": 8000},
)
Script = Sequence[tuple[float, Frame]]


def speech(ms: int, *, begin: int = 0) -> TTSAudioRawFrame:
    """Speech of which no two samples within a second are alike."""
    samples = range(begin * 8, (begin + ms) * 8)
    audio = b"".join((n * 3 % 24_000).to_bytes(2, "little", signed=True) for n in samples)
    return TTSAudioRawFrame(audio=audio, sample_rate=8000, num_channels=1)


def stream(ms: int, *, each: int, every_secs: float, begin: int = 0) -> list[tuple[float, Frame]]:
    return [(every_secs, speech(each, begin=begin + at)) for at in range(0, ms, each)]


SCRIPTS: dict[str, Script] = {
    "at once": [(0.0, speech(1210)), (0.0, TTSStoppedFrame())],
    "fast": [*stream(1300, each=100, every_secs=0.01), (0.01, TTSStoppedFrame())],
    "as it sounds": [*stream(600, each=20, every_secs=0.02), (0.0, TTSStoppedFrame())],
    "slowly": [*stream(600, each=60, every_secs=0.1), (0.0, TTSStoppedFrame())],
    "a sentence behind another": [
        (0.0, speech(530)),
        (0.0, TTSStoppedFrame()),
        *stream(770, each=110, every_secs=0.09, begin=530),
        (0.0, TTSStoppedFrame()),
        *stream(770, each=110, every_secs=0.01, begin=1300),
        (0.0, TTSStoppedFrame()),
    ],
    "interrupted": [
        (0.0, speech(2000)),
        (0.45, InterruptionFrame()),
        (0.01, speech(500, begin=2000)),
        (0.0, TTSStoppedFrame()),
    ],
    "quieter and quieter": [
        (0.0, speech(730)),
        (0.0, VolumeFrame(volume=0.5)),
        (0.1, speech(600, begin=730)),
        (0.0, TTSStoppedFrame()),
    ],
    "another rate": [
        (0.0, speech(400)),
        (0.0, TTSAudioRawFrame(audio=speech(900).audio, sample_rate=24_000, num_channels=1)),
        (0.0, speech(400, begin=400)),
        (0.0, TTSStoppedFrame()),
    ],
}


class FarEnd:
    """What comes over the websocket, and when."""

    def __init__(self, *, late_after: int = 0) -> None:
        self.media: list[tuple[float, bytes]] = []
        self.shapes: set[str] = set()
        self.told: list[tuple[float, str]] = []
        self.mark_delays: list[float] = []
        self._plays_until = 0.0
        self.began = 0.0
        self._late_after = late_after
        self._to_agent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_agent.put_nowait({"type": "websocket.connect"})

    async def connect(self) -> WebSocket:
        websocket = WebSocket({"type": "websocket", "headers": []}, self._to_agent.get, self._hear)
        await websocket.accept()
        return websocket

    async def _hear(self, message: Any) -> None:
        if not (text := message.get("text")):
            return
        message = json.loads(text)
        if payload := message.get("media", {}).get("payload"):
            self.media.append((self.secs(), base64.b64decode(payload)))
            self._plays_until = max(self._plays_until, self.secs()) + len(self.media[-1][1]) / 8000
            self.shapes.add(json.dumps(message, sort_keys=True).replace(payload, ""))
            if len(self.media) == self._late_after:
                await asyncio.sleep(0.15)
        elif message["event"] == "mark":
            played = {"type": "websocket.receive", "text": text}
            delay_secs = self._plays_until - self.secs()
            asyncio.get_running_loop().call_later(delay_secs, self._to_agent.put_nowait, played)
        elif "clear" in message["event"]:
            self.told.append((self.secs(), "clear"))

    def played(self, _: BaseTransport, mark: PlaybackMark) -> None:
        self.mark_delays.append(round(mark.delay_secs, 3))

    def secs(self) -> float:
        return round(asyncio.get_running_loop().time() - self.began, 4)

    def times(self) -> list[float]:
        """When each byte came."""
        return [secs for secs, audio in self.media for _ in audio]

    def audio(self) -> bytes:
        return b"".join(audio for _, audio in self.media)

    def silent_secs(self) -> float:
        """How long the far end had nothing to play, in the midst of it."""
        silent_secs, plays_until = 0.0, self.media[0][0]
        for secs, audio in self.media:
            silent_secs += max(0.0, secs - plays_until)
            plays_until = max(plays_until, secs) + len(audio) / 8000
        return silent_secs


class Behind(FrameProcessor):
    """Notes when the agent is said to speak."""

    def __init__(self, far_end: FarEnd) -> None:
        super().__init__()
        self._far_end = far_end

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, BotStartedSpeakingFrame | BotStoppedSpeakingFrame | TTSStoppedFrame):
            self._far_end.told.append((self._far_end.secs(), type(frame).__name__))
        await self.push_frame(frame, direction)


async def play(transport: BaseTransport, far_end: FarEnd, script: Script) -> None:
    worker = PipelineWorker(
        Pipeline([transport.input(), transport.output(), Behind(far_end)]),
        params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000),
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    await asyncio.sleep(1.0)
    far_end.began = asyncio.get_running_loop().time()
    for secs, frame in script:
        await asyncio.sleep(secs)
        await worker.queue_frame(frame)
    await asyncio.sleep(3.0)
    await worker.cancel()
    await run


async def ours(kind: str, script: Script, *, packet_ms: int = 40, **options: Any) -> FarEnd:
    far_end = FarEnd(**options)
    ids: dict[str, Any] = {
        "twilio": {"start": TWILIO},
        "telnyx": {"start": TELNYX},
        "plivo": {"start": PLIVO},
    }
    websocket = await far_end.connect()
    transport = create_transport(kind, websocket=websocket, **ids[kind])
    assert isinstance(transport, TelephonyTransport)
    transport.add_event_handler("on_playback_mark", far_end.played)
    if packet_ms != 40:
        transport.use_fast_path(on_audio=lambda audio, push: None, packet_ms=packet_ms)
    await play(transport, far_end, script)
    return far_end


async def stocks(kind: str, script: Script, *, packet_ms: int = 40, **options: Any) -> FarEnd:
    far_end = FarEnd(**options)
    serializer: FrameSerializer
    if kind == "twilio":
        serializer = TwilioFrameSerializer(
            TWILIO.stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
        )
    elif kind == "telnyx":
        serializer = TelnyxFrameSerializer(
            "s-1", "PCMU", "PCMU", params=TelnyxFrameSerializer.InputParams(auto_hang_up=False)
        )
    else:
        serializer = PlivoFrameSerializer(
            "s-1", params=PlivoFrameSerializer.InputParams(auto_hang_up=False)
        )
    params = FastAPIWebsocketParams(
        serializer=serializer,
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_out_10ms_chunks=packet_ms // 10,
    )
    transport = FastAPIWebsocketTransport(await far_end.connect(), params)
    await play(transport, far_end, script)
    return far_end


@pytest.mark.virtual_time
@pytest.mark.parametrize("packet_ms", [40, 80])
@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "interrupted"])
async def test_the_same_audio_comes_and_none_of_it_later_than_stock_s(
    name: str, packet_ms: int
) -> None:
    mine = await ours("twilio", SCRIPTS[name], packet_ms=packet_ms)
    stock = await stocks("twilio", SCRIPTS[name], packet_ms=packet_ms)
    assert mine.audio() == stock.audio()
    assert all(a <= b for a, b in zip(mine.times(), stock.times(), strict=True))
    assert mine.media[0] == stock.media[0]


@pytest.mark.virtual_time
@pytest.mark.parametrize("packet_ms", [40, 80])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_the_agent_is_said_to_speak_and_cleared_when_it_is_in_stock(
    script: Script, packet_ms: int
) -> None:
    mine = await ours("twilio", script, packet_ms=packet_ms)
    assert mine.told == (await stocks("twilio", script, packet_ms=packet_ms)).told


@pytest.mark.virtual_time
@pytest.mark.parametrize("kind", ["twilio", "telnyx", "plivo"])
async def test_each_provider_gets_the_messages_that_stock_sends_it(kind: str) -> None:
    mine, stock = await ours(kind, SCRIPTS["fast"]), await stocks(kind, SCRIPTS["fast"])
    assert mine.audio() == stock.audio()
    assert mine.shapes == stock.shapes


@pytest.mark.virtual_time
async def test_what_is_known_goes_out_240_ms_at_once_after_the_first_packet() -> None:
    spoken = speech(630)
    script = [(0.0, spoken), (0.0, TTSStoppedFrame()), (1.0, spoken), (0.0, TTSStoppedFrame())]
    far_end = await ours("twilio", script)
    assert [(secs, len(audio) // 8) for secs, audio in far_end.media] == [
        (begin + secs, ms)
        for begin in (0.0, 1.0)
        for secs, ms in ((0.0, 40), (0.0, 240), (0.24, 240), (0.48, 80), (0.56, 40))
    ]


@pytest.mark.virtual_time
async def test_after_an_interruption_only_what_is_new_is_heard() -> None:
    far_end = await ours("twilio", SCRIPTS["interrupted"])
    after = [(secs, audio) for secs, audio in far_end.media if secs > 0.45]
    stock = await stocks("twilio", SCRIPTS["interrupted"])
    assert b"".join(audio for _, audio in after) == stock.audio()[-4160:]
    assert [(secs, len(audio) // 8) for secs, audio in after] == [
        (0.48, 40),
        (0.48, 240),
        (0.72, 200),
        (0.92, 40),
    ]


@pytest.mark.virtual_time
async def test_a_timer_that_is_150_ms_late_leaves_no_gap() -> None:
    mine = await ours("twilio", SCRIPTS["at once"], late_after=3)
    stock = await stocks("twilio", SCRIPTS["at once"], late_after=3)
    assert mine.silent_secs() == pytest.approx(0.0)
    assert stock.silent_secs() > 0.05


@pytest.mark.virtual_time
async def test_a_mark_after_what_was_sent_ahead_is_no_later_than_after_a_packet_alone() -> None:
    far_end = await ours("twilio", SCRIPTS["fast"])
    assert set(far_end.mark_delays) == {0.0, 0.04}


def test_a_chunk_that_was_not_known_goes_alone_and_so_does_the_rest_of_its_utterance() -> None:
    ahead = SendAhead(chunk_bytes=2, chunks=3)
    ahead.arrives(b"aabbcc")
    assert ahead.turn(b"xx") == b"xx"
    ahead.arrives(b"aabbdd")
    chunks = [b"aa", b"bb", b"cc", b"aa", b"bb", b"dd"]
    assert [ahead.turn(chunk) for chunk in chunks] == chunks
    ahead.ends()
    ahead.ended()
    ahead.arrives(b"ddeeff")
    assert [ahead.turn(b"dd"), ahead.turn(b"ee"), ahead.turn(b"ff")] == [b"dd", b"eeff", b""]


def test_what_arrives_while_an_end_is_still_to_come_is_not_sent_ahead() -> None:
    ahead = SendAhead(chunk_bytes=2, chunks=3)
    ahead.arrives(b"aabb")
    ahead.ends()
    ahead.arrives(b"ccdd")
    assert [ahead.turn(b"aa"), ahead.turn(b"bb")] == [b"aa", b"bb"]
    ahead.ended()
    assert [ahead.turn(b"cc"), ahead.turn(b"dd")] == [b"cc", b"dd"]


def test_what_arrives_while_an_utterance_is_sent_goes_on_with_it() -> None:
    ahead = SendAhead(chunk_bytes=2, chunks=3)
    ahead.arrives(b"aabb")
    assert ahead.turn(b"aa") == b"aa"
    ahead.arrives(b"ccdd")
    assert ahead.turn(b"bb") == b"bbccdd"
    ahead.arrives(b"eeff")
    turns = [ahead.turn(chunk) for chunk in (b"cc", b"dd", b"ee", b"ff")]
    assert turns == [b"", b"", b"eeff", b""]


def test_a_part_of_a_chunk_at_an_end_is_left_to_be_filled_up() -> None:
    ahead = SendAhead(chunk_bytes=2, chunks=3)
    ahead.arrives(b"aabbc")
    ahead.ends()
    assert [ahead.turn(b"aa"), ahead.turn(b"bb"), ahead.turn(b"c\0")] == [b"aa", b"bb", b"c\0"]


def test_after_a_clear_the_next_utterance_begins_alone() -> None:
    ahead = SendAhead(chunk_bytes=2, chunks=3)
    ahead.arrives(b"aabbcc")
    ahead.ends()
    ahead.clear()
    ahead.arrives(b"ddeeffgg")
    turns = [ahead.turn(chunk) for chunk in (b"dd", b"ee", b"ff", b"gg")]
    assert turns == [b"dd", b"eeffgg", b"", b""]
