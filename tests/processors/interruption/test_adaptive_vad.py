import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    VADParamsUpdateFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.tests.utils import run_test

from antiphon.processors.interruption import AdaptiveVAD
from antiphon.processors.interruption.adaptive_vad import AmbientNoise


def hiss(level_db: float, ms: int = 20) -> bytes:
    size = 32768 * 10 ** (level_db / 20)
    return np.resize(np.array([size, -size]), 16 * ms).astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("level_db", "min_volume"), [(-80, 0.45), (-60, 0.6), (-50, 0.7), (-30, 0.75)]
)
def test_voice_must_be_louder_than_the_noise_within_bounds(
    level_db: float, min_volume: float
) -> None:
    noise = AmbientNoise()
    for _ in range(150):
        noise.measure(hiss(level_db), ms=20)
    assert noise.min_volume() == pytest.approx(min_volume, abs=0.005)


def test_nothing_is_said_before_enough_silence_was_heard() -> None:
    noise = AmbientNoise()
    for _ in range(149):
        noise.measure(hiss(-50), ms=20)
    assert noise.min_volume() is None


def test_one_bang_does_not_count() -> None:
    noise = AmbientNoise()
    for index in range(150):
        noise.measure(hiss(-5 if index % 50 == 0 else -60), ms=20)
    assert noise.min_volume() == pytest.approx(0.6, abs=0.005)


async def followed(frames: list[Frame]) -> list[float]:
    """The thresholds that an `AdaptiveVAD` sets over a stretch of a call."""
    down, _ = await run_test(
        AdaptiveVAD(noise=AmbientNoise(window_secs=0.2)), frames_to_send=frames
    )
    updates = [frame.params for frame in down if isinstance(frame, VADParamsUpdateFrame)]
    return [params.min_volume for params in updates]


def audio(level_db: float, count: int) -> list[Frame]:
    return [InputAudioRawFrame(hiss(level_db), 16000, 1) for _ in range(count)]


async def test_threshold_follows_the_noise_and_settles() -> None:
    assert await followed(audio(-50, 60)) == [pytest.approx(0.7, abs=0.005)]


async def test_threshold_stays_while_the_caller_speaks() -> None:
    began, ended = VADUserStartedSpeakingFrame(), VADUserStoppedSpeakingFrame()
    assert await followed([began, *audio(-30, 60)]) == []
    assert await followed([began, *audio(-30, 60), ended, *audio(-60, 5)]) == []
