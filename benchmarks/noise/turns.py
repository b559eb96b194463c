"""Turns that start for noise in whole pipelines, and what callers notice of it.

    python benchmarks/noise/turns.py [--voices 2] [--seed 0] [--finals-only]

The recordings of `run.py` go through transport, Silero VAD, Pipecat's user aggregator and a voice
that answers each turn with a sentence of two seconds, in virtual time: with Pipecat's default
strategies and with ours, over the same sound. The speech service understands the caller and nobody
else: each word 0.3 s after it ended, the final transcript 0.5 s after the last.

- false: turns that start while the caller does not speak, in all and a minute of noise;
- cut: replies that such a turn cuts off;
- unheard: sentences that are in no turn;
- start: from a sentence's onset until a turn is open, P50 and P90 (0 if one was open already);
- answer: from a sentence's end to the first sound of an answer, P50 and P90.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import looptime
import numpy as np
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

sys.path.append(str(Path(__file__).parents[1] / "interruption"))

from run import KINDS, LEVELS_DBFS, VOICES, Recording, record, with_noise
from scenes import CHUNK_SECS, RATE, ClipTTS, LoopTime, percentile  # type: ignore[import-not-found]

from antiphon.processors.interruption import Interruption
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.transports.memory import MemoryTransport

REPLY = "Your order should be with you by Thursday afternoon."
WORD_LAG_SECS, FINAL_LAG_SECS = 0.3, 0.5
# A turn that the final transcript starts is the caller's.
LATE_SECS = 0.7
SYSTEMS = ("stock", "ours")


@dataclass(kw_only=True)
class Turns:
    """What became of recordings."""

    noise_secs: float = 0.0
    said: int = 0
    false: int = 0
    cut: int = 0
    unheard: int = 0
    starts: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)


def now() -> float:
    return asyncio.get_running_loop().time()


class Model(SafeProcessor):
    """Answers each turn with the same sentence."""

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a turn."""
        if isinstance(frame, LLMContextFrame):
            for each in (
                LLMFullResponseStartFrame(),
                LLMTextFrame(REPLY),
                LLMFullResponseEndFrame(),
            ):
                await self.push_frame(each)
            return
        await self.push_frame(frame, direction)


class Watch(BaseObserver):
    """Notes when turns begin and end, when the agent begins, and when it is interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[type[Frame], list[float]] = {}
        self._known: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note a frame once."""
        frame = data.frame
        siblings = {frame.id, getattr(frame, "broadcast_sibling_id", None)}
        if self._known.isdisjoint(siblings):
            self.seen.setdefault(type(frame), []).append(now())
        self._known |= {each for each in siblings if each is not None}


class Ear(SafeProcessor):
    """Stands where the speech service does."""

    async def tell(self, recording: Recording, began: float, *, interims: bool) -> None:
        """Tell what the caller says, as a service would."""
        for (begins, ends), text in zip(recording.spans, recording.texts, strict=True):
            words = text.split()
            for count in range(1, len(words) + 1):
                at = begins + (ends - begins) * count / len(words) + WORD_LAG_SECS
                await asyncio.sleep(max(0.0, began + at - now()))
                if interims:
                    told = " ".join(words[:count])
                    await self.push_frame(InterimTranscriptionFrame(told, "caller", ""))
            await asyncio.sleep(max(0.0, began + ends + FINAL_LAG_SECS - now()))
            await self.push_frame(TranscriptionFrame(text, "caller", "", finalized=True))


