"""How the processors of a pipeline tell observers: of pushes only, and of those that count.

Stock Pipecat 1.14 tells every observer of each push and each processing of each frame.
"""

from pipecat.frames.frames import Frame, InputAudioRawFrame, StartFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed, ProcessorSetUp
from pipecat.processors.frame_processor import FrameProcessorSetup

__all__ = ["PushObserver"]


class PushObserver(BaseObserver):
    """Stands before Pipecat's observer, and tells it of some pushes and no processing."""

    observes_microphone = False
    _behind: BaseObserver

    def __init__(self) -> None:
        """Create an observer that tells of every push but the microphone's."""
        super().__init__()
        self._told_at = 0
        self.tell((Frame,))

    def tell(self, told: tuple[type[Frame], ...], *, every_secs: float = 0.0) -> None:
        """Tell from now on of other frames.

        Args:
            told: The kinds of frames; of the start it tells whatever they are.
            every_secs: How long it says nothing after each.
        """
        self._told: tuple[type[Frame], ...] = (StartFrame, *told)
        self._every = round(every_secs * 1e9)

    def step_before(self, setup: FrameProcessorSetup) -> FrameProcessorSetup:
        """Stand before the observer of a setup.

        Args:
            setup: Pipecat's, with its observer.

        Returns:
            A setup for the processors.
        """
        if setup.observer is None:
            return setup
        self._behind = setup.observer
        return _QuickSetup(**{**vars(setup), "observer": self})

    async def on_push_frame(self, data: FramePushed) -> None:
        """Tell of a push, if that is wanted."""
        if not isinstance(data.frame, self._told) or isinstance(data.frame, InputAudioRawFrame):
            return
        if data.timestamp >= self._told_at + self._every or isinstance(data.frame, StartFrame):
            self._told_at = data.timestamp
            await self._behind.on_push_frame(data)

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        """Tell of a processor that is set up."""
        await self._behind.on_processor_setup(data)


class _QuickSetup(FrameProcessorSetup):
    # Pipecat's looks at the name of each attribute that is read, which is four times for each push
    # of a frame, to warn of a deprecated one.
    __getattribute__ = object.__getattribute__  # pyright: ignore[reportAssignmentType]
