"""A call around the gate: what is queued, what sounds when, and what the context holds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
    UserBackchannelMessage,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_mute import BaseUserMuteStrategy
from pipecat.turns.user_start import BaseUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import (
    UserTurnStrategies,
    default_user_turn_start_strategies,
)
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.interruption import (
    InterruptionSettings,
    InterruptionStrategy,
    PlaybackGate,
    PlaybackSettings,
)
from antiphon.processors.interruption.decision import Decider
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.transports.memory import MemoryTransport

RATE = 16000
LOUD = 8000


def tone(ms: float) -> bytes:
    """A steady voice: every sample has the same size, so loudness is easy to read."""
    samples = np.full(round(RATE * ms / 1000), LOUD, dtype="<i2")
    samples[::2] *= -1
    return samples.tobytes()


def sentence_frames(text: str, ms: float, *, context_id: str = "c") -> list[Frame]:
    """A sentence as a service without word times sends it."""
    spoken = AggregatedTextFrame(text, text_type="sentence", context_id=context_id)
    spoken.will_be_spoken = True
    spoken.append_to_context = False  # as TTSService sets it
    said = TTSTextFrame(text, text_type="sentence", segment_id=spoken.id, context_id=context_id)
    audio = tone(ms)
    step = RATE // 10 * 2
    return [
        spoken,
        *(
            TTSAudioRawFrame(audio[at : at + step], RATE, 1, context_id=context_id)
            for at in range(0, len(audio), step)
        ),
        said,
    ]


def reply(sentences: Sequence[tuple[str, float]], *, finished: bool = True) -> list[Frame]:
    frames: list[Frame] = [LLMFullResponseStartFrame(), TTSStartedFrame(context_id="c")]
    for text, ms in sentences:
        frames += sentence_frames(text, ms)
    if finished:
        frames += [TTSStoppedFrame(context_id="c"), LLMFullResponseEndFrame()]
    return frames


@dataclass
class Call:
    """A running call whose caller and agent are played by the test."""

    worker: PipelineWorker
    speech_service: FrameProcessor
    gate: PlaybackGate
    strategy: InterruptionStrategy
    transport: MemoryTransport
    context: LLMContext
    assistant: LLMAssistantAggregator
    backchannels: list[str]
    turns: list[float]
    answered: list[float]
    stopped: list[float]

    async def say(self, frames: Sequence[Frame]) -> None:
        """The agent's side. A word's `pts` counts from now on, as the service's clock has it."""
        clock = self.gate.get_clock().get_time()
        for frame in frames:
            if frame.pts:
                frame.pts += clock
            await self.worker.queue_frame(frame)

    async def caller(self, *frames: Frame, every: float = 0.0) -> None:
        """The caller's side: frames as the VAD and the speech service send them."""
        for frame in frames:
            await self.speech_service.push_frame(frame)
            if every:
                await asyncio.sleep(every)

    def said(self, role: str) -> list[str]:
        return [
            str(message.get("content"))
            for message in self.context.messages
            if isinstance(message, dict) and message["role"] == role
        ]

    def loudness(self, since: float = 0.0) -> list[tuple[float, float]]:
        """When each chunk began, and its loudest sample as a share of the voice's."""
        return [
            (round(chunk.at_secs, 3), float(abs(np.frombuffer(chunk.pcm, "<i2")).max()) / LOUD)
            for chunk in self.transport.played
            if chunk.at_secs >= since
        ]

    def silent_from(self, at: float) -> float:
        """How long after a moment the agent can still be heard, in seconds."""
        heard = [begin + 0.04 for begin, loud in self.loudness(at) if loud > 0]
        return max(heard, default=at) - at


def now() -> float:
    return asyncio.get_running_loop().time()


def began(*, start_secs: float = 0.2) -> VADUserStartedSpeakingFrame:
    return VADUserStartedSpeakingFrame(start_secs=start_secs)


def ended(*, stop_secs: float = 0.2) -> VADUserStoppedSpeakingFrame:
    return VADUserStoppedSpeakingFrame(stop_secs=stop_secs)


def interim(text: str) -> InterimTranscriptionFrame:
    return InterimTranscriptionFrame(text, "caller", "")


def final(text: str) -> TranscriptionFrame:
    return TranscriptionFrame(text, "caller", "")


@asynccontextmanager
async def call(
    *,
    settings: InterruptionSettings | None = None,
    playback: PlaybackSettings | None = None,
    decider: Decider | None = None,
    knows_playback: bool = True,
    behind: Sequence[BaseUserTurnStartStrategy] | None = None,
    mutes: Sequence[BaseUserMuteStrategy] = (),
    realtime_service_mode: bool | None = None,
    **options: Any,
) -> AsyncIterator[Call]:
    """Run `user context → gate → transport.output() → assistant context`."""
    gate = PlaybackGate(settings=playback)
    strategy = InterruptionStrategy(
        settings=settings,
        playback=gate if knows_playback else None,
        decider=decider,
        **options,
    )
    speech_service = SafeProcessor()
    transport = MemoryTransport()
    context = LLMContext()
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=UserTurnStrategies(
                start=[strategy, *(behind or default_user_turn_start_strategies())],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)],
            ),
            user_mute_strategies=[*mutes],
        ),
        realtime_service_mode=realtime_service_mode,
    )
    worker = PipelineWorker(
        Pipeline([speech_service, pair.user(), gate, transport.output(), pair.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    started = asyncio.Event()
    backchannels: list[str] = []
    turns: list[float] = []
    answered: list[float] = []
    stopped: list[float] = []

    @worker.event_handler("on_pipeline_started")
    async def on_pipeline_started(*_: object) -> None:
        started.set()

    @pair.user().event_handler("on_user_backchannel")
    async def on_user_backchannel(_: object, message: UserBackchannelMessage) -> None:
        backchannels.append(message.content)

    @pair.user().event_handler("on_user_turn_started")
    async def on_user_turn_started(*_: object) -> None:
        turns.append(now())

    @pair.user().event_handler("on_user_turn_message_added")
    async def on_user_turn_message_added(*_: object) -> None:
        answered.append(now())

    @pair.user().event_handler("on_user_turn_stopped")
    async def on_user_turn_stopped(*_: object) -> None:
        stopped.append(now())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    yield Call(
        worker,
        speech_service,
        gate,
        strategy,
        transport,
        context,
        pair.assistant(),
        backchannels,
        turns,
        answered,
        stopped,
    )
    await worker.queue_frame(EndFrame())
    await running
