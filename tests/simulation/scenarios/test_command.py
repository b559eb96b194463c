"""`antiphon simulate`: what it prints, what it leaves behind, and how it exits."""

import json
import wave
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from antiphon.core.wav import read_wav
from antiphon.pipeline.cli.command import app
from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample
from antiphon.simulation.recording import StereoRecording
from antiphon.simulation.recording.wav import CALLER
from antiphon.simulation.scenarios.loading import SHIPPED

CALL = """
title: Opening hours
lines:
  - say: what are your opening hours
    answer: {answer}
"""


def simulate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)])


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.system
@pytest.mark.parametrize("name", ["hang_up", "openai_fails"])
def test_a_call_is_the_same_twice_frame_by_frame(tmp_path: Path, name: str) -> None:
    result = simulate(SHIPPED / f"{name}.yaml", "--repeat", "2", "--report", tmp_path)

    assert result.exit_code == 0
    assert f"{name} 2 of 2 identical" in result.output
    assert "2 of 2 as expected" in result.output
    first, second = json.loads((tmp_path / "results.json").read_text())
    for run in (first, second):
        del run["name"], run["wall_secs"]
    assert first == second
    assert first["identical"] is True


@pytest.mark.system
def test_a_call_that_does_not_repeat_is_told_with_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    call = written(
        tmp_path / "moody.yaml",
        "title: t\nagent: {factory: 'factory_for_tests:moody'}\nlines: [{hang_up: true}]\n",
    )

    result = simulate(call, "--repeat", "2")

    assert result.exit_code == 1
    assert "1 of 2 identical" in result.output
    assert "run 2 is another call than run 1 from 0.00 s on: " in result.output
    assert "Good day, said process" in result.output


def test_a_call_that_differs_exits_1_and_is_told_everywhere(tmp_path: Path) -> None:
    call = written(tmp_path / "hours.yaml", CALL.format(answer="midnight"))
    out = tmp_path / "out"

    result = simulate(call, "--report", out)

    assert result.exit_code == 1
    assert 'without "midnight"' in result.output
    (case,) = ElementTree.parse(out / "junit.xml").findall("./testsuite/testcase")
    failure = case.find("failure")
    assert failure is not None
    assert 'without "midnight"' in failure.attrib["message"]
    (told,) = json.loads((out / "results.json").read_text())
    assert (told["passed"], told["name"]) == (False, "hours")
    assert told["transcript"][-1]["who"] == "agent"
    assert "midnight" in (out / "hours" / "report.html").read_text()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: t\nlines: []\nline: 1\n", "call.yaml:3: line: there is no such field"),
        ("title: t\nlines: [{wav: none.wav}]\n", "none.wav: No such file"),
        ("title: t\ncaller: {voice: nobody}\nlines: [{say: hello}]\n", "nobody"),
        ("title: t\nagent: {factory: 'os:getpid'}\nlines: [{say: hello}]\n", "not a VoiceAgent"),
    ],
)
def test_what_cannot_be_played_exits_2_with_one_line(tmp_path: Path, text: str, told: str) -> None:
    result = simulate(written(tmp_path / "call.yaml", text))

    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("flow: true", "'flow' needs an LLM, which services: realtime has none of"),
        ("factory: 'os:getpid'", "'services' is for the order desk, but 'factory' names another"),
    ],
)
def test_other_services_that_cannot_be_had_are_told_in_one_line(
    tmp_path: Path, agent: str, told: str
) -> None:
    text = f"title: t\nagent: {{{agent}}}\nlines: [{{say: hello}}]\n"
    result = simulate(written(tmp_path / "call.yaml", text), "--services", "realtime")

    assert result.exit_code == 2
    assert f"call.yaml cannot be played with realtime services: {told}" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_without_a_scenario_is_told(tmp_path: Path) -> None:
    result = simulate(tmp_path)

    assert (result.exit_code, result.stderr.strip()) == (
        2,
        f"antiphon simulate: no scenario (*.yaml) in {tmp_path}",
    )


def test_a_sound_file_at_another_rate_is_resampled_and_said_so(tmp_path: Path) -> None:
    wav = tmp_path / "caller.wav"
    with StereoRecording(wav) as recording:
        recording.add(CALLER, 0.0, np.zeros(SAMPLE_RATE_HZ, np.int16), SAMPLE_RATE_HZ)
    data = bytearray(wav.read_bytes())
    data[24:28] = (8000).to_bytes(4, "little")
    wav.write_bytes(data)
    call = written(
        tmp_path / "call.yaml",
        "title: t\nlines: [{wav: caller.wav, answered: false}]\n",
    )

    assert "caller.wav is at 8000 Hz: resampled to 16000 Hz" in simulate(call).output


@pytest.mark.system
def test_a_recorded_call_is_replayed_at_any_rate_with_its_barge_in(tmp_path: Path) -> None:
    assert simulate(SHIPPED / "barge_in.yaml", "--report", tmp_path).exit_code == 0
    call = read_wav(tmp_path / "barge_in" / "call.wav")
    voices = [resample(voice, call.sample_rate_hz, 8000) for voice in call.samples.T]
    with wave.open(str(tmp_path / "again.wav"), "wb") as wav:
        wav.setparams((2, 2, 8000, 0, "NONE", ""))
        wav.writeframes(np.stack(voices, axis=1).tobytes())

    result = simulate(tmp_path / "again.wav", "--report", tmp_path / "again")

    assert result.exit_code == 0
    assert "again.wav is at 8000 Hz: resampled to 16000 Hz" in result.output
    before, after = (
        [line["text"] for line in json.loads(path.read_text())[0]["transcript"]]
        for path in (tmp_path / "results.json", tmp_path / "again" / "results.json")
    )
    assert len(after) == len(before)
    for heard, again in zip(before, after, strict=True):
        # A cut that falls between two words may let either be the last.
        shorter, longer = sorted((heard.split(), again.split()), key=len)
        assert longer[: len(shorter)] == shorter
        assert len(longer) - len(shorter) <= 1
