"""What a speech-to-speech model is given to read or to say, as there is no other ear or voice."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    DataFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["TO_SAY", "ErrandsForModel", "Replies", "to_say"]

TO_SAY = "Say this to the caller now, word for word and nothing else: "

# Of a model that is dead nothing more comes, and the call is to end.
MUTE_SECS = 5.0
LONGEST_SECS = 20.0

# Of two replies, one begins as the other ends.
BETWEEN_REPLIES_SECS = 0.1


def to_say(text: str) -> LLMMessagesAppendFrame:
    """Ask a speech-to-speech model to say something; there is no other voice in the call.

    Args:
        text: What it is to say.
    """
    asked: Any = {"role": "developer", "content": TO_SAY + text}
    return LLMMessagesAppendFrame([asked], run_llm=True)


class Replies:
    """Whether a reply is still to come or to be completed, of one that is asked for besides."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._on_the_way = self._owed = self._under_way = False

    @property
    def pending(self) -> bool:
        """Whether more is to come."""
        return self._on_the_way or self._owed or self._under_way

    def asked(self) -> None:
        """Something is to be said, once what is being said has been."""
        self._on_the_way = True

    def delivered(self) -> None:
        """The model has been asked for a reply."""
        self._owed |= self._on_the_way
        self._on_the_way = False

    def started(self) -> None:
        """A reply begins, which may be told twice."""
        self._owed &= self._under_way
        self._under_way = True

    def ended(self) -> None:
        """A reply is complete."""
        self._under_way = False

    def cut(self) -> None:
        """The caller has the turn: nothing that was to be said is."""
        self._on_the_way = self._owed = self._under_way = False


@dataclass
class _ErrandFrame(DataFrame):
    """Something for the model comes by."""


class ErrandsForModel(SafeProcessor):
    """Stands before the user aggregator, and gives the model what would be nobody's.

    That is what is keyed, which the aggregator would keep for the caller's next words, and what the
    agent is to say of its own accord. An end waits until all of that has been said: the service
    hangs up on its model at once.
    """

    def __init__(self, service: FrameProcessor) -> None:
        """Watch what the model says.

        Args:
            service: The model's.
        """
        super().__init__()
        self._replies = Replies()
        self._changed = asyncio.Event()
        self._agent_speaks = False
        self._since = 0.0
        service.add_event_handler("on_before_process_frame", self._see_asked)
        service.add_event_handler("on_before_push_frame", self._see_said)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Turn keys into a message to the model, which answers it, and what is to be said as well.

        Args:
            frame: The frame.
            direction: Its direction.
        """
        down = direction is FrameDirection.DOWNSTREAM
        if isinstance(frame, TranscriptionFrame) and down:
            keyed: Any = {"role": "user", "content": frame.text}
            await self._tell(LLMMessagesAppendFrame([keyed], run_llm=True))
        elif isinstance(frame, TTSSpeakFrame) and down:
            await self._say(frame)
        else:
            if isinstance(frame, BotStartedSpeakingFrame | BotStoppedSpeakingFrame):
                self._agent_speaks = isinstance(frame, BotStartedSpeakingFrame)
                self._note()
            await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Let an end wait for what is still to be said, unless the caller interrupts it.

        Args:
            frame: The lifecycle frame.
            direction: Its direction.
        """
        if isinstance(frame, InterruptionFrame):
            self._note(self._replies.cut)
        elif isinstance(frame, EndFrame):
            await self._all_said()

    async def _say(self, frame: TTSSpeakFrame) -> None:
        if frame.text.strip():
            self._note(self._replies.asked)
            await self._tell(to_say(frame.text))

    async def _tell(self, frame: Frame) -> None:
        if user := self.next:

            async def tell(*_: object) -> None:
                await user.push_frame(frame)

            # Behind the interruption that a first key has made, which would cut the answer.
            await user.queue_frame(_ErrandFrame(), callback=tell)

    async def _see_asked(self, _: FrameProcessor, frame: Frame) -> None:
        if isinstance(frame, LLMContextFrame):
            self._note(self._replies.delivered)

    async def _see_said(self, _: FrameProcessor, frame: Frame) -> None:
        if isinstance(frame, LLMFullResponseStartFrame):
            self._note(self._replies.started)
        elif isinstance(frame, LLMFullResponseEndFrame):
            self._note(self._replies.ended)
        elif isinstance(frame, TTSSpeakFrame):
            # As a tool pushes it, to what is a voice elsewhere.
            await self._say(frame)

    def _note(self, what: Callable[[], None] | None = None) -> None:
        if what:
            what()
        self._since = _now()
        self._changed.set()

    async def _all_said(self) -> None:
        began = self._since = _now()
        while (left := LONGEST_SECS + began - _now()) > 0:
            if not self._replies.pending:
                left = min(left, self._since + BETWEEN_REPLIES_SECS - _now())
            elif not self._agent_speaks:
                left = min(left, self._since + MUTE_SECS - _now())
            if left <= 1e-3:
                return
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                continue


def _now() -> float:
    return asyncio.get_running_loop().time()
