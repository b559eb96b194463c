"""Real speech, and a call around the processors under test, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest
import soxr
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.services import EspeakSynthesizer
from antiphon.transports import MemoryTransport

F = TypeVar("F", bound=Frame)
Say = Callable[..., bytes]


class LoopClock(BaseClock):
    """The pipeline's clock on the virtual time of the loop."""

    def get_time(self) -> int:
        # Not from zero: Pipecat takes a timestamp of zero for none.
        return int((1 + asyncio.get_running_loop().time()) * 1e9)

    def start(self) -> None:
        pass


class Seen(BaseObserver):
    """Every frame that was pushed, once."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push:
            self.frames.append(data.frame)


@dataclass
class Call:
    """A running call."""

    worker: PipelineWorker
    transport: MemoryTransport
    seen: Seen

    async def hear(self, pcm: bytes, sample_rate_hz: int = 16_000) -> None:
        """Let the caller be heard, at the pace of speech."""
        step = sample_rate_hz // 50 * 2
        for start in range(0, len(pcm), step):
            await self.transport.send_audio(
                pcm[start : start + step], sample_rate_hz=sample_rate_hz
            )
            await asyncio.sleep(0.02)

    def of_type(self, kind: type[F]) -> list[F]:
        return [frame for frame in self.seen.frames if isinstance(frame, kind)]


Calling = Callable[..., AbstractAsyncContextManager[Call]]


@pytest.fixture
def say() -> Say:
    """Speech as PCM: `say("hello")`, with a little silence on both sides."""

    def speech(text: str, *, sample_rate_hz: int = 16_000, voice: str = "en-us+f2") -> bytes:
        spoken = EspeakSynthesizer().synthesize(text, voice=voice)
        samples = soxr.resample(
            np.frombuffer(spoken.pcm, np.int16), spoken.sample_rate_hz, sample_rate_hz
        ).astype(np.int16)
        return bytes(sample_rate_hz * 2 * 3 // 10) + bytes(samples.tobytes())

    return speech


@pytest.fixture
def calling() -> Calling:
    """A call through some processors: `async with calling([stt]) as call`."""

    @asynccontextmanager
    async def running(
        processors: list[FrameProcessor],
        *,
        after_output: list[FrameProcessor] | None = None,
        sample_rate_hz: int = 16_000,
    ) -> AsyncIterator[Call]:
        transport, seen = MemoryTransport(), Seen()
        worker = PipelineWorker(
            Pipeline([transport.input(), *processors, transport.output(), *(after_output or [])]),
            params=PipelineParams(
                audio_in_sample_rate=sample_rate_hz, audio_out_sample_rate=16_000
            ),
            observers=[seen],
            clock=LoopClock(),
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        run = asyncio.create_task(runner.run())
        try:
            await transport.connect()
            yield Call(worker, transport, seen)
        finally:
            await worker.queue_frame(EndFrame())
            await run

    return running


@dataclass
class Agent:
    """A call in which only the agent speaks."""

    call: Any
    context: LLMContext
    speech_began: asyncio.Event

    async def say(self, *sentences: str) -> None:
        await self.call.worker.queue_frames(
            [
                LLMFullResponseStartFrame(),
                *(LLMTextFrame(f"{sentence} ") for sentence in sentences),
                LLMFullResponseEndFrame(),
            ]
        )

    async def queue(self, *frames: Frame) -> None:
        await self.call.worker.queue_frames(list(frames))

    @property
    def said(self) -> list[str]:
        """What the conversation holds of the agent."""
        return [
            str(message.get("content"))
            for message in self.context.get_messages()
            if isinstance(message, dict) and message["role"] == "assistant"
        ]

    @property
    def errors(self) -> list[str]:
        return [frame.error for frame in self.call.of_type(ErrorFrame)]

    @property
    def heard_secs(self) -> float:
        speech = [chunk for chunk in self.call.transport.played if any(chunk.pcm)]
        return float(speech[-1].at_secs + speech[-1].duration_secs - speech[0].at_secs)


@pytest.fixture
def speaking(calling: Calling) -> Callable[..., AbstractAsyncContextManager[Agent]]:
    @asynccontextmanager
    async def running(tts: FrameProcessor) -> AsyncIterator[Agent]:
        context = LLMContext()
        assistant = LLMContextAggregatorPair(context).assistant()
        async with calling([tts], after_output=[assistant]) as call:
            agent = Agent(call, context, asyncio.Event())

            @call.transport.event_handler("on_audio_played")
            async def began(_: object, chunk: object) -> None:
                agent.speech_began.set()

            yield agent

    return running
