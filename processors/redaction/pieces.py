"""Text that comes in pieces through a pipeline: what leaves of it, and in which frame."""

from collections.abc import Iterator
from typing import Any

from pipecat.frames.frames import Frame

from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.frames import renewed

__all__ = ["Pieces"]


class Pieces:
    """A stream of text frames: what is held back leaves in one like the last that came.

    Args:
        stream: Holds back what may become something personal.

    Attributes:
        counts: What was replaced, by entity type.
    """

    def __init__(self, stream: StreamRedactor) -> None:
        self.counts = stream.redactor.counts
        self._stream = stream
        self._noticed = 0
        self._last: Any = None

    def has_noticed(self) -> bool:
        """Whether something personal has left, hidden or not, since this was last asked."""
        before, self._noticed = self._noticed, self._stream.noticed
        return self._noticed > before

    def feed(self, frame: Any) -> Iterator[Frame]:
        """Take the next piece; gives what may leave now, if anything."""
        # A piece with no spaces of its own is a word.
        space = "" if _has_spaces(frame) or self._last is None else " "
        self._last = frame
        yield from self._leaving(self._stream.feed(space + frame.text))

    def flush(self) -> Iterator[Frame]:
        """The text has ended: gives what is left of it, if anything."""
        if self._last:
            yield from self._leaving(self._stream.flush())
        self._last = None

    def clear(self) -> None:
        """Forget what is held, as after an interruption."""
        self._stream.clear()
        self._last = None

    def _leaving(self, text: str) -> Iterator[Frame]:
        if not _has_spaces(self._last):
            text = text.strip()
        if text:
            yield renewed(self._last, text=text)


def _has_spaces(frame: Any) -> bool:
    return bool(getattr(frame, "includes_inter_frame_spaces", True))
