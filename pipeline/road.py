"""The short road of audio: the caller's to the user aggregator, the agent's to the transport.

Stock Pipecat 1.14 hands each packet to every processor of the pipeline, and tells every observer of
each of these steps. Hardly one looks at it, so here it goes where it is needed and ends there, as
does the word that the agent is still speaking.
"""

from collections.abc import Iterator
from copy import copy

from antiphon.processors.safe_processor import Bypass
from pipecat.frames.frames import (
    BotSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
)
from pipecat.observers.base_observer import (
    BaseObserver,
    FramePushed,
    ProcessorSetUp,
)
from pipecat.pipeline.base_pipeline import BasePipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMUserAggregator,
)
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)

__all__ = ["KeypadAggregator", "LastAggregator", "ListeningUserAggregator", "QuietPipeline"]


class KeypadAggregator(Bypass, DTMFAggregator):
    """Pipecat's keypad aggregator, past which the microphone's audio goes."""


class _EndOfTheRoad(FrameProcessor):
    """Where audio ends, unless a recorder follows."""

    _ends_here = True

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, and see who follows.

        Args:
            setup: Pipecat's setup.
        """
        await super().setup(setup)
        self._ends_here = not any(_records(processor) for processor in _after(self))


class ListeningUserAggregator(_EndOfTheRoad, LLMUserAggregator):
    """Pipecat's user aggregator, at which the microphone's audio ends unless a recorder follows."""

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame that somebody beyond may want.

        Args:
            frame: The frame to push.
            direction: Where to.
        """
        if isinstance(frame, BotSpeakingFrame):
            return
        if not (self._ends_here and isinstance(frame, InputAudioRawFrame)):
            await super().push_frame(frame, direction)


class LastAggregator(_EndOfTheRoad, LLMAssistantAggregator):
    """Pipecat's assistant aggregator, at which audio that was played ends unless it is recorded."""

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Queue a frame that matters here or beyond.

        Args:
            frame: The frame to queue.
            direction: Its direction.
            callback: Called once it has been processed.
        """
        if not (self._ends_here and isinstance(frame, OutputAudioRawFrame | BotSpeakingFrame)):
            await super().queue_frame(frame, direction, callback)


class QuietPipeline(Pipeline):
    """A pipeline that tells observers of each push, but for those of the microphone's audio.

    Stock Pipecat also tells each observer of each processing of each frame, which next to none
    uses. An observer whose `observes_microphone` is not False, as a foreign one, is told it all.
    """

    def __init__(self, pipeline: BasePipeline) -> None:
        """Wrap a pipeline.

        Args:
            pipeline: The pipeline.
        """
        super().__init__([pipeline])
        self._quiet = True

    def admit(self, observer: BaseObserver) -> None:
        """Tell an observer all that it has to know.

        Args:
            observer: An observer of the worker's.
        """
        self._quiet &= not getattr(observer, "observes_microphone", True)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up the pipeline.

        Args:
            setup: The setup, with Pipecat's observer.
        """
        if self._quiet and (observer := setup.observer):
            setup = copy(setup)
            setup.observer = _QuietObserver(observer)
        await super().setup(setup)


class _QuietObserver(BaseObserver):
    def __init__(self, told: BaseObserver) -> None:
        super().__init__()
        self._told = told

    async def on_push_frame(self, data: FramePushed) -> None:
        if not isinstance(data.frame, InputAudioRawFrame):
            await self._told.on_push_frame(data)

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        await self._told.on_processor_setup(data)


def _after(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    while following := processor.next:
        yield following
        processor = following


def _records(processor: FrameProcessor) -> bool:
    return isinstance(processor, AudioBufferProcessor) or (
        isinstance(processor, Bypass) and processor.hears_microphone
    )