async def call(
    recording: Recording, pcm: bytes, system: str, *, interims: bool
) -> tuple[Watch, float, list[str]]:
    """Make a call; return what was seen, when the recording began, and what was understood."""
    transport, context, ear = MemoryTransport(), LLMContext(), Ear()
    interruption = Interruption()
    stop: list[Any] = [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)]
    ours = system == "ours"
    strategies = interruption.turn_strategies(stop=stop) if ours else UserTurnStrategies(stop=stop)
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=strategies, vad_analyzer=SileroVADAnalyzer()
        ),
    )
    voice = ClipTTS(voice="en-us+f3", timed=True)
    gate = [interruption.playback] if ours else []
    parts = [transport.input(), ear, pair.user(), Model(), voice, *gate]
    watch = Watch()
    worker = PipelineWorker(
        Pipeline([*parts, transport.output(), pair.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        clock=LoopTime(),
        enable_rtvi=False,
        idle_timeout_secs=None,
        observers=[watch],
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    began = now()
    telling = asyncio.create_task(ear.tell(recording, began, interims=interims))
    step = round(RATE * CHUNK_SECS) * 2
    for count, at in enumerate(range(0, len(pcm), step)):
        await asyncio.sleep(max(0.0, began + count * CHUNK_SECS - now()))
        await transport.send_audio(pcm[at : at + step], sample_rate_hz=RATE)
    await telling
    await worker.queue_frame(EndFrame())
    await running
    said = [str(m["content"]) for m in context.messages if m["role"] == "user"]  # type: ignore[index, call-overload]
    return watch, began, said


def in_virtual_time(*arguments: Any, **options: Any) -> tuple[Watch, float, list[str]]:
    loop = looptime.patch_event_loop(asyncio.SelectorEventLoop())
    loop.setup_looptime(start=0, noop_cycles=2)

    def at_once(_: object, act: Any, *args: Any) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = loop.create_future()
        done.set_result(act(*args))
        return done

    loop.run_in_executor = at_once  # type: ignore[method-assign, assignment]
    try:
        return loop.run_until_complete(call(*arguments, **options))
    finally:
        loop.close()


def judge(
    turns: Turns, recording: Recording, watch: Watch, began: float, understood: list[str]
) -> None:
    """Count what became of a call."""
    said = [(began + begins, began + ends) for begins, ends in recording.spans]
    starts = watch.seen.get(UserStartedSpeakingFrame, [])
    stops = watch.seen.get(UserStoppedSpeakingFrame, [])
    cuts = watch.seen.get(InterruptionFrame, [])
    answers = watch.seen.get(BotStartedSpeakingFrame, [])
    false = [
        at
        for at in starts
        if not any(begins - 0.1 <= at <= ends + LATE_SECS for begins, ends in said)
    ]
    turns.false += len(false)
    turns.cut += sum(
        any(abs(cut - at) < 0.05 for at in false)
        and any(answer < cut < answer + 2.0 for answer in answers)
        for cut in cuts
    )
    turns.noise_secs += said[-1][1] - began - sum(ends - begins for begins, ends in said)
    turns.said += len(said)
    heard = " ".join(understood)
    turns.unheard += sum(text not in heard for text in recording.texts)
    for begins, ends in said:
        open_since = max((at for at in starts if at <= begins), default=None)
        closed = open_since is None or any(open_since < at <= begins for at in stops)
        later = [at - begins for at in starts if begins < at <= ends + LATE_SECS]
        turns.starts.append(0.0 if not closed else min(later, default=float("inf")))
        turns.answers.append(min((at - ends for at in answers if at > ends), default=float("inf")))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--voices", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--finals-only", action="store_true", help="no interim transcripts")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--snrs", nargs="+", type=float, default=[20.0, 10.0, 5.0])
    options = parser.parse_args()
    logger.remove()
    random = np.random.default_rng(options.seed)
    recordings = [record(voice, random) for voice in VOICES[: options.voices]]
    print("| noise | SNR, dB | | false | a minute | cut | unheard | start, s | answer, s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for snr_db, kind in [(0.0, None), *product(options.snrs, options.kinds)]:
        rows = {system: Turns() for system in SYSTEMS}
        for (number, recording), level_dbfs in product(enumerate(recordings), LEVELS_DBFS):
            pcm = with_noise(recording, level_dbfs, kind, snr_db, options.seed * 100 + number)
            for system, turns in rows.items():
                found = in_virtual_time(
                    recording, pcm.tobytes(), system, interims=not options.finals_only
                )
                judge(turns, recording, *found)
        for system, turns in rows.items():
            times = [
                f"{percentile(secs, 0.5):.2f} / {percentile(secs, 0.9):.2f}"
                for secs in (turns.starts, turns.answers)
            ]
            print(
                f"| {kind or 'none'} | {snr_db if kind else '-'} | {system} | {turns.false} "
                f"| {turns.false / turns.noise_secs * 60:.1f} | {turns.cut} "
                f"| {turns.unheard} of {turns.said} | {' | '.join(times)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
