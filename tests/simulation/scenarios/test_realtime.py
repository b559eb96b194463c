"""The shipped scenarios against a speech-to-speech model: played, or told why not."""

import re
from pathlib import Path

import pytest

from antiphon.simulation.scenarios.loading import SHIPPED, load_scenario, on_services
from antiphon.simulation.scenarios.play import play
from antiphon.simulation.virtual_time import run_virtual

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DOCS = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text()
_, SECTION = DOCS.split("## Against a speech-to-speech model\n")
APPLY, REASONS = SECTION.split("\n## ")[0].split("| not played |")
PLAYED = re.findall(r"`(\w+)`", APPLY.partition("Played, and green:")[2])
QUICK = {"barge_in"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.system) for name in PLAYED],
)
def test_a_scenario_that_applies_goes_as_expected(name: str) -> None:
    path = SHIPPED / f"{name}.yaml"
    scenario = on_services(path, load_scenario(path), "realtime")
    assert run_virtual(play(scenario)).differences == []


def test_each_shipped_scenario_is_played_or_told_why_not() -> None:
    rows = [line for line in REASONS.splitlines() if line.startswith("| `")]
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(PLAYED + told) == sorted(path.stem for path in SHIPPED.glob("*.yaml"))
