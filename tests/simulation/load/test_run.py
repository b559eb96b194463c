"""Callers against a small server that answers half a second after it is spoken to."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from antiphon.core.wav import Samples
from antiphon.pipeline.cli.command import app
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.load.figures import CallFigures, Summary
from antiphon.simulation.load.run import Follow, run_load
from antiphon.simulation.virtual_time import run_virtual

from ..lines.phones import babbler, served


class Babbler:
    """A caller's voice without words."""

    async def speak(self, text: str) -> Samples:
        return np.frombuffer(speech_pcm(1.5), "<i2")


async def loaded(calls: int, follow: Follow | None = None) -> list[CallFigures]:
    async with served(babbler()) as address:
        return await run_load(
            f"ws://{address}/ws", calls=calls, secs=30, voice=Babbler(), follow=follow
        )


def test_every_caller_is_answered_waits_its_turn_and_barges_in() -> None:
    for call in run_virtual(loaded(3)):
        assert call.failure is None
        assert call.unanswered == 0
        assert len(call.ttfa_secs) >= 4
        assert call.ttfa_secs == [pytest.approx(0.5, abs=0.15)] * len(call.ttfa_secs)
        assert len(call.stop_secs) >= 1
        assert max(call.stop_secs) < 0.2
        assert call.late_secs == []
        assert len(call.lag_secs) == 30
        assert max(call.lag_secs) < 0.02


def test_it_is_told_each_second_how_it_goes() -> None:
    told: list[tuple[float, int, Summary]] = []

    run_virtual(loaded(2, lambda *progress: told.append(progress)))

    assert [round(secs) for secs, _, _ in told] == list(range(1, 31))
    assert [under_way for _, under_way, _ in told][5:25] == [2] * 20
    answers = [so_far.answers for _, _, so_far in told]
    assert answers == sorted(answers)
    assert answers[-1] >= 8


def test_a_server_that_is_not_there_is_a_failure_and_exit_1(tmp_path: Path) -> None:
    report = tmp_path / "load.json"
    result = CliRunner().invoke(
        app,
        ["load", "ws://127.0.0.1:1/ws", "--calls", "2", "--for", "5", "--report", str(report)],
    )

    assert result.exit_code == 1
    assert "2 of 2 calls: cannot call ws://127.0.0.1:1/ws" in result.output.replace("\n", " ")
    assert json.loads(report.read_text())["calls"] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop.example.com/voice"], "cannot call 'shop.example.com/voice': give a webhook"),
        (["ws://127.0.0.1:1/ws", "--pid", "99999999"], "no such process: process PID not found"),
        (["ws://127.0.0.1:1/ws", "--report", "/none/load.json"], "cannot write /none/load.json"),
    ],
)
def test_what_cannot_be_done_exits_2_with_one_line(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, ["load", *arguments, "--calls", "1", "--for", "5"])

    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert told in result.stderr
