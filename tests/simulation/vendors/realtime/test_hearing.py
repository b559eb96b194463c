from typing import Any

import pytest

from antiphon.simulation.lines.babble import silence_pcm, speech_pcm
from antiphon.simulation.vendors.listening import ScriptedTranscriber
from antiphon.simulation.vendors.realtime.hearing import Ear, Onset, Stretch
from antiphon.simulation.vendors.realtime.session import RequestError

VAD = {"type": "server_vad", "threshold": 0.5}


def quiet(secs: float) -> bytes:
    return silence_pcm(secs, sample_rate_hz=24_000)


def voice(secs: float, level: float = 0.35) -> bytes:
    return speech_pcm(secs, sample_rate_hz=24_000, level=level)


def ear(detection: dict[str, Any] | None) -> Ear:
    return Ear(ScriptedTranscriber(["first", "second"]), detection)


@pytest.mark.parametrize(
    ("settings", "start", "end"),
    [
        ({}, 0.74, 2.5),
        ({"prefix_padding_ms": 100}, 0.94, 2.5),
        ({"silence_duration_ms": 200}, 0.74, 2.2),
    ],
)
def test_a_turn_begins_before_the_voice_and_ends_after_its_silence(
    settings: dict[str, Any], start: float, end: float
) -> None:
    onset, stretch = ear(VAD | settings).hear(quiet(1.0) + voice(1.0) + quiet(1.0))
    assert isinstance(onset, Onset)
    assert isinstance(stretch, Stretch)
    assert onset.at_secs == pytest.approx(start, abs=0.03)
    assert stretch.end_secs == pytest.approx(end, abs=0.05)
    assert stretch.audio_secs == pytest.approx(end - start, abs=0.05)
    assert stretch.text == "first"


def test_a_higher_threshold_does_not_hear_the_soft() -> None:
    soft = voice(1.0, level=0.05) + quiet(1.0)
    assert len(ear(VAD).hear(soft)) == 2
    assert ear(VAD | {"threshold": 1.0}).hear(voice(1.0, level=0.01) + quiet(1.0)) == []


def test_without_detection_the_client_commits_and_a_pause_does_not_end_the_turn() -> None:
    listening = ear(None)
    assert listening.hear(voice(0.5) + quiet(2.0) + voice(0.5)) == []
    stretch = listening.commit()
    assert stretch.text == "first"
    assert stretch.audio_secs == pytest.approx(3.0)
    listening.hear(quiet(1.0))
    assert listening.commit().text == ""


def test_what_is_cleared_is_not_heard_and_costs_no_line() -> None:
    listening = ear(None)
    listening.hear(voice(1.0))
    listening.clear()
    listening.hear(voice(1.0))
    assert listening.commit().text == "first"


def test_a_commit_of_nothing_is_refused() -> None:
    listening = ear(None)
    listening.hear(quiet(0.06))
    with pytest.raises(RequestError, match=r"buffer only has 60\.00ms") as refused:
        listening.commit()
    assert refused.value.code == "input_audio_buffer_commit_empty"
