"""How loud the agent is while somebody speaks over it."""

import numpy as np
import pytest

from antiphon.processors.interruption.fader import Fader


def loudness(fader: Fader, samples: int) -> list[float]:
    pcm = np.full(samples, 1000, dtype="<i2").tobytes()
    return (np.frombuffer(fader.apply(pcm, samples_per_ms=1), dtype="<i2") / 1000).tolist()


def test_full_loudness_leaves_the_audio_as_it_is() -> None:
    pcm = b"\x01\x02\x03\x04"
    assert Fader(ramp_ms=10).apply(pcm, samples_per_ms=1) is pcm
    ducked = Fader(ramp_ms=10)
    ducked.target = 0.5
    assert ducked.apply(b"", samples_per_ms=1) == b""


def test_a_change_takes_its_share_of_the_ramp_and_then_stays() -> None:
    fader = Fader(ramp_ms=10)
    fader.target = 0.5
    assert loudness(fader, 4) == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert loudness(fader, 4) == pytest.approx([0.5] * 4)
    fader.target = 1.0
    assert loudness(fader, 6) == pytest.approx([0.6, 0.7, 0.8, 0.9, 1.0, 1.0])
    assert loudness(fader, 2) == [1.0, 1.0]


def test_silence_is_told_once_it_is_reached() -> None:
    fader = Fader(ramp_ms=4)
    fader.target = 0.0
    loudness(fader, 3)
    assert not fader.silent
    loudness(fader, 1)
    assert fader.silent
    fader.jump(1.0)
    assert not fader.silent
