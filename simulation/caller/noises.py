"""What may sound around a caller: a loop of each kind, made here and the same for the same seed.

Nothing of it is a recording, and no loudness is meant: `Noise` sets that.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.lines.babble import speech_pcm

__all__ = ["LOOPS", "LOOP_SECS"]

LOOP_SECS = 20.0
"""After which a noise begins again."""

COUNT = round(LOOP_SECS * SAMPLE_RATE_HZ)

BABBLE_PITCHES_HZ = (95.0, 110.0, 130.0, 175.0, 205.0, 230.0)

# C, A minor, F and G, as steps from A4.
CHORDS = ((-9, -5, -2), (-12, -9, -5), (-4, 0, 3), (-2, 2, 5))
BEAT_SECS = 0.5

Sound = NDArray[np.float64]


def _babble(random: np.random.Generator) -> Sound:
    """Six voices that say nothing."""
    voices = [
        np.roll(
            np.frombuffer(
                speech_pcm(LOOP_SECS, sample_rate_hz=SAMPLE_RATE_HZ, pitch_hz=pitch_hz), "<i2"
            ),
            random.integers(COUNT),
        ).astype(np.float64)
        for pitch_hz in BABBLE_PITCHES_HZ
    ]
    together: Sound = np.sum(voices, axis=0)
    return together


def _street(random: np.random.Generator) -> Sound:
    """Traffic that rumbles, cars that pass by, and now and then a horn."""
    rumble = _coloured(random, slope=1.0)
    secs = np.arange(COUNT) / SAMPLE_RATE_HZ
    sound: Sound = rumble / rumble.std()
    for at in np.arange(2.0, LOOP_SECS, 3.0) + random.uniform(-0.8, 0.8, 6):
        tyres = _coloured(random, slope=0.5)
        passing = 1 / (1 + ((secs - at) / random.uniform(0.4, 0.9)) ** 2)
        sound += 1.5 * passing * tyres / tyres.std()
    for at in random.uniform(1.0, LOOP_SECS - 1.0, 2):
        sounds = (secs > at) & (secs < at + random.uniform(0.2, 0.5))
        horn = sum(np.sin(2 * np.pi * hz * n * secs) / n for hz in (410, 515) for n in (1, 2, 3))
        sound += 1.5 * sounds * horn
    return sound


def _music(random: np.random.Generator) -> Sound:
    """Four chords on a keyboard and a tune above them, as they are played to who is on hold."""
    sound = np.zeros(COUNT)
    for beat in range(round(LOOP_SECS / BEAT_SECS)):
        chord = CHORDS[beat // 4 % len(CHORDS)]
        notes = [(chord[beat % 3] - 12, 1.0), (int(random.choice(chord)) + 12, 0.8)]
        if beat % 4 == 0:
            notes += [(step, 0.6) for step in chord]
        for step, level in notes:
            _play(sound, beat * BEAT_SECS, 440 * 2 ** (step / 12), level)
    return sound


def _keyboard(random: np.random.Generator) -> Sound:
    """Somebody who types: a click as each key goes down, and a softer one as it comes up."""
    sound = 0.002 * random.standard_normal(COUNT)
    at = 0.3
    while at < LOOP_SECS - 0.5:
        for later, level in ((0.0, 1.0), (random.uniform(0.05, 0.1), 0.4)):
            secs = np.arange(round(0.03 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
            body = np.sin(2 * np.pi * random.uniform(900, 2500) * secs)
            click = (body + random.standard_normal(len(secs))) * np.exp(-secs / 0.004)
            start = round((at + later) * SAMPLE_RATE_HZ)
            sound[start : start + len(click)] += level * random.uniform(0.5, 1.0) * click
        at += random.uniform(0.08, 0.25) if random.random() < 0.9 else random.uniform(0.5, 1.5)
    return sound


def _coloured(random: np.random.Generator, *, slope: float) -> Sound:
    """Noise whose amplitude falls with the frequency to the power of `slope`, from 40 Hz on."""
    spectrum = np.fft.rfft(random.standard_normal(COUNT))
    hz = np.fft.rfftfreq(COUNT, 1 / SAMPLE_RATE_HZ)
    coloured: Sound = np.fft.irfft(spectrum / np.maximum(hz, 40.0) ** slope, COUNT)
    return coloured


def _play(sound: Sound, at_secs: float, hz: float, level: float) -> None:
    secs = np.arange(round(1.5 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone = sum(np.sin(2 * np.pi * hz * n * secs) / n**2 for n in (1, 2, 3, 4))
    note = level * tone * np.exp(-secs / 0.5) * np.minimum(1.0, secs / 0.005)
    start = round(at_secs * SAMPLE_RATE_HZ)
    sound[start : start + len(note)] += note[: COUNT - start]


LOOPS: Mapping[str, Callable[[np.random.Generator], Sound]] = {
    "babble": _babble,
    "hold_music": _music,
    "keyboard": _keyboard,
    "street": _street,
}
