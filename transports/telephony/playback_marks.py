"""What the far end has played, from the marks it sends back.

A provider buffers audio, so what was sent is not what was heard. A mark set after some audio comes
back once that audio has been played, or at once when the buffer is cleared.
"""

from collections import OrderedDict
from dataclasses import dataclass

__all__ = ["PlaybackMark", "PlaybackMarks"]

# A far end that never answers must not fill memory: 256 marks are 50 s of speech.
MAX_WAITING_MARKS = 256


@dataclass(frozen=True, kw_only=True)
class PlaybackMark:
    """A mark that came back.

    Parameters:
        position_secs: Seconds of audio that had been sent on this call when the mark was set.
        cleared: Whether the buffer was cleared after the mark was set. A cleared mark proves
            nothing: all, some or none of the audio since the mark before it was played.
        delay_secs: Seconds from the end of that audio's turn, when it would have been played if
            nothing lay between, until the mark came back: the far end's buffer and the network.
        packet_secs: Seconds of the packet before the mark, which began to sound by so much earlier.
    """

    position_secs: float
    cleared: bool
    delay_secs: float
    packet_secs: float


@dataclass
class _Waiting:
    position_secs: float
    due_secs: float
    packet_secs: float
    cleared: bool = False


class PlaybackMarks:
    """The marks of one call: when to set one, and what it means when it comes back."""

    def __init__(self, *, every_secs: float = 0.2) -> None:
        """Create the ledger.

        Args:
            every_secs: Seconds of audio between two marks of the same utterance. Heard text is
                known to about half of this.
        """
        self._every_secs = every_secs
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._count = 0
        self._sent_secs = 0.0
        self._marked_secs = 0.0
        self._due_at_secs = 0.0
        self._last_secs = 0.0
        self._until = 0.0

    def sent(self, secs: float, *, until: float) -> None:
        """Note that audio was sent.

        Args:
            secs: The length of the audio in seconds.
            until: When its turn is over, in seconds.
        """
        self._sent_secs += secs
        self._last_secs = secs
        self._until = until

    def due(self) -> str | None:
        """Set a mark after what was sent last, if one is due.

        Returns:
            The name of the mark; None unless it is an utterance's first chunk, or `every_secs` were
            sent since the mark before.
        """
        # Half a packet early rather than a whole one late: packets add up with rounding errors.
        is_due = self._sent_secs + self._last_secs / 2 >= self._due_at_secs
        return self._set(self._until) if is_due and self._sent_secs > self._marked_secs else None

    def finished(self, *, now: float) -> str | None:
        """Note that an utterance has been sent whole.

        Args:
            now: The time in seconds.

        Returns:
            The name of the mark to set after it, unless its last chunk has one.
        """
        name = self._set(now) if self._sent_secs > self._marked_secs else None
        self._due_at_secs = self._sent_secs
        return name

    def cleared(self) -> None:
        """Note that the far end was told to drop what it has not played."""
        self._marked_secs = self._due_at_secs = self._sent_secs
        for mark in self._waiting.values():
            mark.cleared = True

    def came_back(self, name: str, *, now: float) -> PlaybackMark | None:
        """Note that a mark came back.

        Args:
            name: The mark's name.
            now: The time in seconds.

        Returns:
            What it means, or None if no such mark was waiting.
        """
        mark = self._waiting.pop(name, None)
        if mark is None:
            return None
        return PlaybackMark(
            position_secs=mark.position_secs,
            cleared=mark.cleared,
            delay_secs=now - mark.due_secs,
            packet_secs=mark.packet_secs,
        )

    def _set(self, due_secs: float) -> str:
        self._count += 1
        self._marked_secs = self._sent_secs
        self._due_at_secs = self._sent_secs + self._every_secs
        name = f"p{self._count}"
        self._waiting[name] = _Waiting(
            position_secs=self._sent_secs, due_secs=due_secs, packet_secs=self._last_secs
        )
        if len(self._waiting) > MAX_WAITING_MARKS:
            self._waiting.popitem(last=False)
        return name
