"""Two clocks that do not run equally fast: a line's, and that of the machine which records it.

Pure: times and samples come in as arguments.
"""

import numpy as np

__all__ = ["Drift", "stretched"]

# What the arrivals of a line are like is known after so long, and forgotten as fast.
SETTLED_S = 5.0
# Where jitter ends and drift begins: at 100 ppm, a hundred seconds.
DRIFT_S = 0.01


class Drift:
    """How far a speaker's audio has run from the clock since it last began anew."""

    def __init__(self) -> None:
        self._settled_s = 0.0
        self._usual_s = 0.0
        self._behind_s = 0.0

    def restart(self) -> None:
        """Begin anew: the next audio is where it belongs."""
        self._settled_s = self._usual_s = self._behind_s = 0.0

    def step(self, behind_s: float, length_s: float, *, sample_s: float) -> int:
        """Say by how many samples to lengthen the audio that has come: 1, 0 or -1.

        Args:
            behind_s: How far the clock is ahead of the audio, jitter included.
            length_s: How long the audio sounds.
            sample_s: How long a sample does.
        """
        if self._settled_s < SETTLED_S:
            self._settled_s += length_s
            self._usual_s += (behind_s - self._usual_s) * length_s / self._settled_s
            self._behind_s = self._usual_s
            return 0
        self._behind_s += (behind_s - self._behind_s) * min(1.0, length_s / SETTLED_S)
        drift_s = self._behind_s - self._usual_s
        if abs(drift_s) < DRIFT_S:
            return 0
        samples = 1 if drift_s > 0 else -1
        # What is mended is no longer there, though the average will take a while to tell.
        self._behind_s -= samples * sample_s
        return samples


def stretched(pcm: bytes, samples: int) -> bytes:
    """Return audio that is longer by some samples, or shorter, without a click.

    Args:
        pcm: 16-bit mono samples.
        samples: How many samples more; few, against those that there are.
    """
    audio = np.frombuffer(pcm, dtype="<i2")
    if len(audio) <= 2 * abs(samples):
        return pcm
    places = np.linspace(0, len(audio) - 1, len(audio) + samples)
    longer: bytes = np.rint(np.interp(places, np.arange(len(audio)), audio)).astype("<i2").tobytes()
    return longer
