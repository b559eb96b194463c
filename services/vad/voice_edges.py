"""When a voice began and ended in the sound itself, which is what people hear.

A detector is sure of a voice only after a while, and of its end long after the last sound of it:
its own times are late by an eighth of a second, more or less. Pure: samples come in.
"""

from statistics import median

import numpy as np
from numpy.typing import NDArray

__all__ = ["began_secs_ago", "ended_secs_ago"]

_WINDOW_SECS = 0.01

# Quieter is silence to anybody, in decibels relative to full scale.
_AUDIBLE_RMS = 32768.0 * 10 ** (-45 / 20)

# A voice stands out of what is around it by more than this factor, 6 dB.
_STANDS_OUT = 2.0

# The closure of a plosive, or a breath, is no end.
_PAUSE_SECS = 0.12


def ended_secs_ago(pcm: bytes, sample_rate_hz: int, *, silent_secs: float) -> float:
    """Return how long ago the last sound of a voice was heard.

    Args:
        pcm: The last second or two, as 16-bit mono samples.
        sample_rate_hz: Samples a second.
        silent_secs: For how long a detector has heard no voice; by its end it is silent.
    """
    loudness = _loudness(pcm, sample_rate_hz)
    quiet = loudness[-max(1, round(silent_secs / _WINDOW_SECS / 2)) :]
    loud = np.flatnonzero(loudness > _threshold(quiet))
    if not len(loud):
        return silent_secs
    return (len(loudness) - 1 - int(loud[-1])) * _WINDOW_SECS


def began_secs_ago(pcm: bytes, sample_rate_hz: int, *, spoken_secs: float) -> float:
    """Return how long ago the first sound of a voice was heard.

    Args:
        pcm: The last second or two, as 16-bit mono samples.
        sample_rate_hz: Samples a second.
        spoken_secs: For how long a detector has heard a voice.
    """
    loudness = _loudness(pcm, sample_rate_hz)
    spoken = min(len(loudness), round(spoken_secs / _WINDOW_SECS))
    before = loudness[: len(loudness) - spoken]
    if not len(before):
        return spoken_secs
    quiet = np.sort(before)[: max(1, len(before) // 2)]
    loud = np.flatnonzero(before > _threshold(quiet))
    began = len(before)
    for window in loud[::-1]:
        if began - window > _PAUSE_SECS / _WINDOW_SECS:
            break
        began = int(window)
    return (len(loudness) - began) * _WINDOW_SECS


def _threshold(quiet: NDArray[np.float64]) -> float:
    # numpy's own median loads 1 MB of numpy.ma when it is first used, which is in a call.
    return max(_AUDIBLE_RMS, _STANDS_OUT * float(median(quiet.tolist())))


def _loudness(pcm: bytes, sample_rate_hz: int) -> NDArray[np.float64]:
    """The loudness of windows of 10 ms, the last of which ends with the last sample."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    size = int(sample_rate_hz * _WINDOW_SECS)
    windows = samples[len(samples) % size :].reshape(-1, size)
    loudness: NDArray[np.float64] = np.sqrt(np.mean(np.square(windows), axis=1))
    return loudness
