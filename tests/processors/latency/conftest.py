"""One call, with a known delay in every stage, through a stock pipeline in virtual time."""

import asyncio
import wave
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.latency import BargeIn, Breach, LatencyObserver, Stall, TurnLatency
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.transports import MemoryTransport

RATE_HZ = 16000


class LoopClock(BaseClock):
    """The pipeline's clock on the loop's time, which is virtual."""

    def get_time(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e9)

    def start(self) -> None:
        pass


@dataclass
class Delays:
    """Seconds that each stage takes; None: for ever."""

    vad: float = 0.2
    stt: float | None = 0.15
    turn: float = 0.3
    context: float = 0.05
    llm: float | None = 0.4
    per_token: float | None = 0.02
    tts: float | None = 0.12
    output: float = 0.03


class Stt(STTService):
    """Says the words that it is given, a while after the caller falls silent."""

    def __init__(self, delays: Delays) -> None:
        super().__init__(settings=STTSettings(model="ears-1", language=None), ttfs_p99_latency=0.0)
        self.delays = delays
        self.words = "what are your opening hours"

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame) and self.delays.stt is not None:
            self.create_task(self._transcribe(self.delays.stt))

    async def _transcribe(self, secs: float) -> None:
        await asyncio.sleep(secs)
        await self.push_frame(TranscriptionFrame(self.words, "", "", finalized=True))


class Llm(AnsweringLLMService):
    """Answers with the words that it is given."""

    def __init__(self, delays: Delays) -> None:
        super().__init__(model="brain-1", tokens_per_sec=1)
        self.delays = delays
        self.words = "We are open from nine. Come in."
        self.tool: str | None = None
        self.cancelled = 0

    async def answer(self, context: LLMContext) -> None:
        try:
            await wait(self.delays.llm)
            if self.tool:
                name, self.tool = self.tool, None
                await self.call(name, {}, call_id="1", context=context)
                return
            for token in self.words.split(" "):
                await self.say([f"{token} "])
                await wait(self.delays.per_token)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class Tts(TTSService):
    """Speaks each text in half a second of noise."""

    def __init__(self, delays: Delays) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=RATE_HZ,
            settings=TTSSettings(model="voice-1", voice="v", language=None),
        )
        self.delays = delays
        self.spoken: list[str] = []

    def can_generate_metrics(self) -> bool:
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        await wait(self.delays.tts)
        self.spoken.append(text)
        yield TTSAudioRawFrame(b"\x40\x10" * (RATE_HZ // 2), RATE_HZ, 1, context_id=context_id)


class Slow(FrameProcessor):
    """Holds frames of one kind for a while."""

    def __init__(self, kind: type[Frame], secs: Callable[[], float]) -> None:
        super().__init__()
        self.kind = kind
        self.secs = secs

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, self.kind):
            await asyncio.sleep(self.secs())
        await self.push_frame(frame, direction)


class Copies(FrameProcessor):
    """Pushes each transcript as a new frame, as a redactor does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            await asyncio.sleep(0.04)
            frame = TranscriptionFrame(frame.text, "", "", finalized=True)
        await self.push_frame(frame, direction)


async def wait(secs: float | None) -> None:
    await (asyncio.Event().wait() if secs is None else asyncio.sleep(secs))


@dataclass
class Call:
    """A running call and what its observer told."""

    delays: Delays
    transport: MemoryTransport
    observer: LatencyObserver
    behind_aggregator: FrameProcessor
    process: LatencyStats
    stt: Stt
    llm: Llm
    tts: Tts
    turns: list[TurnLatency] = field(default_factory=list)
    barge_ins: list[BargeIn] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)
    heard_until: int = 0
    ended: list[Any] = field(default_factory=list)

    async def speak(self, secs: float = 1.0) -> None:
        """Speak as the caller: what a VAD would say of it."""
        await asyncio.sleep(0.2)
        await self.transport.send_frame(VADUserStartedSpeakingFrame(start_secs=0.2))
        await asyncio.sleep(secs - 0.2 + self.delays.vad)
        await self.transport.send_frame(VADUserStoppedSpeakingFrame(stop_secs=self.delays.vad))


Scene = Callable[[Call], Awaitable[None]]
RunCall = Callable[..., Awaitable[Call]]


@pytest.fixture
def delays() -> Delays:
    """Known delays, to be changed by a test."""
    return Delays()


@pytest.fixture
def copies() -> FrameProcessor:
    """A processor that pushes each transcript as a new frame, 40 ms later."""
    return Copies()


@pytest.fixture
def run_call() -> RunCall:
    """Run a call through a scene; the observer's options and more processors can be given."""

    async def run(
        scene: Scene,
        delays: Delays | None = None,
        *,
        after_llm: list[FrameProcessor] | None = None,
        after_stt: list[FrameProcessor] | None = None,
        after_tts: list[FrameProcessor] | None = None,
        around_tts: Callable[[FrameProcessor], FrameProcessor] = lambda tts: tts,
        sentences: bool = True,
        metrics: bool = True,
        observer: LatencyObserver | None = None,
        **options: Any,
    ) -> Call:
        delays = delays or Delays()
        process = options.pop("process", None) or LatencyStats()
        start = options.pop("start", None) or VADUserTurnStartStrategy()
        beside = options.pop("beside", [])
        observer = observer or LatencyObserver(process=process, **options)
        slow_context = Slow(LLMContextFrame, lambda: delays.context)
        stt, llm, tts = Stt(delays), Llm(delays), Tts(delays)
        transport = MemoryTransport()
        pair = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(
                user_turn_strategies=UserTurnStrategies(
                    start=[start],
                    stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=delays.turn)],
                )
            ),
        )
        pipeline = Pipeline(
            [
                transport.input(),
                stt,
                *(after_stt or []),
                pair.user(),
                slow_context,
                llm,
                *(after_llm or []),
                *([LLMTextProcessor()] if sentences else []),
                around_tts(tts),
                *(after_tts or []),
                Slow(OutputAudioRawFrame, lambda: delays.output),
                transport.output(),
                pair.assistant(),
            ]
        )
        worker = PipelineWorker(
            pipeline,
            params=PipelineParams(
                audio_in_sample_rate=RATE_HZ,
                audio_out_sample_rate=RATE_HZ,
                enable_metrics=metrics,
                enable_usage_metrics=metrics,
            ),
            clock=LoopClock(),
            observers=[observer, *beside],
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        call = Call(delays, transport, observer, slow_context, process, stt, llm, tts)
        for event, kept in {
            "on_turn": call.turns,
            "on_barge_in": call.barge_ins,
            "on_breach": call.breaches,
            "on_stall": call.stalls,
            "on_call_ended": call.ended,
        }.items():
            observer.add_event_handler(event, lambda _, told, kept=kept: kept.append(told))
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        try:
            await transport.connect()
            await scene(call)
        finally:
            await worker.cancel()
            await running
        return call

    return run


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A WAV file of half a second whose every sample is 0x1111."""
    path = tmp_path / "sorry.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        wav.writeframes(b"\x11\x11" * (RATE_HZ // 2))
    return path
