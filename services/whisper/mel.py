"""What Whisper hears: the energy in bands of the mel scale, 100 times a second.

In numpy, so that a call needs none of the libraries that the models were trained with. What depends
on the whole window, the loudest moment, is applied last: the rest can be kept from call to call.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAMES_PER_SEC", "SAMPLE_RATE_HZ", "log_mel"]

SAMPLE_RATE_HZ = 16_000
WINDOW = 400
HOP = 160
FRAMES_PER_SEC = SAMPLE_RATE_HZ // HOP

# The mel scale as the models know it: linear to 1 kHz, logarithmic above.
_LINEAR_HZ = 200 / 3
_BREAK_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27

Floats = NDArray[np.float32]


def log_mel(samples: NDArray[np.int16], *, frames: int, bands: int = 80) -> Floats:
    """Turn sound into what the model takes.

    Args:
        samples: Mono, at 16 kHz.
        frames: How long the window is, at 100 a second; silence follows the sound, and what is
            longer is cut.
        bands: How many the model was trained with.

    Returns:
        An array of `bands` by `frames`.
    """
    wanted = frames * HOP
    sound = np.zeros(wanted + WINDOW, np.float32)
    sound[WINDOW // 2 : WINDOW // 2 + min(len(samples), wanted)] = samples[:wanted]
    sound /= 32768
    # The first window is centred on the first sample: before it the sound is mirrored.
    sound[: WINDOW // 2] = sound[WINDOW : WINDOW // 2 : -1]
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP][:frames]
    # Silence need not be transformed to know that it is silent.
    heard = min(frames, -(-(min(len(samples), wanted) + WINDOW // 2) // HOP))
    power = np.abs(np.fft.rfft(windows[:heard] * _hann(), axis=1)) ** 2
    energy = np.zeros((bands, frames), np.float32)
    energy[:, :heard] = _filters(bands) @ power.T.astype(np.float32)
    level = np.log10(np.maximum(energy, 1e-10))
    level = np.maximum(level, level.max() - 8.0)
    return np.ascontiguousarray((level + 4.0) / 4.0, dtype=np.float32)


@cache
def _hann() -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@cache
def _filters(bands: int) -> Floats:
    """Triangles that overlap by half, each of the same area."""
    top = _mel(SAMPLE_RATE_HZ / 2)
    edges = _hz(np.linspace(0.0, top, bands + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)
    below = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    above = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0.0, np.minimum(below, above)) * area[:, None]).astype(np.float32)


def _mel(hz: float) -> float:
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = _BREAK_HZ / _LINEAR_HZ
    return np.where(mels < bend, mels * _LINEAR_HZ, _BREAK_HZ * np.exp((mels - bend) * _LOG_STEP))
