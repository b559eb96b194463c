"""What watching latency costs, and how right it is.

Overhead: CPU a call-second of one pipeline, with and without observers: all variants in each
round, shuffled, in one process, in virtual time. The pipeline is stock Pipecat with services that
only wait. What a variant adds is told as a share of that pipeline with Silero VAD on the caller's
audio; the VAD is left out where variants are compared, because its own noise is larger than they.
Accuracy: known delays in every stage against those that were measured, in virtual time and in
real time.

    python benchmarks/latency/run.py [--seconds 12] [--rounds 40] [--calls 20] [--turns 3]
"""

import argparse
import asyncio
import contextlib
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import looptime
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.observers.service_metrics_observer import ServiceMetricsObserver
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.latency import LatencyObserver, LatencyProbe, TurnLatency
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.transports import MemoryTransport

T = TypeVar("T")

RATE_HZ = 16000
VAD_SECS = 0.2
TURN_SECS = 0.0  # the turn ends with its transcript, so that each delay stands alone


@dataclass
class Delays:
    """Seconds that each stage takes, by the name of the stage."""

    transcription: float = 0.15
    context: float = 0.02
    llm_inference: float = 0.3
    sentence_aggregation: float = 0.1
    speech_synthesis: float = 0.12
    output_transport: float = 0.02

    @classmethod
    def drawn(cls, dice: random.Random) -> "Delays":
        return cls(*(dice.uniform(0.02, 0.5) for _ in range(6)))


