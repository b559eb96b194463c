"""`antiphon simulate --seed` tells what was broken, and how to see it again."""

import sys

import pytest
from typer.testing import CliRunner

from antiphon.pipeline.cli.command import app
from antiphon.simulation.generated.command import read_ranges, replay_command
from antiphon.simulation.generated.judge import Broken


def test_a_call_is_had_again_by_what_it_was_drawn_from() -> None:
    assert replay_command(41) == "antiphon simulate --seed 41"
    assert (
        replay_command(41, wider=1.5, changes=["slow_llm_rate=0.3"])
        == "antiphon simulate --seed 41 --wider 1.5 --range slow_llm_rate=0.3"
    )


def test_ranges_are_typed_as_they_are_told() -> None:
    ranges = read_ranges(["slow_llm_rate=0.3", "late_final_secs=0.5..3"])
    assert (ranges.slow_llm_rate, ranges.late_final_secs) == (0.3, (0.5, 3.0))
    assert read_ranges(wider=1.5).late_final_rate == pytest.approx(0.09)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("slow_rate=1", "there is no range 'slow_rate'"),
        ("slow_llm_rate=often", "give name=0.2, or name=0.5..3"),
        ("slow_llm_rate=0.1..0.3", "a rate is one number"),
        ("late_final_secs=2", "all else two"),
        ("slow_llm_rate=1.3", "give a share from 0 to 1"),
    ],
)
def test_a_range_that_is_none_is_refused(change: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_ranges([change])


def test_what_is_broken_is_told_with_the_second() -> None:
    broken = Broken(invariant="dead air", at_secs=12.3, told="2.00 s of silence")
    assert str(broken) == " 12.30 s  dead air: 2.00 s of silence"


def test_a_call_without_the_server_s_extra_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "antiphon.simulation.generated.command", None)
    result = CliRunner().invoke(app, ["simulate", "--seed", "3"])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[1:] == []
    assert "pip install 'antiphon[simulation,server]'" in result.stderr
