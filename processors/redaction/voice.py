"""The frames of what an agent says: before a voice has it, and as the voice says it.

Before, placeholders give way to what the ear may hear. After, what the voice tells that it has said
is on its way to the model's context, so it is redacted again, word by word.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pipecat.frames.frames import AggregatedTextFrame, Frame, LLMTextFrame, TTSTextFrame

from antiphon.processors.redaction.core.announced import Announced, Look
from antiphon.processors.redaction.core.ear import Ear
from antiphon.processors.redaction.core.entities import merge
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.frames import PIIRedactedFrame, renewed
from antiphon.processors.redaction.pieces import Pieces

__all__ = ["SaidWords", "Saying"]


class Saying:
    """What is about to be said.

    Args:
        ear: Knows what may be heard.
    """

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._last: LLMTextFrame | None = None

    def token(self, frame: LLMTextFrame) -> Iterator[Frame]:
        """Take a piece of a reply; a placeholder may come in several."""
        self._last = frame
        text = self._ear.feed(frame.text)
        if text or not frame.text:
            yield renewed(frame, text=text)

    def flush(self) -> Iterator[Frame]:
        """The reply has ended."""
        text = self._ear.flush()
        if self._last and text:
            yield renewed(self._last, text=text)

    def whole(self, frame: Any) -> Frame:
        """Take a text that comes whole; a voice's words name it by its id."""
        changes = {"text": self._ear.say(frame.text)}
        if getattr(frame, "raw_text", None):
            changes["raw_text"] = self._ear.say(frame.raw_text)
        new: Frame = renewed(frame, **changes)
        new.id = frame.id
        return new


class SaidWords:
    """What a voice tells that it has said.

    Args:
        core: Looks at what was announced; its vault knows what the voice was given to say.
        stream: Looks at words of which no sentence was announced, as of a speech-to-speech model.
    """

    def __init__(self, core: Redactor, stream: StreamRedactor) -> None:
        self.counts = stream.redactor.counts
        self._core = core
        self._pieces = Pieces(stream)
        self._announced = Announced(self._look, self._replacement)

    def announce(self, frame: AggregatedTextFrame) -> None:
        """Note a sentence that is about to be said."""
        self._announced.note(frame.id, frame.raw_text or frame.text)

    def word(self, frame: TTSTextFrame) -> Iterator[Frame]:
        """Take the next word; gives what may go on by now."""
        if not frame.append_to_context or not frame.text.strip():
            # No model reads it: another frame brings the words that stand for it.
            yield frame
            return
        text = frame.raw_text or frame.text
        shown = self._announced.said(frame.segment_id, text)
        if shown is None:
            piece = frame if text == frame.text else renewed(frame, text=text, raw_text=None)
            yield from self._left(self._pieces.feed(piece))
            return
        known, begins = shown
        if begins:
            yield PIIRedactedFrame(agent=True)
        if known == text:
            yield frame
        elif known:
            yield renewed(frame, text=known, raw_text=None)

    def flush(self) -> Iterator[Frame]:
        """The voice has stopped."""
        yield from self._left(self._pieces.flush())

    def clear(self) -> None:
        """Forget what is held, as after an interruption."""
        self._pieces.clear()
        self._announced.clear()

    def _left(self, leaving: Iterable[Frame]) -> Iterator[Frame]:
        left = list(leaving)
        if self._pieces.has_noticed():
            yield PIIRedactedFrame(agent=True)
        yield from left

    def _look(self, text: str) -> Look:
        found = merge([*self._core.find(text), *self._core.vault.said_in(text)])
        return Look(found, [entity for entity in found if self._core.hides(entity)])

    def _replacement(self, entity: Any) -> str:
        self.counts[entity.type] += 1
        return self._core.replacement(entity)
