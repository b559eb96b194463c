"""When a voice began and ended in the sound itself, whatever is around it."""

import numpy as np
import pytest

from antiphon.services.vad.voice_edges import began_secs_ago, ended_secs_ago
from antiphon.simulation.caller import Noise
from antiphon.simulation.lines.babble import speech_pcm

RATE_HZ = 8000
SPOKEN_SECS = 0.7


def call(*, before_secs: float, after_secs: float, snr_db: float | None, level: float) -> bytes:
    """A voice between two silences."""
    speech = np.frombuffer(speech_pcm(SPOKEN_SECS, sample_rate_hz=RATE_HZ, level=level), "<i2")
    silences = (np.zeros(round(secs * RATE_HZ), np.int16) for secs in (before_secs, after_secs))
    before, after = silences
    samples = np.concatenate([before, speech, after])
    if snr_db is not None:
        samples = Noise(snr_db=snr_db, seed=3).add_to(samples)
    return samples.tobytes()


@pytest.mark.parametrize("snr_db", [None, 40, 30, 20])
@pytest.mark.parametrize("level", [0.35, 0.15])
@pytest.mark.parametrize("silent_secs", [0.21, 0.28, 0.35])
def test_the_end_is_that_of_the_sound_however_late_it_was_noticed(
    silent_secs: float, level: float, snr_db: float | None
) -> None:
    heard = call(before_secs=0.6, after_secs=silent_secs, snr_db=snr_db, level=level)
    assert ended_secs_ago(heard, RATE_HZ, silent_secs=0.2) == pytest.approx(silent_secs, abs=0.03)


@pytest.mark.parametrize("snr_db", [None, 40, 30, 20])
@pytest.mark.parametrize("level", [0.35, 0.15])
@pytest.mark.parametrize("noticed_secs", [0.22, 0.3, 0.4])
def test_the_beginning_is_that_of_the_sound_however_late_it_was_noticed(
    noticed_secs: float, level: float, snr_db: float | None
) -> None:
    heard = call(before_secs=0.9, after_secs=0.0, snr_db=snr_db, level=level)
    heard = heard[: len(heard) - 2 * round((SPOKEN_SECS - noticed_secs) * RATE_HZ)]
    assert began_secs_ago(heard, RATE_HZ, spoken_secs=0.2) == pytest.approx(noticed_secs, abs=0.03)


def test_a_voice_from_the_first_sample_on_began_when_the_detector_says() -> None:
    heard = speech_pcm(0.2, sample_rate_hz=RATE_HZ)
    assert began_secs_ago(heard, RATE_HZ, spoken_secs=0.2) == 0.2


def test_where_nothing_is_audible_the_detector_is_believed() -> None:
    assert ended_secs_ago(bytes(2 * RATE_HZ), RATE_HZ, silent_secs=0.2) == 0.2


def test_the_word_before_the_last_pause_is_not_the_beginning() -> None:
    first = call(before_secs=0.3, after_secs=0.25, snr_db=None, level=0.35)
    second = speech_pcm(0.3, sample_rate_hz=RATE_HZ)
    assert began_secs_ago(first + second, RATE_HZ, spoken_secs=0.2) == pytest.approx(0.3, abs=0.03)
