"""A frame processor that cannot lose a lifecycle frame.

In Pipecat 1.14 an exception while a processor handles EndFrame drops that frame, after which the
worker can be neither ended nor cancelled. Every processor of ours stands on this class instead.
"""

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    StartFrame,
    StopFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

__all__ = ["LIFECYCLE_FRAMES", "SafeProcessor"]

LIFECYCLE_FRAMES = (StartFrame, EndFrame, StopFrame, CancelFrame, InterruptionFrame)


class SafeProcessor(FrameProcessor):
    """Forwards every lifecycle frame, whatever its own handling of it did.

    Subclasses override `handle` and `handle_lifecycle` and leave `process_frame` alone.
    """

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
