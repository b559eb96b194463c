"""When somebody is heard in samples."""

import numpy as np
import pytest

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SpeechActivity, level_dbfs, resample, spans_of_speech

RATE_HZ = 16000


def tone(secs: float, *, level: float = 0.3, rate_hz: int = RATE_HZ) -> Samples:
    times = np.arange(round(secs * rate_hz)) / rate_hz
    return (np.sin(times * 2 * np.pi * 440) * level * 32767).astype(np.int16)


def silence(secs: float, *, rate_hz: int = RATE_HZ) -> Samples:
    return np.zeros(round(secs * rate_hz), np.int16)


def test_speech_is_heard_from_its_first_to_its_last_audible_sample() -> None:
    samples = np.concatenate((silence(0.5), tone(1.0), silence(0.4)))

    (span,) = spans_of_speech(samples, RATE_HZ)

    assert span.start_secs == pytest.approx(0.5, abs=0.011)
    assert span.end_secs == pytest.approx(1.5, abs=0.011)


@pytest.mark.parametrize(("pause_secs", "spans"), [(0.1, 1), (0.25, 1), (0.35, 2), (1.0, 2)])
def test_only_a_longer_pause_ends_a_span(pause_secs: float, spans: int) -> None:
    samples = np.concatenate((tone(0.5), silence(pause_secs), tone(0.5)))

    assert len(spans_of_speech(samples, RATE_HZ, join_secs=0.3)) == spans


def test_noise_under_the_threshold_is_silence() -> None:
    assert spans_of_speech(tone(1.0, level=0.004), RATE_HZ) == []


@pytest.mark.parametrize("chunk_ms", [10, 20, 40, 170])
def test_speech_that_comes_in_chunks_is_heard_the_same(chunk_ms: int) -> None:
    samples = np.concatenate((silence(0.2), tone(0.6), silence(0.5), tone(0.3)))
    activity = SpeechActivity()
    step = RATE_HZ * chunk_ms // 1000
    for start in range(0, len(samples), step):
        activity.feed(start / RATE_HZ, samples[start : start + step], RATE_HZ)

    whole = spans_of_speech(samples, RATE_HZ)
    assert len(activity.spans) == len(whole) == 2
    for span, expected in zip(activity.spans, whole, strict=True):
        assert span.start_secs == pytest.approx(expected.start_secs, abs=0.011)
        assert span.end_secs == pytest.approx(expected.end_secs, abs=0.011)


@pytest.mark.parametrize(("level", "dbfs"), [(1.0, -3.0), (0.1, -23.0), (0.0, -96.0)])
def test_the_level_is_the_rms_below_full_scale(level: float, dbfs: float) -> None:
    assert level_dbfs(tone(0.1, level=level)) == pytest.approx(dbfs, abs=0.1)


def test_resampling_keeps_duration_and_level() -> None:
    samples = resample(tone(0.5, rate_hz=24000), 24000, RATE_HZ)

    assert len(samples) == pytest.approx(RATE_HZ // 2, abs=2)
    assert level_dbfs(samples) == pytest.approx(level_dbfs(tone(0.5)), abs=0.2)
