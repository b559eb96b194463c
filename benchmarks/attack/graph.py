"""The strict check, by what comes out: an unredacted branch, a switcher, a changed Pipecat."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    TextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.workers.runner import WorkerRunner
from rows import CARD, Row, traces

from antiphon.processors.redaction import (
    PIIRedactor,
    Policy,
    RedactingRTVIProcessor,
    guard_logs,
)
from antiphon.processors.redaction.guards.check import UnguardedError
from antiphon.simulation.fakes import FakeLLM, FakeTTS

__all__ = ["graph"]


class Stt(STTService):
    """Hears a card in everything."""

    def __init__(self) -> None:
        super().__init__(settings=STTSettings(model="m", language=None))

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield TranscriptionFrame(text=f"my card is {CARD}", user_id="", timestamp="t")


class End(FrameProcessor):
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.sound = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            self.text += frame.text
        self.sound += isinstance(frame, TTSAudioRawFrame)
        await self.push_frame(frame, direction)


def strict() -> PIIRedactor:
    return PIIRedactor(policy=Policy.preset("strict"))


def worker(*processors: FrameProcessor, **options: Any) -> PipelineWorker:
    pipeline = Pipeline(list(processors))
    return PipelineWorker(pipeline, rtvi_processor=RedactingRTVIProcessor(), **options)


async def arrives(*processors: FrameProcessor, frame: Frame) -> End:
    """What comes out at the end of a call."""
    end = End()
    call = worker(*processors, end)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(call)

    async def feed() -> None:
        await asyncio.sleep(0.3)
        await call.queue_frame(frame)
        await asyncio.sleep(1.5)
        await call.queue_frame(EndFrame())

    async with asyncio.timeout(20):
        await asyncio.gather(runner.run(), feed())
    return end


async def graph(*, quick: bool) -> AsyncIterator[Row]:
    """Try graphs on a strict policy."""
    guard_logs()
    audio = InputAudioRawFrame(b"\0\0" * 160, 16000, 1)
    plain = await arrives(Stt(), strict(), frame=audio)
    beside = await arrives(ParallelPipeline([Stt()], [Stt(), strict()]), frame=audio)
    yield Row(
        fact="6 strict check",
        done="an unredacted branch beside a redacted one, under the strict policy",
        seen="a card at the end" if traces(beside.text) else "nothing at the end",
        wanted="nothing at the end (and of one redacted branch, its words)",
        ok=not traces(beside.text) and "my card is" in plain.text,
    )
    context = LLMContextFrame(LLMContext([{"role": "user", "content": "hello"}]))
    models: list[Any] = [FakeLLM(script=["Good morning."]) for _ in range(2)]
    switched = await arrives(
        LLMSwitcher(models),
        strict(),
        FakeTTS(),
        frame=context,
    )
    yield Row(
        fact="6 strict check",
        done="a switcher of two models before one redactor and a voice",
        seen=f"{switched.sound} packets of sound",
        wanted="more than 0",
        ok=switched.sound > 0,
    )
    yield _blind()


def _blind() -> Row:
    """A later Pipecat, in which what says whether spans are written is called otherwise."""
    redactor = strict()
    traced = worker(Stt(), redactor, enable_tracing=True)
    vars(traced).pop("_enable_tracing", None)
    try:
        ways = redactor.check(traced)
    except UnguardedError as error:
        ways = error.ways
    return Row(
        fact="6 strict check",
        done="tracing without a guard, in a Pipecat that does not say so",
        seen=f"refused: {ways[0][:40]}" if ways else "passes",
        wanted="refused",
        ok=bool(ways),
    )
