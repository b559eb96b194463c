"""The model hears what it was trained to hear."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from antiphon.services.whisper.mel import log_mel

NOISE = np.random.default_rng(0).normal(0, 3000, 32_000).astype(np.int16)


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize("secs", [0.1, 2.0])
def test_it_is_the_spectrogram_of_the_library_that_the_weights_are_for(
    bands: int, secs: float
) -> None:
    sound = NOISE[: int(secs * 16_000)]
    window = np.zeros(3 * 16_000, np.float32)
    window[: len(sound)] = sound / 32768
    theirs = FeatureExtractor(feature_size=bands)(window, padding=0)

    assert np.allclose(log_mel(sound, frames=300, bands=bands), theirs, atol=1e-4)


@pytest.mark.parametrize("samples", [0, 1, 200, 32_000])
def test_any_length_of_sound_fills_its_window(samples: int) -> None:
    heard = log_mel(NOISE[:samples], frames=100)

    assert heard.shape == (80, 100)
    assert np.isfinite(heard).all()


def test_what_is_longer_than_the_window_is_cut() -> None:
    cut, whole = log_mel(NOISE, frames=50), log_mel(NOISE[:8000], frames=50)

    # But for the last, which looks half a window ahead.
    assert np.allclose(cut[:, :48], whole[:, :48], atol=1e-4)
