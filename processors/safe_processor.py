"""A frame processor that cannot lose a lifecycle frame, and that costs the microphone nothing.

In Pipecat 1.14 an exception while a processor handles EndFrame drops that frame, after which the
worker can be neither ended nor cancelled. And each processor queues and handles each of the 50
audio frames that a caller sends a second, though hardly one looks at them. Every processor of ours
stands on this class instead.
"""

from typing import ClassVar

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
from pipecat.processors.frame_processor import FrameCallback, FrameDirection, FrameProcessor

__all__ = ["LIFECYCLE_FRAMES", "Bypass", "SafeProcessor"]

_PASSING = (InputAudioRawFrame, BotSpeakingFrame, UserSpeakingFrame)

LIFECYCLE_FRAMES = (StartFrame, EndFrame, StopFrame, CancelFrame, InterruptionFrame)


class Bypass(FrameProcessor):
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
