"""How much a websocket is read: about as much as a voice takes, whoever is at the other end.

The parser takes some 10 µs for a frame, however small, so a far end that sends nothing but heads
of frames could have all of the event loop. What comes too fast is left in the socket until its
time, at no cost and without a loss: the far end then has to wait.
"""

__all__ = ["BURST_SECS", "BYTES_PER_SEC", "FRAMES_PER_SEC", "ReadLimiter"]

# What a network held back comes at once, and no stall that a call survives is longer.
BURST_SECS = 10.0

# A stranger has not been held back by anything yet.
FIRST_SECS = 1.0

# A phone sends 50 messages a second, a client that sends 10 ms at a time sends 100 in one piece.
FRAMES_PER_SEC = 250

# Sound at 48 kHz in stereo, in base64, is 256,000.
BYTES_PER_SEC = 512 * 1024


class ReadLimiter:
    """Counts how far a far end is ahead of any voice."""

    def __init__(self) -> None:
        """Start with room for a second."""
        self._ahead_secs = BURST_SECS - FIRST_SECS
        self._at: float | None = None

    def wait_secs(self, now: float) -> float:
        """Say how long to wait before more is read.

        Args:
            now: The time in seconds.

        Returns:
            The seconds, or 0 if something may be read now.
        """
        if self._at is not None:
            self._ahead_secs = max(0.0, self._ahead_secs - (now - self._at))
        self._at = now
        return max(0.0, self._ahead_secs - BURST_SECS)

    def count(self, frames: int, size: int) -> None:
        """Count what was read.

        Args:
            frames: How many frames began in it.
            size: Its length in bytes.
        """
        self._ahead_secs += max(frames / FRAMES_PER_SEC, size / BYTES_PER_SEC)