class Service(FrameProcessor):
    """One service of a call, which answers a frame after a known delay."""

    def __init__(self, call: "Call", kind: type[Frame]) -> None:
        super().__init__()
        self.call = call
        self.kind = kind

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        delays = self.call.delays
        match frame:
            case VADUserStoppedSpeakingFrame() if self.kind is VADUserStoppedSpeakingFrame:
                await self.push_frame(frame, direction)
                self.create_task(self.transcribe(delays.transcription))
                return
            case LLMContextFrame() if self.kind is LLMContextFrame:
                await self.wait("context", delays.context)
            case LLMContextFrame() if self.kind is LLMTextFrame:
                await self.answer(delays)
                return
            case LLMTextFrame() if self.kind is AggregatedTextFrame:
                return
            case LLMFullResponseEndFrame() if self.kind is AggregatedTextFrame:
                await self.push_frame(AggregatedTextFrame("Hello there.", TextType.SENTENCE))
            case AggregatedTextFrame() if self.kind is TTSAudioRawFrame:
                await self.speak(delays.speech_synthesis)
                return
            case OutputAudioRawFrame() if self.kind is OutputAudioRawFrame:
                await self.wait("output_transport", delays.output_transport)
        await self.push_frame(frame, direction)

    async def wait(self, stage: str, secs: float) -> None:
        """Wait, and keep how long it really was: a busy machine wakes late."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.sleep(secs)
        self.call.waited[stage] = loop.time() - started

    async def transcribe(self, secs: float) -> None:
        await self.wait("transcription", secs)
        await self.push_frame(TranscriptionFrame("hello there", "", "", finalized=True))

    async def answer(self, delays: Delays) -> None:
        await self.push_frame(LLMFullResponseStartFrame())
        await self.wait("llm_inference", delays.llm_inference)
        await self.push_frame(LLMTextFrame("word "))
        await self.wait("sentence_aggregation", delays.sentence_aggregation)
        for i in range(20):
            await self.push_frame(LLMTextFrame(f"word{i} "))
        await self.push_frame(LLMFullResponseEndFrame())

    async def speak(self, secs: float) -> None:
        await self.push_frame(TTSStartedFrame(context_id="c"))
        await self.wait("speech_synthesis", secs)
        await self.push_frame(TTSAudioRawFrame(b"\x40\x10" * RATE_HZ, RATE_HZ, 1, context_id="c"))
        await self.push_frame(TTSStoppedFrame(context_id="c"))


class LoopClock(BaseClock):
    """The pipeline's clock on the loop's time."""

    def get_time(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e9)

    def start(self) -> None:
        pass


class Call:
    """One call through a stock pipeline."""

    def __init__(
        self,
        *,
        delays: Delays,
        observers: list[BaseObserver],
        probes: list[FrameProcessor] | None = None,
        vad: bool = False,
    ) -> None:
        self.delays = delays
        self.waited: dict[str, float] = {}
        self.transport = MemoryTransport()
        pair = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(
                vad_analyzer=SileroVADAnalyzer(sample_rate=RATE_HZ) if vad else None,
                user_turn_strategies=UserTurnStrategies(
                    start=[VADUserTurnStartStrategy()],
                    stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=TURN_SECS)],
                ),
            ),
        )
        pipeline = Pipeline(
            [
                self.transport.input(),
                Service(self, VADUserStoppedSpeakingFrame),
                pair.user(),
                Service(self, LLMContextFrame),
                Service(self, LLMTextFrame),
                Service(self, AggregatedTextFrame),
                *(probes or []),
                Service(self, TTSAudioRawFrame),
                Service(self, OutputAudioRawFrame),
                self.transport.output(),
                pair.assistant(),
            ]
        )
        self.worker = PipelineWorker(
            pipeline,
            params=PipelineParams(
                audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ, enable_metrics=True
            ),
            clock=LoopClock(),
            observers=observers,
            idle_timeout_secs=None,
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        task = asyncio.create_task(runner.run())
        await self.transport.connect()
        try:
            yield
        finally:
            await self.worker.cancel()
            await task

    async def turn(self, secs: float) -> None:
        await self.transport.send_frame(VADUserStartedSpeakingFrame(start_secs=VAD_SECS))
        await asyncio.sleep(1.0 + VAD_SECS)
        await self.transport.send_frame(VADUserStoppedSpeakingFrame(stop_secs=VAD_SECS))
        await asyncio.sleep(secs - 1.0 - VAD_SECS)


async def cost(
    observers: list[BaseObserver], probes: list[FrameProcessor], seconds: int, *, vad: bool = False
) -> float:
    """Return milliseconds of CPU a call-second."""
    call = Call(delays=Delays(), observers=observers, probes=probes, vad=vad)
    noise = random.Random(1).randbytes(RATE_HZ * 2)
    async with call.running():

        async def microphone() -> None:
            step = RATE_HZ // 50 * 2
            for i in range(seconds * 50):
                chunk = noise[i % 50 * step : (i % 50 + 1) * step]
                await call.transport.send_audio(bytes(b & 1 for b in chunk), sample_rate_hz=RATE_HZ)
                await asyncio.sleep(0.02)

        async def turns() -> None:
            for _ in range(seconds // 6):
                await call.turn(6.0)

        started = time.process_time()
        await asyncio.gather(microphone(), turns())
        return (time.process_time() - started) * 1000 / seconds


STOCK = "stock"
VARIANTS: dict[str, Callable[[], tuple[list[BaseObserver], list[FrameProcessor]]]] = {
    STOCK: lambda: ([], []),
    "`LatencyObserver`": lambda: ([LatencyObserver(process=LatencyStats())], []),
    "`LatencyProbe`": lambda: ([], [LatencyProbe(place="p", process=LatencyStats())]),
    "an observer that does nothing": lambda: ([BaseObserver(observe_every_push=False)], []),
    "Pipecat's `UserBotLatencyObserver`": lambda: ([UserBotLatencyObserver()], []),
    "Pipecat's two, with `ServiceMetricsObserver`": lambda: (
        [UserBotLatencyObserver(), ServiceMetricsObserver()],
        [],
    ),
}


def overhead(seconds: int, rounds: int) -> None:
    """Print what each variant adds to the pipeline that it ran beside in the same round."""
    virtually(cost([], [], seconds, vad=True))  # warm
    whole: list[float] = []
    taken: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for number in range(rounds):
        whole.append(virtually(cost([], [], seconds, vad=True)))
        names = list(VARIANTS)
        random.Random(number).shuffle(names)
        for name in names:
            taken[name].append(virtually(cost(*VARIANTS[name](), seconds)))
    stock = _fast(whole)
    print(f"\nCPU of {rounds} rounds of {seconds} s; stock with its VAD: {stock:.1f} ms a call-s\n")
    print("| variant | added, ms a call-s | of stock | spread over rounds |\n|---|---|---|---|")
    for name, each in taken.items():
        if name != STOCK:
            added = _fast(each) - _fast(taken[STOCK])
            pairs = [one - base for one, base in zip(each, taken[STOCK], strict=True)]
            low, _, high = statistics.quantiles(pairs, n=4)
            print(f"| {name} | {added:.2f} | {added / stock:.1%} | {low:.2f} to {high:.2f} |")


def _fast(secs: list[float]) -> float:
    """Return the tenth percentile: what else goes on in a machine only ever adds to CPU time."""
    return statistics.quantiles(secs, n=10)[0]


async def errors(calls: int, turns: int, spread_secs: float) -> list[tuple[str, float]]:
    """Return the error of each stage of each turn, in milliseconds."""
    found: list[tuple[str, float]] = []

    async def one(number: int) -> None:
        dice = random.Random(number)
        observer = LatencyObserver(process=LatencyStats())
        call = Call(delays=Delays.drawn(dice), observers=[observer])
        done: list[TurnLatency] = []
        observer.add_event_handler("on_turn", lambda _, turn: done.append(turn))
        async with call.running():
            await asyncio.sleep(dice.uniform(0, spread_secs))
            for _ in range(turns):
                call.delays = Delays.drawn(dice)
                # Long enough for every delay and a second of speech.
                await call.turn(7.0)
                latency = done.pop()
                injected = {"endpointing_wait": VAD_SECS, **call.waited}
                for stage, secs in injected.items():
                    found.append((stage, 1000 * ((latency.secs_of(stage) or 0.0) - secs)))

    await asyncio.gather(*(one(number) for number in range(calls)))
    return found


def accuracy(title: str, found: list[tuple[str, float]]) -> None:
    print(f"\n{title}: error of each stage in ms\n")
    print("| stage | turns | P50 | P95 of the absolute | worst |\n|---|---|---|---|---|")
    for stage in [*dict.fromkeys(name for name, _ in found), "all"]:
        of_stage = [error for name, error in found if stage in (name, "all")]
        absolute = sorted(abs(error) for error in of_stage)
        p95 = absolute[min(len(absolute) - 1, int(0.95 * len(absolute)))]
        print(
            f"| {stage} | {len(of_stage)} | {statistics.median(of_stage):+.2f} "
            f"| {p95:.2f} | {absolute[-1]:.2f} |"
        )


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run in virtual time, where nothing but work takes time."""
    with _virtual_loop() as loop:
        return loop.run_until_complete(main)


@contextlib.contextmanager
def _virtual_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = looptime.new_event_loop(start=1.0)
    try:
        yield loop
    finally:
        loop.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=12, help="length of a call")
    parser.add_argument("--rounds", type=int, default=40, help="calls of each variant")
    parser.add_argument("--calls", type=int, default=20, help="calls at once, in real time")
    parser.add_argument("--turns", type=int, default=3, help="turns of each of them")
    given = parser.parse_args()
    logger.remove()
    accuracy("Virtual time", virtually(errors(20, 5, 0.0)))
    accuracy(
        f"Real time, {given.calls} calls at once",
        asyncio.run(errors(given.calls, given.turns, 5.0)),
    )
    overhead(given.seconds, given.rounds)


if __name__ == "__main__":
    main()
