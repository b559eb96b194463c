"""A recorded caller becomes lines that can wait for their turn, or keep their timing."""

import numpy as np
import pytest

from antiphon.core.wav import Audio, AudioFileError, Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.caller import recorded_lines
from antiphon.simulation.caller.script import replayed_call

HZ = 8000


def tone(secs: float) -> Samples:
    return (np.sin(np.arange(round(secs * HZ)) * 0.3) * 9000).astype(np.int16)


def silence(secs: float) -> Samples:
    return np.zeros(round(secs * HZ), np.int16)


def test_a_recording_is_cut_at_its_pauses() -> None:
    samples = np.concatenate(
        (silence(1.0), tone(1.5), silence(0.4), tone(0.5), silence(2.0), tone(1.0), silence(1.0))
    )

    lines = recorded_lines(Audio(samples=samples.reshape(-1, 1), sample_rate_hz=HZ))

    secs = [len(line.audio) / SAMPLE_RATE_HZ for line in lines if line.audio is not None]
    assert secs == pytest.approx([2.4 + 0.2, 1.0 + 0.2], abs=0.03)
    assert all(line.after == "agent_done" and not line.text for line in lines)


def test_of_a_stereo_recording_the_left_channel_is_the_caller() -> None:
    both = np.stack((np.concatenate((tone(1.0), silence(1.0))), tone(2.0)), axis=1)

    (line,) = recorded_lines(Audio(samples=both, sample_rate_hz=HZ))

    assert line.audio is not None
    assert len(line.audio) / SAMPLE_RATE_HZ == pytest.approx(1.1, abs=0.03)


def test_a_silent_recording_is_refused() -> None:
    with pytest.raises(AudioFileError, match="silent"):
        recorded_lines(Audio(samples=silence(3.0).reshape(-1, 1), sample_rate_hz=HZ))


def test_a_replayed_line_comes_as_long_after_the_agent_as_it_did_then() -> None:
    agent = [silence(0.5), tone(2.0), silence(4.0), tone(3.0), silence(3.5)]
    caller = [
        silence(4.0),
        tone(1.0),
        silence(3.0),
        tone(1.0),
        silence(2.0),
        tone(1.0),
        silence(1.0),
    ]
    call = np.stack((np.concatenate(caller), np.concatenate(agent)), axis=1)

    lines = replayed_call(Audio(samples=call, sample_rate_hz=HZ))

    assert [line.after for line in lines] == ["agent_done", "agent_starts", "step_done"]
    # The caller waits 0.7 s for any agent, and 0.1 s of a line's start are its own silence.
    expected = [4.0 - 2.5 - 0.8, 8.0 - 6.5 - 0.1, 11.0 - 9.0 - 0.1]
    assert [line.after_secs for line in lines] == pytest.approx(expected, abs=0.03)


def test_a_recorded_call_needs_both_voices() -> None:
    with pytest.raises(AudioFileError, match="mono: it needs the caller in its left channel"):
        replayed_call(Audio(samples=tone(3.0).reshape(-1, 1), sample_rate_hz=HZ))
