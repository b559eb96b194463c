"""What of an answer a voice is given to say, and what only passes it, to be read."""

from collections.abc import Sequence

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
)

from antiphon.processors.latency.core.moments import Moment

__all__ = ["VoiceText"]


class VoiceText:
    """Follows the text that reaches the voice."""

    def __init__(self) -> None:
        """Begin with none."""
        self._said = self._shown = False

    def takes(self, frame: Frame) -> Sequence[Moment]:
        """Take in a frame on its way to the voice, and tell what that means.

        Args:
            frame: The frame.
        """
        if isinstance(frame, LLMFullResponseEndFrame):
            shown = frame.skip_tts or (self._shown and not self._said)
            self.dropped()
            return (Moment.TEXT_GIVEN, Moment.SHOWN) if shown else (Moment.TEXT_GIVEN,)
        if isinstance(frame, LLMTextFrame | AggregatedTextFrame) and any(
            char.isalnum() for char in frame.text
        ):
            self._shown |= bool(frame.skip_tts)
            self._said |= not frame.skip_tts
        return ()

    def dropped(self) -> None:
        """Forget what came of an answer."""
        self._said = self._shown = False
