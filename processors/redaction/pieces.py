"""Text that comes in pieces through a pipeline: what leaves of it, and in which frame."""

from typing import Any

from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.frames import renewed
from pipecat.frames.frames import Frame

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
        self._last: Any = None

    @property
    def noticed(self) -> int:
        """How often something personal has left, hidden or not."""
        return self._stream.noticed

    def feed(self, frame: Any) -> Frame | None:
        """Take the next piece; gives what may leave now, if anything."""
        # A piece with no spaces of its own is a word.
        space = "" if _has_spaces(frame) or self._last is None else " "
        self._last = frame
        return self._leaving(self._stream.feed(space + frame.text))

    def flush(self) -> Frame | None:
        """The text has ended: gives what is left of it, if anything."""
        left = self._leaving(self._stream.flush()) if self._last else None
        self._last = None
        return left

    def clear(self) -> None:
        """Forget what is held, as after an interruption."""
        self._stream.clear()
        self._last = None

    def _leaving(self, text: str) -> Frame | None:
        if not _has_spaces(self._last):
            text = text.strip()
        return renewed(self._last, text=text) if text else None


def _has_spaces(frame: Any) -> bool:
    return bool(getattr(frame, "includes_inter_frame_spaces", True))
