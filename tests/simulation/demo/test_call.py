"""A short call in real time, with real detection, recognition and synthesis."""

import asyncio
import io
import json
import signal
import statistics
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest
from rich.console import Console

from antiphon.core.wav import read_wav
from antiphon.simulation.audio import SAMPLE_RATE_HZ, spans_of_speech
from antiphon.simulation.caller import EspeakVoice
from antiphon.simulation.demo.call import run_demo
from antiphon.simulation.recording import StereoRecording
from antiphon.simulation.recording.wav import AGENT, CALLER
from antiphon.simulation.virtual_time import run_virtual


async def recorded_caller(path: Path, *texts: str) -> Path:
    """Write a recording of a caller with a second of silence after each text."""
    voice = EspeakVoice()
    at_secs = 0.0
    with StereoRecording(path) as recording:
        for text in texts:
            samples = await voice.speak(text)
            recording.add(CALLER, at_secs, samples, SAMPLE_RATE_HZ)
            at_secs += len(samples) / SAMPLE_RATE_HZ + 1.0
    return path


@pytest.mark.system
async def test_a_recorded_caller_is_understood_answered_and_recorded(tmp_path: Path) -> None:
    wav = await recorded_caller(tmp_path / "caller.wav", "i would like to pay by card")
    consoles = {
        tmp_path / "plain": Console(file=io.StringIO(), width=120),
        tmp_path / "live": Console(file=io.StringIO(), width=120, force_terminal=True),
    }

    # Both at once: calls share the recogniser, the synthesiser and the event loop.
    differences = await asyncio.gather(
        *(run_demo(console, out=out, wav=wav) for out, console in consoles.items())
    )

    assert differences == [[], []]
    for out, console in consoles.items():
        text = (out / "transcript.jsonl").read_text()
        greeting, caller, agent = (json.loads(line) for line in text.splitlines())
        assert (greeting["who"], caller["who"], agent["who"]) == ("agent", "caller", "agent")
        assert caller["text"] == "i would like to pay by card"
        assert agent["text"] == "Yes, you can. Please read me your card number."
        assert 0.4 < agent["ttfa_secs"] < 5
        assert isinstance(console.file, io.StringIO)
        assert "i would like to pay by card" in console.file.getvalue()
        assert "1 of 1 answered" in console.file.getvalue()
        samples = read_wav(out / "call.wav").samples
        for channel, line in ((CALLER, caller), (AGENT, agent)):
            last = spans_of_speech(samples[:, channel], SAMPLE_RATE_HZ, join_secs=0.6)[-1]
            assert last.start_secs == pytest.approx(line["start_secs"], abs=0.05)
            assert last.end_secs == pytest.approx(line["end_secs"], abs=0.05)
        assert "data:audio/wav" in (out / "report.html").read_text()


@pytest.mark.system
@pytest.mark.timeout(240)
def test_the_demo_goes_as_scripted_and_repeats_with_open_speech(tmp_path: Path) -> None:
    def play(name: str) -> str:
        console, out = Console(file=io.StringIO(), width=120), tmp_path / name
        assert run_virtual(run_demo(console, out=out, voice="hibari", stt="whisper")) == []
        return (out / "transcript.jsonl").read_text()

    first = play("first")

    assert play("second") == first
    waits = [json.loads(line).get("ttfa_secs") for line in first.splitlines()]
    # Without what the models take of a core: 0.15 s to understand, 0.03 s to speak.
    assert statistics.median(filter(None, waits[1:])) < 0.65


@pytest.mark.system
def test_a_caller_of_espeaks_is_heard_by_what_understands_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTIPHON_EMBEDDED")
    console = Console(file=io.StringIO(), width=120)

    assert run_virtual(run_demo(console, out=tmp_path, voice="espeak")) == []


@pytest.mark.system
def test_ctrl_c_leaves_what_there_is_of_the_call(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "antiphon", "demo", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        # Three seconds are written once the call is four seconds old.
        give_up_at = time.monotonic() + 45
        while not (out / "call.wav").exists() or (out / "call.wav").stat().st_size < 3 * 64000:
            assert process.poll() is None
            assert time.monotonic() < give_up_at
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 130
    assert complaint.strip().splitlines()[-1] == (
        f"antiphon demo: interrupted; what there is of the call is in {out}/"
    )
    assert "Traceback" not in complaint
    with wave.open(str(out / "call.wav")) as file:
        assert file.getnframes() >= 3 * SAMPLE_RATE_HZ
        assert len(file.readframes(10**9)) == file.getnframes() * 4
    assert json.loads((out / "transcript.jsonl").read_text().split("\n")[0])["who"] == "agent"
    assert (out / "report.html").exists()
