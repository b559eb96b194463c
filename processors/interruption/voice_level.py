"""Whether a voice that the VAD has noticed still sounds: the VAD is sure of its end 0.2 s later.

Pure: samples come in with their time in seconds.
"""

import numpy as np

__all__ = ["VoiceLevel"]

# About the closure of a "t" or "k" inside a word, shorter than a pause between words.
_GAP_SECS = 0.08
# A loudness below this share of the loudest so far is no voice: 14 dB.
_QUIET_SHARE = 0.2


class VoiceLevel:
    """Compares the loudness of each packet with the loudest of the same utterance."""

    def __init__(self) -> None:
        self.loudest = 0.0
        """The mean of the loudest packet of the utterance."""
        self._loud_at: float | None = None

    def begin(self) -> None:
        """Begin with another utterance."""
        self.loudest, self._loud_at = 0.0, None

    def hear(self, pcm: bytes, now: float) -> None:
        """Take a packet in.

        Args:
            pcm: 16-bit samples.
            now: When it came.
        """
        samples = np.frombuffer(pcm, "<i2")
        if not samples.size:
            return
        loudness = float(np.abs(samples.astype(np.float32)).mean())
        self.loudest = max(self.loudest, loudness)
        if loudness and loudness >= self.loudest * _QUIET_SHARE:
            self._loud_at = now

    def sounds(self, now: float) -> bool:
        """Return whether it sounds, as far as that can be told: without packets it may.

        Args:
            now: The time.
        """
        return self.quiet_secs(now) <= _GAP_SECS

    def quiet_secs(self, now: float) -> float:
        """Return for how long it has not sounded.

        Args:
            now: The time.
        """
        return 0.0 if self._loud_at is None else now - self._loud_at
