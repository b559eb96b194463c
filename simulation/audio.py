"""Audio as the simulator handles it: 16-bit mono samples, and when somebody is heard in them.

Nothing here knows a clock, a transport or Pipecat: times come in as arguments.
"""

from dataclasses import dataclass

import numpy as np
import soxr

from antiphon.core.wav import Samples

__all__ = [
    "SAMPLE_RATE_HZ",
    "SpeechActivity",
    "VoicedSpan",
    "level_dbfs",
    "resample",
    "spans_of_speech",
]

SAMPLE_RATE_HZ = 16000
"""The rate at which callers speak and calls are recorded: what the recognisers take."""

AUDIBLE_DBFS = -45.0
"""Quieter than this counts as silence: 20 dB under the softest eSpeak phoneme that was met."""

WINDOW_SECS = 0.01


@dataclass(frozen=True, kw_only=True)
class VoicedSpan:
    """A stretch in which a voice is heard.

    Parameters:
        start_secs: When the first audible sample sounds.
        end_secs: When the last audible sample has sounded.
    """

    start_secs: float
    end_secs: float


class SpeechActivity:
    """Hears who speaks when, by the energy of windows of 10 ms.

    Meant for clean channels such as a synthesiser's; a noisy one needs a model.
    """

    def __init__(self, *, threshold_dbfs: float = AUDIBLE_DBFS, join_secs: float = 0.3) -> None:
        """Start with silence.

        Args:
            threshold_dbfs: A window whose RMS is above this, relative to full scale, is audible.
            join_secs: A shorter pause does not end a span.
        """
        self.spans: list[VoicedSpan] = []
        self._threshold = 32768.0 * 10 ** (threshold_dbfs / 20)
        self._join_secs = join_secs

    def feed(self, at_secs: float, samples: Samples, sample_rate_hz: int) -> None:
        """Hear a chunk.

        Args:
            at_secs: When its first sample sounds; chunks come in order.
            samples: Mono samples, shape (frames,).
            sample_rate_hz: Frames per second.
        """
        for start, end in _audible(samples, sample_rate_hz, self._threshold):
            self._hear(at_secs + start, at_secs + end)

    def _hear(self, start_secs: float, end_secs: float) -> None:
        if self.spans and start_secs - self.spans[-1].end_secs < self._join_secs:
            start_secs = self.spans.pop().start_secs
        self.spans.append(VoicedSpan(start_secs=start_secs, end_secs=end_secs))


def _audible(samples: Samples, sample_rate_hz: int, threshold: float) -> list[tuple[float, float]]:
    """Return the audible runs of a chunk, in seconds from its start."""
    window = max(1, int(sample_rate_hz * WINDOW_SECS))
    starts = np.arange(0, len(samples), window)
    if not len(starts):
        return []
    energy = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    lengths = np.minimum(window, len(samples) - starts)
    loud = np.concatenate(([False], np.sqrt(energy / lengths) > threshold, [False]))
    edges = np.flatnonzero(loud[1:] != loud[:-1]) * window / sample_rate_hz
    limit = len(samples) / sample_rate_hz
    return [
        (float(start), min(float(end), limit))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def spans_of_speech(
    samples: Samples, sample_rate_hz: int, *, join_secs: float = 0.3
) -> list[VoicedSpan]:
    """Return where a voice is heard in a recording, pauses under `join_secs` included."""
    activity = SpeechActivity(join_secs=join_secs)
    activity.feed(0.0, samples, sample_rate_hz)
    return activity.spans


def level_dbfs(samples: Samples) -> float:
    """Return the RMS level relative to full scale, -96 at the lowest."""
    if not len(samples):
        return -96.0
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return max(-96.0, 20 * float(np.log10(max(rms, 1e-9) / 32768)))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return the samples at another rate."""
    if from_hz == to_hz or not len(samples):
        return samples
    # Floats, because libsoxr dithers integers with a seed that nobody set.
    resampled = soxr.resample(samples.astype(np.float32), from_hz, to_hz)
    rounded: Samples = np.clip(np.rint(resampled), -32768, 32767).astype(np.int16)
    return rounded
