"""A service that does its work is not called stuck, whatever pipeline it stands in."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputImageRawFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.latency import LatencyObserver
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time


async def ask(call: Any) -> None:
    await call.speak()
    await asyncio.sleep(15)


class Painter(FrameProcessor):
    """A picture for each sentence, which takes a while."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            await asyncio.sleep(1)
            await self.push_frame(OutputImageRawFrame(bytes(12), (2, 2), "RGB"))
        else:
            await self.push_frame(frame, direction)


class Unspoken(FrameProcessor):
    """Keeps an answer from the voice: all that the model writes, or its text alone."""

    def __init__(self, *kinds: type[Frame]) -> None:
        super().__init__()
        self._kinds = kinds

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, self._kinds):
            frame.skip_tts = True  # type: ignore[attr-defined]
        await self.push_frame(frame, direction)


async def test_a_voice_that_waits_for_a_picture_with_each_sentence_is_not_stuck(
    run_call: Any,
) -> None:
    call = await run_call(ask, around_tts=lambda tts: SyncParallelPipeline([tts], [Painter()]))
    assert call.tts.spoken == ["We are open from nine.", "Come in."]
    assert call.stalls == []


@pytest.mark.parametrize(
    "kinds",
    [
        (LLMTextFrame,),
        (LLMTextFrame, LLMFullResponseStartFrame, LLMFullResponseEndFrame),
    ],
)
async def test_an_answer_that_is_only_to_be_read_is_an_answer(run_call: Any, kinds: Any) -> None:
    call = await run_call(ask, after_llm=[Unspoken(*kinds)], sentences=False)
    assert call.tts.spoken == []
    assert call.stalls == []


class SpeechToSpeech(LLMService):
    """Hears and speaks itself, with what it says in writing or without."""

    def __init__(self, *, writes: bool, ends_with: Callable[[], list[Frame]]) -> None:
        super().__init__()
        self._writes, self._ends_with = writes, ends_with

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, UserStoppedSpeakingFrame):
            self.create_task(self._answer())
        await self.push_frame(frame, direction)

    async def _answer(self) -> None:
        await asyncio.sleep(0.6)
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(TTSStartedFrame())
        for count in range(60):
            if self._writes and count < 8:
                await self.push_frame(LLMTextFrame("word "))
                await self.push_frame(TTSTextFrame("word ", text_type="sentence"))
            await self.push_frame(TTSAudioRawFrame(b"\x40\x10" * 1600, 16000, 1))
            await asyncio.sleep(0.1)
        for frame in self._ends_with():
            await self.push_frame(frame)


class LoopClock(BaseClock):
    def get_time(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e9)

    def start(self) -> None:
        pass


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    "ends_with",
    [
        lambda: [TTSStoppedFrame(), LLMFullResponseEndFrame()],
        lambda: [LLMFullResponseEndFrame(), TTSStoppedFrame()],
    ],
    ids=["voice first", "model first"],
)
async def test_a_model_that_speaks_itself_is_not_stuck_and_its_answers_are_counted(
    ends_with: Callable[[], list[Frame]], writes: bool
) -> None:
    transport, told = MemoryTransport(), []
    observer = LatencyObserver(process=LatencyStats())
    observer.add_event_handler("on_stall", lambda _, stall: told.append(stall.kind))
    turns = UserTurnStrategies(
        start=[VADUserTurnStartStrategy()],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.3)],
    )
    pair = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(user_turn_strategies=turns),
        realtime_service_mode=True,
    )
    model = SpeechToSpeech(writes=writes, ends_with=ends_with)
    worker = PipelineWorker(
        Pipeline([transport.input(), pair.user(), model, transport.output(), pair.assistant()]),
        params=PipelineParams(audio_out_sample_rate=16000),
        clock=LoopClock(),
        observers=[observer],
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    await transport.send_frame(VADUserStartedSpeakingFrame(start_secs=0.2))
    await asyncio.sleep(1)
    await transport.send_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    await asyncio.sleep(15)
    await worker.cancel()
    await running
    assert told == []
    assert [turn.kind for turn in observer.turns] == [TurnKind.ANSWERED]
