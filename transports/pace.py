"""How fast a client may send: about as fast as sound is heard. Pipecat's queues have no bound."""

__all__ = ["Pace"]

# What a network held back comes at once, and no stall that a call survives is longer.
BURST_SECS = 10.0

# A far end's clock may run a little fast for an hour.
RATE = 1.25

# A message without sound takes as long as a packet, a large one as long as sound of its size does.
PACKET_SECS = 0.02
BYTES_PER_SEC = 16_000


class Pace:
    """Counts how far a client is ahead of real time."""

    def __init__(self) -> None:
        """Start in time."""
        self._ahead_secs = 0.0
        self._at: float | None = None

    def allows(self, secs: float | None, size: int, *, now: float) -> bool:
        """Say whether a message may pass.

        Args:
            secs: The length of its sound, or None if it has none.
            size: Its length in bytes.
            now: The time in seconds.

        Returns:
            False if it comes too far ahead of its time; then it counts for nothing.
        """
        since = 0.0 if self._at is None else now - self._at
        self._at = now
        self._ahead_secs = max(0.0, self._ahead_secs - since * RATE)
        if secs is None:
            secs = max(PACKET_SECS, size / BYTES_PER_SEC)
        if self._ahead_secs + secs > BURST_SECS:
            return False
        self._ahead_secs += secs
        return True
