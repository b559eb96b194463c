"""What has been heard so far of an utterance, of whose transcript a service tells only what is new.

A speech-to-speech model may tell a word, or half of one, at a time: too little to know a name or a
number by. An STT tells the whole again each time, as everybody after it expects.
"""

from pipecat.frames.frames import InterimTranscriptionFrame

__all__ = ["Interims"]

MOST_CHARS = 1000


class Interims:
    """Puts the pieces of growing transcripts together."""

    def __init__(self) -> None:
        self._text = ""
        self._item: object = None

    def whole(self, frame: InterimTranscriptionFrame) -> str:
        """The text of an interim transcript with what came before it."""
        if getattr(frame.result, "delta", None) != frame.text:
            return frame.text
        item = getattr(frame.result, "item_id", None)
        begun = self._text if item == self._item else ""
        self._item, self._text = item, (begun + frame.text)[-MOST_CHARS:]
        return self._text

    def end(self) -> None:
        """The final transcript is there."""
        self._text = ""
