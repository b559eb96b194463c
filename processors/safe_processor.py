"""A frame processor that cannot lose a lifecycle frame, and that costs the microphone nothing.

In Pipecat 1.14 an exception while a processor handles EndFrame drops that frame, after which the
worker can be neither ended nor cancelled. And each processor queues and handles each of the 50
audio frames that a caller sends a second, though hardly one looks at them. A processor that is put
into a second pipeline is taken out of the first without a word, and one call hears the other. Every
processor of ours stands on this class instead.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary, WeakSet, ref

from loguru import logger
from pipecat.frames.frames import (
    BotSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    StartFrame,
    StopFrame,
    UserSpeakingFrame,
)
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)

from antiphon.core.road import Place, misplaced

if TYPE_CHECKING:
    from pipecat.pipeline.worker import PipelineWorker

__all__ = ["LIFECYCLE_FRAMES", "Bypass", "OneCall", "SafeProcessor", "serves", "serves_only"]

_PASSING = (InputAudioRawFrame, BotSpeakingFrame, UserSpeakingFrame)

LIFECYCLE_FRAMES = (StartFrame, EndFrame, StopFrame, CancelFrame, InterruptionFrame)


_serving: WeakKeyDictionary[object, "ref[PipelineWorker]"] = WeakKeyDictionary()
_refused: WeakSet["PipelineWorker"] = WeakSet()


async def serves_only(thing: object, worker: "PipelineWorker") -> bool:
    """Tell whether a thing that holds a call's state is this call's; else end the call.

    Args:
        thing: The first call that asks for it has it for good.
        worker: Runs the call.

    Returns:
        Whether the call may have it. If not, its worker is being cancelled, told in one line.
    """
    if _serving.setdefault(thing, ref(worker))() is worker:
        return True
    await _refuse(worker, thing)
    return False


def serves(thing: object, worker: "PipelineWorker") -> bool:
    """Whether a thing that holds a call's state is at work in this call.

    Args:
        thing: Such as a turn strategy.
        worker: Runs the call.
    """
    served = _serving.get(thing)
    return served is not None and served() is worker


async def _refuse(worker: "PipelineWorker", thing: object) -> None:
    if worker in _refused:
        return
    _refused.add(worker)
    for before, part, after in _linked(worker.pipeline):
        if isinstance(part, OneCall) and not part.serves(worker, before, after):
            part.spare_next_cleanup()
    logger.error(f"{worker}: {_told(thing)}")
    await worker.cancel(reason=_told(thing))


def _told(thing: object) -> str:
    name = type(thing).__name__
    return f"this {name} is another call's: make another {name} for each call"


def _linked(
    pipeline: FrameProcessor,
) -> Iterator[tuple[FrameProcessor, FrameProcessor, FrameProcessor]]:
    """Each processor that is not at an end, with its neighbours by what the pipeline was given."""
    parts = pipeline.processors
    for (before, part), after in zip(pairwise(parts), parts[2:], strict=False):
        yield before, part, after
    for part in parts:
        yield from _linked(part)


_passing_ends: WeakSet[FrameProcessor] = WeakSet()
_ended: WeakSet[FrameProcessor] = WeakSet()


def _let_ends_through(part: FrameProcessor) -> None:
    """Have each `SyncParallelPipeline` pass on an EndFrame that it loses.

    In Pipecat 1.14 it does if each branch says something ahead of that, as ours do with a rest.
    """
    if isinstance(part, SyncParallelPipeline) and part not in _passing_ends:
        _passing_ends.add(part)
        part.add_event_handler("on_before_push_frame", _note_end)
        part.add_event_handler("on_after_process_frame", _pass_lost_end)
    for inner in part.processors:
        _let_ends_through(inner)


async def _note_end(pipeline: FrameProcessor, frame: Frame) -> None:
    if isinstance(frame, EndFrame):
        _ended.add(pipeline)


async def _pass_lost_end(pipeline: FrameProcessor, frame: Frame) -> None:
    if isinstance(frame, EndFrame) and pipeline not in _ended:
        await pipeline.push_frame(frame)


class OneCall(FrameProcessor):
    """Serves one call: neither a second pipeline beside it nor a second run after it.

    Until a call has begun it may be put into another pipeline, as Pipecat lets it. Subclasses
    override `release` rather than `cleanup`.
    """

    _linked_from: FrameProcessor | None = None
    _spared = 0

    def holds(self) -> Sequence[object]:
        """Name what else has to be this call's alone, such as its vault."""
        return ()

    async def release(self) -> None:
        """Let go of what the call needed, once nothing is processed any more."""

    def serves(
        self, worker: "PipelineWorker", before: FrameProcessor, after: FrameProcessor
    ) -> bool:
        """Tell whether this is a worker's: it has begun with it, or would be the first to.

        Args:
            worker: Runs a call.
            before: Who stands before this processor in that worker's pipeline.
            after: Who stands behind it there.
        """
        if served := _serving.get(self):
            return served() is worker
        return self.previous is before and self.next is after

    def spare_next_cleanup(self) -> None:
        """Ignore the cleanup that a call brings which was refused."""
        self._spared += 1

    def link(self, processor: FrameProcessor) -> None:
        """Link to the next processor.

        Args:
            processor: The next processor.

        Raises:
            ValueError: If this processor serves a call, which goes on as it was.
        """
        if self in _serving and self.next is not processor:
            if self._linked_from:
                # The second pipeline has just put its own processor there.
                self._linked_from.link(self)
            raise ValueError(_told(self))
        super().link(processor)
        self._linked_from = self.previous

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up for the call, unless this processor is another's.

        Args:
            setup: Pipecat's setup.
        """
        worker = setup.pipeline_worker
        for before, part, after in _linked(worker.pipeline):
            if part is self and not self.serves(worker, before, after):
                await _refuse(worker, self)
                return
        for thing in (*self.holds(), self):
            if not await serves_only(thing, worker):
                return
        _let_ends_through(worker.pipeline)
        await super().setup(setup)

    async def cleanup(self) -> None:
        """Release what the call needed."""
        if self._spared:
            self._spared -= 1
            return
        await super().cleanup()
        if self in _serving:
            await self.release()


class Bypass(OneCall):
    """Hands on, unqueued, what comes many times a second and is no business of this processor.

    That is the microphone's audio, and the word that somebody is still speaking.

    Attributes:
        hears_microphone: Whether to process them all the same.
    """

    hears_microphone: ClassVar[bool] = False

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Queue a frame, or hand it on.

        Args:
            frame: The frame to queue.
            direction: Its direction.
            callback: Called once it has been processed.
        """
        if isinstance(frame, _PASSING) and not self.hears_microphone and callback is None:
            downstream = direction is FrameDirection.DOWNSTREAM
            if neighbour := self.next if downstream else self.previous:
                await neighbour.queue_frame(frame, direction)
                return
        await super().queue_frame(frame, direction, callback)


