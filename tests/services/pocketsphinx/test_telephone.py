"""What is missing of a telephone's band is filled from what is there."""

import numpy as np
import pytest

from antiphon.core.wav import Samples
from antiphon.services.pocketsphinx.telephone import TELEPHONE_RATE_HZ, BandMirror


def tone(hz: float, secs: float = 0.5) -> Samples:
    at = np.arange(round(secs * TELEPHONE_RATE_HZ)) / TELEPHONE_RATE_HZ
    return np.round(3000 * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def loudness(samples: Samples, hz: float) -> float:
    at = np.arange(len(samples)) / (2 * TELEPHONE_RATE_HZ)
    return float(2 * np.abs(np.mean(samples * np.exp(-2j * np.pi * hz * at))))


def test_a_sound_near_the_bands_end_is_mirrored_above_it() -> None:
    wide = BandMirror().widen(tone(3000))
    assert loudness(wide, 3000) == pytest.approx(3000, rel=0.1)
    assert loudness(wide, 5000) > 3000
    assert loudness(wide, 1000) < 30


def test_pieces_are_widened_as_the_whole_is() -> None:
    sound, mirror = tone(440), BandMirror()
    pieces = [mirror.widen(sound[start : start + 160]) for start in range(0, len(sound), 160)]
    joined = np.concatenate([*pieces, mirror.widen(sound[:0])])
    assert np.array_equal(joined, BandMirror().widen(sound))


def test_a_silent_line_has_some_sound_for_the_model() -> None:
    wide = BandMirror().widen(np.zeros(4000, np.int16))
    assert 20 < np.sqrt(np.mean(np.square(wide.astype(float)))) < 40
