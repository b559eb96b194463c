"""What the strategy has to do with the processors by which a caller's turns begin."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_turn_processor import UserTurnProcessor

from antiphon.processors.interruption.doubles import DoubledFinals

__all__ = ["UserAggregators"]


class UserAggregators:
    """The processors of a pipeline that start a caller's turn.

    An interruption empties the queue of the one that starts it: a transcript already waiting there
    would be lost. So each transcript is marked before it gets there, and what a service sends twice
    is emptied, or the answer would be cut for a question that was asked once.
    """

    def __init__(self, on_muted: Callable[..., Awaitable[None]]) -> None:
        self.doubles = DoubledFinals()
        self._on_muted = on_muted
        self._emptied: int | None = None
        # Branches each have an aggregator, and one frame comes to all.
        self._kept: deque[int] = deque(maxlen=16)
        self._write: list[LLMUserAggregator] = []
        self._handled: list[tuple[FrameProcessor, str, Callable[..., Awaitable[None]]]] = []

    def watch(self, processors: Iterable[FrameProcessor]) -> None:
        """Keep their transcripts, and tell when one of them mutes the caller.

        Args:
            processors: All of the pipeline.
        """
        for processor in processors:
            if isinstance(processor, LLMUserAggregator):
                self._handle(processor, "on_user_mute_started", self._on_muted)
                self._write.append(processor)
            if isinstance(processor, LLMUserAggregator | UserTurnProcessor):
                # A speech-to-speech model tells from behind what it has heard.
                for neighbour in filter(None, (processor.previous, processor.next)):
                    self._handle(neighbour, "on_before_push_frame", self._keep)

    async def write_down(self) -> None:
        """Put into the conversation what has come of the caller's words, which is complete."""
        for aggregator in self._write:
            await aggregator.push_aggregation()

    def release(self) -> None:
        """Leave them as they were."""
        for processor, event, handler in self._handled:
            processor.remove_event_handler(event, handler)
        self._handled.clear()
        self._write.clear()

    def _handle(
        self, processor: FrameProcessor, event: str, handler: Callable[..., Awaitable[None]]
    ) -> None:
        processor.add_event_handler(event, handler)
        self._handled.append((processor, event, handler))

    def emptied(self, frame: Frame) -> bool:
        """Return whether a frame was a transcript that had come before.

        Args:
            frame: The frame.
        """
        return frame.id == self._emptied

    async def _keep(self, _: FrameProcessor, frame: Frame) -> None:
        if not isinstance(frame, TranscriptionFrame) or frame.id in self._kept:
            return
        self._kept.append(frame.id)
        frame.interruptible = False
        now = asyncio.get_running_loop().time()
        if self.doubles.again(frame.text, frame.user_id, now):
            # Not "", which a stop strategy takes for a turn without words.
            frame.text = " "
            self._emptied = frame.id
