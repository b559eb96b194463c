"""Whether a call went as scripted: each difference is told in one sentence."""

from typing import Any

import pytest

from antiphon.services import Script
from antiphon.simulation.recording import CallRecord
from antiphon.simulation.recording.record import BargeIn
from antiphon.simulation.scenarios import Scenario
from antiphon.simulation.scenarios.differences import differences
from antiphon.simulation.scenarios.loading import shipped_scenario
from antiphon.simulation.scenarios.schema import Line

LINES: list[dict[str, Any]] = [
    {"say": "what are your opening hours", "answer": "nine to five"},
    {
        "say": "where is order one two three four",
        "answer": "left",
        "tool": "check_order",
        "arguments": {"order_number": "1234"},
    },
    {
        "say": "thank you that is all",
        "answer": "goodbye",
        "after": "agent_starts",
        "interrupted": True,
    },
]


def script(**third: Any) -> Scenario:
    lines = [*LINES[:2], {**LINES[2], **third}]
    return Scenario.model_validate({"title": "t", "lines": lines})


def expecting(**expect: Any) -> Scenario:
    return Scenario.model_validate({"title": "t", "lines": LINES, "expect": expect})


def changed(record: CallRecord, index: int, **update: Any) -> CallRecord:
    turns = list(record.turns)
    turns[index] = turns[index].model_copy(update=update)
    return record.model_copy(update={"turns": tuple(turns)})


def test_a_call_as_scripted_has_no_differences(record: CallRecord) -> None:
    assert differences(script(), record) == []


def test_a_misheard_line_is_quoted(record: CallRecord) -> None:
    caller = record.turns[1].caller
    assert caller is not None
    misheard = caller.model_copy(update={"recognised": "what is your own power"})

    assert differences(script(), changed(record, 1, caller=misheard)) == [
        'turn 1: the agent understood "what is your own power" for "what are your opening hours"'
    ]


def test_a_missing_answer_is_told(record: CallRecord) -> None:
    silent = changed(record, 1, ttfa_secs=None, agent=None)

    assert differences(script(), silent) == [
        'turn 1: the agent did not answer "what are your opening hours"'
    ]


def test_a_wrong_answer_is_quoted(record: CallRecord) -> None:
    agent = record.turns[3].agent

    assert differences(script(), changed(record, 1, agent=agent)) == [
        'turn 1: the agent answered "You are welcome. Goodbye.", without "nine to five"'
    ]


def test_a_tool_call_with_another_number_is_told(record: CallRecord) -> None:
    (call,) = record.turns[2].tool_calls
    other = call.model_copy(update={"arguments": {"order_number": "12"}})

    assert differences(script(), changed(record, 2, tool_calls=(other,))) == [
        "turn 2: the agent called check_order(order_number='12') "
        "instead of check_order(order_number='1234')"
    ]


def test_a_tool_call_that_nobody_asked_for_is_told(record: CallRecord) -> None:
    calls = record.turns[2].tool_calls

    (difference,) = differences(script(), changed(record, 1, tool_calls=calls))
    assert difference.endswith("instead of nothing")


@pytest.mark.parametrize(
    ("barge_in", "told"),
    [
        (None, "was not speaking"),
        (BargeIn(start_secs=17.1, silence_secs=17.4, interrupted=False), "did not stop"),
        (BargeIn(start_secs=17.1, silence_secs=18.6, interrupted=True), "spoke on for 1.50 s"),
    ],
)
def test_a_barge_in_that_fails_is_told(
    record: CallRecord, barge_in: BargeIn | None, told: str
) -> None:
    (difference,) = differences(script(), changed(record, 3, barge_in=barge_in))

    assert told in difference


def test_a_caller_who_waits_expects_no_barge_in(record: CallRecord) -> None:
    patient = changed(record, 3, barge_in=None)

    assert differences(script().without_barge_in(), patient) == []
    assert all(line.after == "agent_done" for line in script().without_barge_in().lines)


def test_a_call_that_ended_early_is_told(record: CallRecord) -> None:
    short = record.model_copy(update={"turns": record.turns[:2]})

    assert differences(script(), short) == [
        "the call ended before line 2, 'where is order one two three four'"
    ]


def test_a_silent_agent_is_told(record: CallRecord) -> None:
    assert differences(script(), changed(record, 0, ttfa_secs=None))[0] == (
        "the agent did not greet the caller"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"within_secs": 0.5}, "turn 3: the answer took 700 ms, more than 500 ms"),
        ({"answered": False, "answer": None}, "turn 3: the agent answered"),
        ({"interrupted": False}, "turn 3: the agent stopped when the caller spoke"),
        ({"max_stop_secs": 0.1}, "turn 3: the agent spoke on for 0.30 s over the caller"),
        ({"tool": "refund"}, "turn 3: the agent called nothing instead of refund()"),
    ],
)
def test_a_turn_that_differs_is_told(
    record: CallRecord, changes: dict[str, Any], told: str
) -> None:
    (difference,) = differences(script(**changes), record)

    assert difference.startswith(told)


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"heard": ["warehouse on monday"]}, 'the caller never heard "warehouse on monday"'),
        ({"said": ["see you soon"]}, 'the agent never said "see you soon"'),
        ({"never_said": ["warehouse"]}, 'the agent said "warehouse"'),
        ({"redacted": ["1234"]}, "text 1 of 'redacted' was not redacted"),
        ({"greeted": False}, "the agent greeted the caller"),
        ({"max_secs": 20}, "the call lasted 27.0 s, more than 20 s"),
    ],
)
def test_a_call_that_differs_is_told(record: CallRecord, expect: dict[str, Any], told: str) -> None:
    assert differences(expecting(**expect), record) == [told]


def test_what_was_cut_off_was_said_but_not_heard(record: CallRecord) -> None:
    assert differences(expecting(said=["warehouse on monday"]), record) == []


def test_a_tool_call_that_fails_is_told(record: CallRecord) -> None:
    (call,) = record.turns[2].tool_calls
    failed = call.model_copy(update={"outcome": "failed"})

    assert differences(script(), changed(record, 2, tool_calls=(failed,))) == [
        "turn 2: check_order(order_number='1234') failed, expected: completed"
    ]


def test_a_recorded_caller_wants_an_answer_to_every_line(record: CallRecord) -> None:
    recorded = Scenario.model_validate({"title": "t", "recording": "caller.wav"})

    assert differences(recorded, record) == []
    assert differences(recorded, changed(record, 1, ttfa_secs=None)) == [
        'turn 1: the agent did not answer "what are your opening hours"'
    ]


@pytest.mark.parametrize(
    "line", shipped_scenario("happy_path").lines, ids=lambda line: line.say[:24]
)
def test_the_agent_of_the_demo_knows_what_its_caller_says(line: Line) -> None:
    assert Script.order_status().understand(line.say or "")
