"""How far the far end has played what was sent to it.

Pure: by its marks, which tell what it has played and how late; where none come, by the clock alone.
Positions are milliseconds of agent audio since the last `clear`; times are seconds on any clock
that only goes forward.
"""

from collections import deque

__all__ = ["FarEnd"]

# Less is a pace that is not kept to the millisecond.
_GAP_SECS = 0.1
# A telephone transport sets a mark every 200 ms. What is further from the last is not played yet,
# unless so many marks in a row were lost before, and one more.
_UNPROVEN_MS = 300.0
# A mark that is later by so much than any before it is lost.
_LOST_SECS = 1.0
# A far end that has sent no mark by then sends none.
_PATIENCE_SECS = 4.0
# Half a packet: the transport's is sent a little before or after the gate's piece.
_NEAR_SECS = 0.02


class FarEnd:
    """What was sent, until it has been played.

    Attributes:
        sent_ms: How much audio was handed to the transport.
    """

    def __init__(self) -> None:
        """Begin with nothing sent, and a far end that sends no marks."""
        self.sent_ms = 0.0
        self._sounds_until = 0.0
        self._floor_ms = 0.0
        self._behind_secs = 0.0
        self._marks = False
        self._answers: bool | None = None
        # The longest way from one mark to the next that came back.
        self._gap_ms = 0.0
        # The position after each piece, and when its turn is over, until it has been played.
        self._sent: deque[tuple[float, float]] = deque(maxlen=1024)
        # Since it last had nothing to play: from when on, and what its marks have proved at what
        # time; it has begun with the first of them.
        self._anew_at = 0.0
        self._begun = False
        self._played_ms = 0.0
        self._played_at = 0.0

    def clear(self) -> None:
        """Forget what was sent; positions start at 0 again."""
        self.rewind(0.0)

    def rewind(self, position_ms: float) -> None:
        """Go back: what follows is sent again.

        Args:
            position_ms: The position that is sent next.
        """
        self._begin_at(position_ms)
        self._sounds_until = 0.0

    def _begin_at(self, position_ms: float) -> None:
        self.sent_ms = self._floor_ms = self._played_ms = position_ms
        self._begun = False
        self._sent.clear()

    def send(self, ms: float, now: float) -> None:
        """Note that audio was handed to the transport, which plays it without a gap.

        Args:
            ms: How long it sounds.
            now: The time.
        """
        if self._waits_for_marks(now):
            idle = self.played(now) >= self.sent_ms
        else:
            idle = now >= self._sounds_until + self._behind_secs + _GAP_SECS
        if idle:
            # All that was sent before has been heard: the far end begins anew.
            self._begin_at(self.sent_ms)
            self._anew_at = now
        self.sent_ms += ms
        self._sounds_until = max(self._sounds_until, now) + ms / 1000
        if self._marks:
            self._sent.append((self._sounds_until, self.sent_ms))

    def expect_marks(self) -> None:
        """Note that the far end will be asked for marks: what none proves has not been played."""
        self._marks = True

    def acknowledge(self, *, behind_secs: float) -> None:
        """Note how late the far end plays: its buffer and the network.

        Args:
            behind_secs: From sending audio until it is heard.
        """
        self._behind_secs = max(0.0, behind_secs)

    def reached(self, *, behind_secs: float, now: float) -> None:
        """Note that a mark came back: what was sent before it has been played.

        Args:
            behind_secs: From the end of that audio's turn until now.
            now: The time.
        """
        due = now - behind_secs + _NEAR_SECS
        position_ms = None
        while self._sent and self._sent[0][0] <= due:
            position_ms = self._sent.popleft()[1]
        if position_ms is None:
            return
        self._behind_secs = max(self._behind_secs, behind_secs)
        self._gap_ms = max(self._gap_ms, position_ms - self._played_ms)
        self._answers = self._begun = True
        self._played_ms, self._played_at = position_ms, now

    def had_turn(self, now: float) -> float:
        """Return the position, in ms, up to which audio has had its turn to be played.

        Args:
            now: The time.
        """
        return self.sent_ms - max(0.0, self._sounds_until - now) * 1000

    def played(self, now: float) -> float:
        """Return the position, in ms, that the caller has heard.

        Args:
            now: The time.
        """
        if not self._waits_for_marks(now):
            return max(self._floor_ms, self.had_turn(now - self._behind_secs))
        loses_marks = self._gap_ms > _UNPROVEN_MS
        if not self._begun:
            played_ms = self.had_turn(now - self._behind_secs) if loses_marks else 0.0
            return max(self._floor_ms, played_ms)
        unproven_ms = (now - self._played_at) * 1000
        most_ms = _UNPROVEN_MS + (self._gap_ms if loses_marks else 0.0)
        if unproven_ms < most_ms + (self._behind_secs + _LOST_SECS) * 1000:
            unproven_ms = min(unproven_ms, most_ms)
        return min(self._played_ms + unproven_ms, self.sent_ms)

    def late(self, now: float) -> bool:
        """Whether the far end still has to play what has had its turn.

        Args:
            now: The time.
        """
        return self.played(now) < self.had_turn(now)

    def _waits_for_marks(self, now: float) -> bool:
        if not self._marks or self._begun or self._answers is False:
            return self._begun
        late_secs = _LOST_SECS if self._answers else _PATIENCE_SECS
        if now < self._anew_at + self._behind_secs + late_secs:
            return True
        if self._sent and self._answers is None:
            # Known from here on, also if what was sent is cleared before anything follows.
            self._answers = False
        return False
