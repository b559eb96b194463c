"""Hears of pushes as they happen, and not by way of the queue that a worker has per observer.

A worker hands its processors one observer, which queues every hop of every frame, the caller's
audio above all, to each observer in the worker's list. An observer that wants few frames pays for
all of them. `PushTap` stands before the worker's: it looks at the kind of frame, and hands on.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.observers.base_observer import BaseObserver, FramePushed, ProcessorSetUp

from antiphon.core.protocols import observes_microphone

__all__ = ["PushTap"]


class PushTap(BaseObserver):
    """Stands before a pipeline's observer, and takes in the pushes of some kinds of frames.

    `used` tells whether any push has come this way.
    """

    def __init__(
        self,
        behind: BaseObserver,
        *,
        wanted: Mapping[type[Frame], object],
        take: Callable[[FramePushed], None],
    ) -> None:
        """Create the observer.

        Args:
            behind: The observer that is told of everything.
            wanted: What is true of each kind of frame that is of interest.
            take: Called within the push of such a frame: it must not take long.
        """
        super().__init__()
        self._behind = behind
        self._wanted = wanted
        self._take = take
        self.used = False
        self.observes_microphone = observes_microphone(behind)
        # Nothing of ours stands in this way.
        self.on_process_frame = behind.on_process_frame  # type: ignore[method-assign]

    # Not a coroutine of its own, which every hop would pay for; pyright wants it to be.
    def on_push_frame(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, data: FramePushed
    ) -> Coroutine[Any, Any, None]:
        """Take in what is wanted, and hand on."""
        self.used = True
        if self._wanted[type(data.frame)]:
            self._take(data)
        return self._behind.on_push_frame(data)

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        """Hand on."""
        await self._behind.on_processor_setup(data)
