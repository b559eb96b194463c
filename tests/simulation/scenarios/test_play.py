"""Scenarios are played, in virtual time and with real recognition and synthesis."""

import json
from pathlib import Path

import pytest

from antiphon.simulation.runs import FrameLog
from antiphon.simulation.scenarios import Scenario
from antiphon.simulation.scenarios.loading import SHIPPED, ScenarioError, load_scenario
from antiphon.simulation.scenarios.play import Played, play
from antiphon.simulation.virtual_time import run_virtual

# The vendors' SDKs and Pipecat use what their own dependencies have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUESTION = {"say": "what are your opening hours", "answer": "nine in the morning"}


def played(**data: object) -> Played:
    return run_virtual(play(Scenario.model_validate({"title": "t", "lines": [QUESTION], **data})))


PLAYED_BELOW = {"card_number"}
QUICK = {"backchannel", "barge_in", "openai_fails"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=[] if path.stem in QUICK else [pytest.mark.system])
        for path in sorted(SHIPPED.glob("*.yaml"))
        if path.stem not in PLAYED_BELOW
    ],
)
def test_a_shipped_scenario_goes_as_expected(name: str) -> None:
    assert run_virtual(play(load_scenario(SHIPPED / f"{name}.yaml"))).differences == []


@pytest.mark.system
@pytest.mark.parametrize("name", [path.stem for path in sorted(SHIPPED.glob("*.yaml"))])
def test_a_shipped_scenario_goes_as_expected_in_a_flow(name: str) -> None:
    scenario = load_scenario(SHIPPED / f"{name}.yaml")
    agent = scenario.agent.model_copy(update={"flow": True})
    assert run_virtual(play(scenario.model_copy(update={"agent": agent}))).differences == []


@pytest.mark.system
def test_a_call_is_the_same_again_whatever_was_heard_before() -> None:
    def frames() -> list[str]:
        log = FrameLog()
        run_virtual(play(load_scenario(SHIPPED / "noise.yaml"), observers=[log]))
        return log.lines

    first = frames()
    run_virtual(play(load_scenario(SHIPPED / "babble.yaml")))
    assert frames() == first


def test_a_call_that_the_caller_ends_is_not_one_that_the_agent_ends() -> None:
    assert played(expect={"outcome": "agent_hung_up"}).differences == [
        "the call ended with caller_hung_up, not agent_hung_up"
    ]


def test_noise_louder_than_the_caller_is_told_as_what_was_misunderstood() -> None:
    differences = played(caller={"noise_snr_db": -10}).differences

    assert any("opening hours" in difference for difference in differences)


def test_what_a_call_leaves_behind_is_in_its_folder(tmp_path: Path) -> None:
    scenario = Scenario.model_validate({"title": "t", "lines": [QUESTION]})
    run_virtual(play(scenario, out=tmp_path / "out"))

    lines = (tmp_path / "out" / "transcript.jsonl").read_text().splitlines()
    assert [json.loads(line)["who"] for line in lines] == ["agent", "caller", "agent"]
    assert "data:audio/wav" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.system
def test_a_card_number_is_in_nothing_that_a_call_leaves_behind(tmp_path: Path) -> None:
    scenario = load_scenario(SHIPPED / "card_number.yaml")
    call = run_virtual(play(scenario, out=tmp_path))

    assert call.differences == []
    left = call.record.model_dump_json() + "".join(
        (tmp_path / name).read_text() for name in ("transcript.jsonl", "report.html")
    )
    assert "CREDIT_CARD" in left
    # "5105" alone may be in the sound, which the page holds as text.
    assert not [text for text in ("five one zero five", "5 1 0 5", "510510") if text in left]


def test_another_agent_is_called_by_its_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    call = played(agent={"factory": "factory_for_tests:shop"}, expect={"heard": ["shop."]})

    assert call.differences == []


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        ("no_such_module:shop", "cannot call no_such_module:shop: No module"),
        ("json:no_such", "cannot call json:no_such: "),
        ("os:getpid", "os:getpid returned int, not a VoiceAgent"),
    ],
)
def test_a_factory_that_is_none_is_told(factory: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        played(agent={"factory": factory})
