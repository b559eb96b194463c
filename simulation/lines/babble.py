"""Synthetic sound for tests: a voice-like tone that Silero takes for speech, and silence."""

import math
from functools import lru_cache

import numpy as np

__all__ = ["silence_pcm", "speech_pcm"]

# Formant centres in Hz of five vowels (Peterson and Barney, 1952, men).
_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (570, 840, 2410),
    (530, 1840, 2480),
    (300, 870, 2240),
)
# Chosen by search for what Silero is surest of, at 8 kHz µ-law and 16 kHz, for low and high voices.
_SYLLABLES_PER_SECOND = 6.0
_FORMANT_WIDTH_HZ = 50.0
_FORMANT_LEVELS = (1.0, 0.6, 0.3)
_SEED = 33


def silence_pcm(seconds: float, *, sample_rate_hz: int = 16_000) -> bytes:
    """Return silence as 16-bit mono PCM.

    Args:
        seconds: Length in seconds.
        sample_rate_hz: Sample rate in Hz.

    Returns:
        Little-endian samples.
    """
    return bytes(2 * round(seconds * sample_rate_hz))


@lru_cache(maxsize=64)
def speech_pcm(
    seconds: float, *, sample_rate_hz: int = 16_000, pitch_hz: float = 120.0, level: float = 0.35
) -> bytes:
    """Return a babble of gliding vowels, six syllables a second, as 16-bit mono PCM.

    No words are in it: it is for what listens to sound (VAD, mixers, recorders), not to speech.

    Args:
        seconds: Length in seconds.
        sample_rate_hz: Sample rate in Hz.
        pitch_hz: Fundamental frequency in Hz: about 120 for a low voice, 210 for a high one.
        level: Peak, as a share of full scale.

    Returns:
        Little-endian samples; the same for the same arguments.
    """
    count = round(seconds * sample_rate_hz)
    if count == 0:
        return b""
    t = np.arange(count) / sample_rate_hz
    syllable = (t * _SYLLABLES_PER_SECOND).astype(int)
    last = syllable[-1]
    random = np.random.default_rng(_SEED)
    pitch_steps = random.uniform(-0.25, 0.25, size=last + 1)
    vowels = random.permuted(np.arange(last + 1) % len(_VOWELS))
    glide = 0.15 * np.cos(math.pi * _SYLLABLES_PER_SECOND * t)
    pitch = pitch_hz * (1 + pitch_steps[syllable] + glide)
    phase = 2 * math.pi * np.cumsum(pitch) / sample_rate_hz
    # The last 40 % of a syllable glide to the next vowel.
    onward = np.clip((t * _SYLLABLES_PER_SECOND % 1 - 0.6) / 0.4, 0, 1)
    this, following = vowels[syllable], vowels[np.minimum(syllable + 1, last)]
    wave = np.zeros(count)
    for harmonic in range(1, int(min(3_500, sample_rate_hz / 2 - 200) / (pitch_hz * 1.25)) + 1):
        gains = np.array([_gain(harmonic * pitch_hz, vowel) for vowel in _VOWELS])
        wave += (gains[this] * (1 - onward) + gains[following] * onward) * np.sin(harmonic * phase)
    wave /= np.max(np.abs(wave))
    swell = np.abs(np.sin(math.pi * _SYLLABLES_PER_SECOND * t)) ** 0.5
    consonants = random.normal(0.0, 0.03, size=count) * (1 - swell)
    wave = wave * (0.05 + 0.95 * swell) + consonants
    wave *= level * 32_767 / np.max(np.abs(wave))
    return wave.astype("<i2").tobytes()


def _gain(frequency_hz: float, formants_hz: tuple[int, ...]) -> float:
    """Weigh one harmonic by its distance to the formants."""
    return 0.02 + sum(
        level / (1 + ((frequency_hz - centre) / _FORMANT_WIDTH_HZ) ** 2)
        for centre, level in zip(formants_hz, _FORMANT_LEVELS, strict=True)
    )