class SafeProcessor(Bypass):
    """Forwards every lifecycle frame, whatever its own handling of it did.

    Subclasses override `handle` and `handle_lifecycle` and leave `process_frame` alone. One whose
    `handle` wants the microphone's audio sets `hears_microphone`.

    Attributes:
        belongs: Where in a pipeline, if that matters. That it stands elsewhere is told at the
            start of a call, which goes on.
    """

    belongs: Place | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Route a frame to `handle` or `handle_lifecycle`.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await super().process_frame(frame, direction)
        if not isinstance(frame, LIFECYCLE_FRAMES):
            await self.handle(frame, direction)
            return
        if isinstance(frame, StartFrame) and self.belongs:
            told = misplaced(self, self.belongs, self.pipeline_worker.pipeline)
            if told:
                logger.warning(told)
        try:
            await self.handle_lifecycle(frame, direction)
        except Exception as error:
            # The error's own text may quote speech, so only its type is told.
            await self.push_error(f"{type(error).__name__} while handling {type(frame).__name__}")
        finally:
            await self.push_frame(frame, direction)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Handle a frame that is not a lifecycle frame, and push on what should travel on.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Act on a lifecycle frame before it is forwarded; never push that frame itself.

        What is pushed here goes ahead of the frame: the place to flush at EndFrame, and to
        clear at InterruptionFrame.

        Args:
            frame: One of `LIFECYCLE_FRAMES`.
            direction: The direction in which it travels.
        """
