"""The model of a call that hears the caller itself, if one does."""

from pipecat.frames.frames import (
    Frame,
    LLMServiceMetadataFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService

__all__ = ["HearingModel"]

# What only a model that hears for itself pushes; one that speaks may be given text all the same.
_TELLING = (TranscriptionFrame, ProposedUserStoppedSpeakingFrame)


class HearingModel:
    """Knows which model it is, and whether it owes an answer.

    Attributes:
        name: The processor; empty if no model hears for itself.
        asked: Whether it has been asked and its answer is not over. Such a model is asked by the
            end of the caller's turn, and may tell that it answers when it already sounds.
    """

    def __init__(self) -> None:
        """Know of none."""
        self.name = ""
        self.asked = False
        self._sounds_until = float("-inf")

    def shows_in(self, frame: Frame, source: FrameProcessor) -> bool:
        """Learn from a frame that a model hears for itself.

        Args:
            frame: The frame.
            source: Who pushes it.

        Returns:
            Whether that was not known.
        """
        if not isinstance(source, LLMService) or self.name == source.name:
            return False
        tells = isinstance(frame, _TELLING) or (
            isinstance(frame, LLMServiceMetadataFrame) and frame.is_realtime_service
        )
        if tells:
            self.name, self.asked = source.name, False
        return tells

    def is_at(self, source: FrameProcessor) -> bool:
        """Whether that is the model."""
        return bool(self.name) and source.name == self.name

    def interrupted(self) -> None:
        """What was asked for is dropped, and what was given is not heard."""
        self.asked = False
        self._sounds_until = float("-inf")

    def gave(self, secs: float, at: float) -> float:
        """Take in sound, which such a model gives faster than it is heard.

        Args:
            secs: How much.
            at: When.

        Returns:
            Until when the caller hears what was given: nothing is missed before.
        """
        self._sounds_until = max(at, self._sounds_until) + secs
        return self._sounds_until
