"""One whole call in memory, with real VAD, real turn taking and fake services."""

import asyncio
from collections.abc import Sequence

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import EndFrame, InputAudioRawFrame, LLMRunFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.frames import FrameStream, silence, speech
from antiphon.transports.memory import MemoryTransport


async def call(
    stt: FrameProcessor,
    llm: FrameProcessor,
    tts: FrameProcessor,
    heard: FrameStream,
    *,
    observers: Sequence[BaseObserver] = (),
    greet: bool = False,
    smart_turn: bool = False,
) -> tuple[MemoryTransport, LLMContext]:
    """Play one caller's audio to an agent; what it played and what it remembers come back."""
    transport = MemoryTransport()
    context = LLMContext()
    strategies = (
        UserTurnStrategies()
        if smart_turn
        else UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)])
    )
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies
        ),
    )
    processors = [stt, pair.user(), llm, tts]
    await play(transport, processors, pair.assistant(), heard, observers=observers, greet=greet)
    return transport, context


async def play(
    transport: MemoryTransport,
    processors: Sequence[FrameProcessor],
    assistant: FrameProcessor,
    heard: FrameStream,
    *,
    observers: Sequence[BaseObserver] = (),
    greet: bool = False,
) -> None:
    """Play one caller's audio, in its time, to what stands between a transport's two ends."""
    worker = PipelineWorker(
        Pipeline([transport.input(), *processors, transport.output(), assistant]),
        params=PipelineParams(
            audio_in_sample_rate=16_000, audio_out_sample_rate=16_000, enable_metrics=True
        ),
        observers=list(observers),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    if greet:
        await worker.queue_frame(LLMRunFrame())
    loop = asyncio.get_running_loop()
    start = loop.time()
    for item in heard:
        await asyncio.sleep(max(0.0, start + item.at - loop.time()))
        assert isinstance(item.frame, InputAudioRawFrame)
        await transport.send_audio(item.frame.audio)
    await worker.queue_frame(EndFrame())
    await running


def question_then_barge_in() -> FrameStream:
    """A question, and a second one over the answer."""
    return silence(0.2) + speech(1.0) + silence(2.2) + speech(0.8, pitch_hz=140) + silence(2.0)
