"""Scenarios over a real WebSocket, in virtual time: our own door, and the servers of others."""

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.cli.command import app
from antiphon.simulation.scenarios import Scenario
from antiphon.simulation.scenarios.by_phone import by_ear, on_a_poor_line
from antiphon.simulation.scenarios.loading import ScenarioError, shipped_scenario
from antiphon.simulation.scenarios.play import Played, play
from antiphon.simulation.virtual_time import run_virtual

from ..lines.phones import babbler, listener, served
from ..lines.test_twilio_caller import Keys, stock_bot

# The vendors' SDKs and Pipecat use what their own dependencies have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ASKED = {"say": "what are your opening hours", "answer": "nine", "within_secs": 1.5}
OVER = {"say": "wait", "after": "agent_starts", "after_secs": 1.0, "interrupted": True}


def scenario(**data: object) -> Scenario:
    return Scenario.model_validate({"title": "t", "lines": [ASKED], **data})


def phoned(called: Scenario, *, clears: bool = True, out: Path | None = None) -> Played:
    """Play it against a server that is not ours and knows no words."""

    async def call() -> Played:
        async with served(babbler(clears=clears)) as address:
            return await play(called, transport="twilio", url=f"ws://{address}/ws", out=out)

    return run_virtual(call())


def test_by_phone_as_in_memory_the_agents_own_pipeline_tells_texts_and_tools() -> None:
    keys = {"press": "7305#", "answer": "tomorrow afternoon", "within_secs": 1.5}
    looked_up = {"tool": "get_order_status", "arguments": {"order_number": "7305"}}
    played = run_virtual(play(scenario(lines=[{**keys, **looked_up}]), transport="twilio"))

    assert (played.differences, played.unjudged) == ([], [])
    assert [call.outcome for call in played.record.tool_calls] == ["completed"]


def test_an_agent_that_fails_is_told_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("the agent has no voice")

    monkeypatch.setattr(VoiceAgent, "worker", fail)

    with pytest.raises(LookupError, match="the agent has no voice"):
        run_virtual(play(scenario(), transport="twilio"))


def test_of_a_foreign_server_only_what_is_heard_is_judged() -> None:
    played = phoned(scenario(lines=[ASKED, OVER], expect={"said": ["nine"], "max_secs": 5.0}))

    assert played.differences == [
        f"the call lasted {played.record.duration_secs:.1f} s, more than 5 s"
    ]
    assert played.unjudged == [
        'turn 1: whether the agent understood "what are your opening hours"',
        'turn 1: whether the answer contained "nine"',
        "turn 1: whether it called no tool",
        'turn 2: whether the agent understood "wait"',
        "turn 2: whether it called no tool",
        'whether the agent said "nine"',
    ]


def test_a_foreign_server_that_talks_on_over_the_caller_is_told() -> None:
    played = phoned(scenario(lines=[ASKED, {**OVER, "answered": None}]), clears=False)

    assert played.differences == ["turn 2: the agent did not stop when the caller talked over it"]


def test_a_stock_pipecat_bot_is_judged_by_ear() -> None:
    order = {"say": "two margheritas please", "within_secs": 1.5}
    over = {"after": "agent_starts", "after_secs": 1.5, "interrupted": True}

    async def call() -> Played:
        async with served(stock_bot(Keys(), {})) as address:
            called = scenario(lines=[{**order, **over}])
            return await play(called, transport="twilio", url=f"ws://{address}/ws")

    played = run_virtual(call())

    assert played.differences == []
    assert len(played.record.answered_turns) == 1
    assert len(played.unjudged) == 2


def test_personal_data_is_not_quoted_in_what_was_not_judged() -> None:
    _, unjudged = by_ear(scenario(expect={"redacted": ["4111 1111"]}))

    assert "whether text 1 of 'redacted' was redacted" in unjudged
    assert "4111" not in " ".join(unjudged)


def test_vendors_cannot_be_made_to_fail_elsewhere() -> None:
    with pytest.raises(ScenarioError, match="has 'faults', which only vendors"):
        phoned(shipped_scenario("deepgram_fails"))


def test_what_was_not_judged_is_in_the_report(tmp_path: Path) -> None:
    phoned(scenario(), out=tmp_path)

    page = (tmp_path / "report.html").read_text()
    assert "as expected, as far as it was judged" in page
    assert "3 not judged over the phone" in page


@pytest.mark.system
async def test_the_command_phones_a_server_and_says_what_it_could_not_judge(tmp_path: Path) -> None:
    call = tmp_path / "hours.yaml"
    call.write_text(
        "title: Hours\nexpect: {greeted: null, never_said: [sorry]}\nlines: [{hang_up: true}]\n"
    )
    async with served(babbler()) as address:
        arguments = ["simulate", str(call), "--transport", "twilio"]
        arguments += ["--url", f"ws://{address}/ws", "--report", str(tmp_path / "out")]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)

    assert result.exit_code == 0, result.output
    assert 'not judged: whether the agent never said "sorry"' in result.output
    assert "1 expectations not judged" in result.output
    (told,) = json.loads((tmp_path / "out" / "results.json").read_text())
    assert told["unjudged"] == ['whether the agent never said "sorry"']
    (case,) = ElementTree.parse(tmp_path / "out" / "junit.xml").findall("./testsuite/testcase")
    assert "never said" in case.findtext("system-out", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--url", "ws://127.0.0.1:9/ws"], "add --transport twilio"),
        (["--transport", "twilio", "--url", "example.com"], "cannot call 'example.com': give"),
        (["--transport", "twilio", "--url", "ws://127.0.0.1:9/ws"], "cannot call ws://127.0.0.1:9"),
    ],
)
def test_a_call_that_cannot_be_made_exits_2_with_one_line(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    call = tmp_path / "call.yaml"
    call.write_text("title: t\nlines: [{hang_up: true}]\n")

    result = CliRunner().invoke(app, ["simulate", str(call), *arguments])

    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert told in result.stderr


@pytest.mark.parametrize("vendor", ["telnyx", "plivo"])
def test_each_vendors_stream_can_be_phoned(vendor: str) -> None:
    async def call() -> Played:
        async with served(listener(lambda message: None)) as address:
            called = scenario(lines=[{"hang_up": True}], expect={"greeted": None})
            return await play(called, transport=vendor, url=f"ws://{address}/ws")  # type: ignore[arg-type]  # pyright: ignore

    assert run_virtual(call()).differences == []


def test_a_poor_line_is_as_poor_as_its_vendor() -> None:
    telnyx, plivo = (on_a_poor_line(scenario(), vendor) for vendor in ("telnyx", "plivo"))
    assert telnyx.caller.network is not None
    assert plivo.caller.network is not None
    assert (telnyx.caller.network.loss, telnyx.caller.network.jitter_secs) == (0.01, 0.04)
    assert (telnyx.caller.network.reorder, plivo.caller.network.reorder) == (0.05, 0.0)
