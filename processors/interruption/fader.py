"""Loudness that changes without a click.

Pure: samples go in and come out.
"""

import math

import numpy as np

__all__ = ["Fader"]


class Fader:
    """Brings 16-bit audio from one loudness to another in short ramps."""

    def __init__(self, *, ramp_ms: float) -> None:
        """Start at full loudness.

        Args:
            ramp_ms: How long a swing between silence and full loudness takes; smaller changes take
                less, at the same slope.
        """
        self.target = 1.0
        """Where the loudness is going: 0 is silence, 1 is unchanged."""
        self._ramp_ms = ramp_ms
        self._gain = 1.0

    @property
    def silent(self) -> bool:
        """Whether silence has been reached."""
        return self._gain <= 0

    def fall_silent(self, *, at_once: bool) -> None:
        """Go to silence.

        Args:
            at_once: Without a ramp, where nothing sounds.
        """
        self.target = 0.0
        if at_once:
            self._gain = 0.0

    def jump(self, gain: float) -> None:
        """Set the loudness at once, between two stretches of audio.

        Args:
            gain: The loudness that the next samples begin with.
        """
        self._gain = gain

    def apply(self, pcm: bytes, *, samples_per_ms: float) -> bytes:
        """Return the audio at its loudness.

        Args:
            pcm: 16-bit little-endian samples.
            samples_per_ms: How many samples, over all channels, make a millisecond.
        """
        if self._gain == self.target == 1.0 or not pcm:
            return pcm
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        change = self.target - self._gain
        step = np.arange(1, len(samples) + 1) / (self._ramp_ms * samples_per_ms)
        curve = self._gain + np.sign(change) * np.minimum(step, abs(change))
        reached = math.isclose(curve[-1], self.target, abs_tol=1e-6)
        self._gain = self.target if reached else float(curve[-1])
        return bytes((samples * curve).astype("<i2"))
