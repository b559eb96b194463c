"""The speech of a model that speaks itself, made fit for the gate: what it says, and of which item.

Such a model sends sound faster than it is heard, and beside it a transcript that tells no times. It
goes on sending for a moment after it was interrupted, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.text.base_text_aggregator import TextType

from antiphon.processors.interruption.growing import whole_words
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["ModelSpeech", "SpokenTextFrame"]

_SPEECH = (TTSStartedFrame, TTSAudioRawFrame, TTSStoppedFrame, TextFrame, LLMFullResponseEndFrame)
_ENDS = (TTSStoppedFrame, LLMFullResponseEndFrame)


@dataclass
class SpokenTextFrame(TTSTextFrame):
    """More of what a model says, to be laid over all the sound of its reply.

    Parameters:
        final: Whether the reply is complete, text and sound; `text` is then all of it.
    """

    final: bool = False


class ModelSpeech(SafeProcessor):
    """Stands behind a speech-to-speech model: its words to the ledger, and nothing of a cut reply.

    What comes after an interruption and before the next reply begins belongs to what was cut.
    """

    def __init__(self) -> None:
        """Begin with nothing said."""
        super().__init__()
        self._cut = False
        self._source: TTSTextFrame | None = None
        self._said = self._rest = ""

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Forget a reply that is cut.

        Args:
            frame: The lifecycle frame.
            direction: Its direction.
        """
        if isinstance(frame, InterruptionFrame):
            self._cut = True
            self._forget()

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Let what is said pass, its words in a form that can be laid over the sound.

        Args:
            frame: The frame.
            direction: Its direction.
        """
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, LLMFullResponseStartFrame):
                self._cut = False
            elif self._cut and isinstance(frame, _SPEECH):
                return
            for words in self._words(frame):
                await self.push_frame(words)
            if isinstance(frame, TTSTextFrame) and not frame.pts:
                return
        await self.push_frame(frame, direction)

    def _words(self, frame: Frame) -> Iterator[SpokenTextFrame]:
        untimed = isinstance(frame, TTSTextFrame) and not frame.pts
        if self._source is None and (untimed or isinstance(frame, TTSAudioRawFrame)):
            # Whichever comes first: the words are laid over all the sound.
            self._source = TTSTextFrame("", text_type=TextType.SENTENCE)
            yield self._frame("")
        if isinstance(frame, TTSTextFrame) and untimed:
            apart = "" if frame.includes_inter_frame_spaces or not self._said else " "
            whole, self._rest = whole_words(self._rest + apart + frame.text)
            self._said += whole
            if whole:
                yield self._frame(whole)
        elif isinstance(frame, _ENDS) and self._source is not None:
            yield self._frame(self._said + self._rest, final=True)
            self._forget()

    def _frame(self, text: str, *, final: bool = False) -> SpokenTextFrame:
        assert self._source is not None
        frame = SpokenTextFrame(
            text, text_type=self._source.text_type, segment_id=self._source.id, final=final
        )
        frame.includes_inter_frame_spaces = True
        return frame

    def _forget(self) -> None:
        self._source = None
        self._said = self._rest = ""
