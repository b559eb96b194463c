"""A call's pipeline: whom it tells what, and what leaves it."""

from collections.abc import Sequence

from pipecat.frames.frames import ErrorFrame, Frame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup

from antiphon.core.pipecat_internals import Part, known
from antiphon.core.protocols import observes_microphone
from antiphon.pipeline.fast_path.observers import PushObserver
from antiphon.processors.redaction.guards.errors import redacted_error

__all__ = ["GuardedPipeline", "QuietGuardedPipeline", "QuietPipeline"]


class QuietPipeline(Pipeline):
    """A pipeline that tells observers of each push, but for those of the microphone's audio.

    Stock Pipecat also tells each observer of each processing of each frame, which next to none
    uses. An observer whose `observes_microphone` is not False, as a foreign one, is told it all.
    """

    def __init__(self, processors: Sequence[FrameProcessor]) -> None:
        """Link the processors.

        Args:
            processors: The processors, in their order.
        """
        super().__init__(processors)
        self._quiet = True
        self._push_observer = PushObserver()

    def observe_only(self, frames: tuple[type[Frame], ...], *, every_secs: float) -> None:
        """Tell of nothing else but the start: nobody observes but the watch for an idle call.

        Args:
            frames: The kinds of frames for which it waits.
            every_secs: How long it is not told again; so much too early it takes a call for idle.
        """
        self._push_observer.tell(frames, every_secs=every_secs)

    def accept_observer(self, observer: BaseObserver) -> None:
        """Tell an observer all that it has to know.

        Args:
            observer: An observer of the worker's.
        """
        self._quiet &= not observes_microphone(observer)
        self._push_observer.tell((Frame,))

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up the pipeline.

        Args:
            setup: The setup, with Pipecat's observer.
        """
        if self._quiet and known(Part.OBSERVERS):
            setup = self._push_observer.step_before(setup)
        await super().setup(setup)


class GuardedPipeline(Pipeline):
    """A pipeline that no error leaves with what somebody said.

    Not every error passes a redactor on its way up, and on the phone no RTVI processor stands
    between the pipeline and its worker.
    """

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame out of the pipeline, an error redacted.

        Args:
            frame: The frame to push.
            direction: Where to.
        """
        if isinstance(frame, ErrorFrame):
            frame = redacted_error(frame)
        await super().push_frame(frame, direction)


class QuietGuardedPipeline(GuardedPipeline, QuietPipeline):
    """Both."""
