"""The stereo recording: right places, right channels, valid whatever happens."""

import wave
from pathlib import Path

import numpy as np
import pytest

from antiphon.core.wav import Samples, read_wav
from antiphon.simulation.audio import SAMPLE_RATE_HZ, level_dbfs, spans_of_speech
from antiphon.simulation.recording import StereoRecording
from antiphon.simulation.recording.wav import AGENT, CALLER


def tone(secs: float, rate_hz: int = SAMPLE_RATE_HZ) -> Samples:
    times = np.arange(round(secs * rate_hz)) / rate_hz
    return (np.sin(times * 2 * np.pi * 440) * 9000).astype(np.int16)


def record(recording: StereoRecording, secs: float, agent: dict[float, Samples], hz: int) -> None:
    """Send the caller's frames of 20 ms, and the agent's of 40 ms when they begin to sound."""
    for index in range(round(secs * 50)):
        now = index * 0.02
        recording.add(CALLER, now, np.full(320, 1000, np.int16), SAMPLE_RATE_HZ)
        for start, samples in agent.items():
            offset = round((now - start) * hz)
            if 0 <= offset < len(samples) and index % 2 == round(start * 50) % 2:
                recording.add(AGENT, now, samples[offset : offset + hz // 25], hz)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000])
def test_both_voices_stand_where_they_were_heard(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "call.wav"
    with StereoRecording(path) as recording:
        record(recording, 6.0, {1.0: tone(1.0, rate_hz), 3.5: tone(2.0, rate_hz)}, rate_hz)

    audio = read_wav(path)
    assert audio.sample_rate_hz == SAMPLE_RATE_HZ
    assert len(audio.samples) == 6 * SAMPLE_RATE_HZ
    assert np.all(audio.samples[:, CALLER] == 1000)
    spans = spans_of_speech(audio.samples[:, AGENT], SAMPLE_RATE_HZ)
    times = [time for span in spans for time in (span.start_secs, span.end_secs)]
    assert times == pytest.approx([1.0, 2.0, 3.5, 5.5], abs=0.015)
    middle = audio.samples[4 * SAMPLE_RATE_HZ : 5 * SAMPLE_RATE_HZ, AGENT]
    assert level_dbfs(middle) == pytest.approx(level_dbfs(tone(1.0)), abs=0.1)


def test_a_chunked_stream_at_another_rate_has_no_seams(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with StereoRecording(path) as recording:
        record(recording, 3.0, {0.0: tone(3.0, 24000)}, 24000)

    heard = read_wav(path).samples[1600:-1600, AGENT].astype(np.float64)
    # A pure tone keeps to its curve; a seam would leave it by a jump.
    curve = 2 * np.cos(2 * np.pi * 440 / SAMPLE_RATE_HZ)
    assert np.max(np.abs(heard[2:] + heard[:-2] - curve * heard[1:-1])) < 40


def test_the_file_is_valid_while_the_call_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    recording = StereoRecording(path)
    for frames in (0, 7, 100, 333):
        record(recording, frames * 0.02, {}, SAMPLE_RATE_HZ)
        with wave.open(str(path)) as file:
            assert len(file.readframes(10**9)) == file.getnframes() * 4
            assert path.stat().st_size == 44 + file.getnframes() * 4
            assert file.getnframes() >= (frames * 320) - 2 * SAMPLE_RATE_HZ
    recording.close()


def test_a_call_without_a_sound_is_still_a_wav_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    StereoRecording(path).close()

    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getnframes()) == (2, 2, 0)


def test_audio_that_comes_too_late_is_lost_and_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with StereoRecording(path) as recording:
        record(recording, 10.0, {}, SAMPLE_RATE_HZ)
        recording.add(AGENT, 1.0, tone(0.5), SAMPLE_RATE_HZ)

    audio = read_wav(path)
    assert len(audio.samples) == 10 * SAMPLE_RATE_HZ
    assert not np.any(audio.samples[:, AGENT])
