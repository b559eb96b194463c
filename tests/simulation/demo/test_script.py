"""Whether a call went as scripted: each difference is told in one sentence."""

from typing import Any

import pytest
from antiphon.services.scripted import Script
from antiphon.simulation.demo.script import CallScript, Line
from antiphon.simulation.recording import BargeIn, CallRecord

LINES: list[dict[str, Any]] = [
    {"text": "what are your opening hours", "answer": "nine to five"},
    {
        "text": "where is order one two three four",
        "answer": "left",
        "tool": "check_order",
        "arguments": {"order_number": "1234"},
    },
    {"text": "thank you that is all", "answer": "goodbye", "over_agent_after_secs": 1.5},
]


def script(**third: Any) -> CallScript:
    lines = [*LINES[:2], {**LINES[2], **third}]
    return CallScript.model_validate({"title": "t", "greeting": "g", "line": lines})


def changed(record: CallRecord, index: int, **update: Any) -> CallRecord:
    turns = list(record.turns)
    turns[index] = turns[index].model_copy(update=update)
    return record.model_copy(update={"turns": tuple(turns)})


def test_a_call_as_scripted_has_no_differences(record: CallRecord) -> None:
    assert script().differences(record) == []


def test_a_misheard_line_is_quoted(record: CallRecord) -> None:
    caller = record.turns[1].caller
    assert caller is not None
    misheard = caller.model_copy(update={"recognised": "what is your own power"})

    assert script().differences(changed(record, 1, caller=misheard)) == [
        'turn 1: the agent understood "what is your own power" for "what are your opening hours"'
    ]


def test_a_missing_answer_is_told(record: CallRecord) -> None:
    silent = changed(record, 1, ttfa_secs=None, agent=None)

    assert script().differences(silent) == [
        'turn 1: the agent did not answer "what are your opening hours"'
    ]


def test_a_wrong_answer_is_quoted(record: CallRecord) -> None:
    agent = record.turns[3].agent

    assert script().differences(changed(record, 1, agent=agent)) == [
        'turn 1: the agent answered "You are welcome. Goodbye.", without "nine to five"'
    ]


def test_a_tool_call_with_another_number_is_told(record: CallRecord) -> None:
    (call,) = record.turns[2].tool_calls
    other = call.model_copy(update={"arguments": {"order_number": "12"}})

    assert script().differences(changed(record, 2, tool_calls=(other,))) == [
        "turn 2: the agent called check_order(order_number='12') "
        "instead of check_order(order_number='1234')"
    ]


def test_a_tool_call_that_nobody_asked_for_is_told(record: CallRecord) -> None:
    calls = record.turns[2].tool_calls

    (difference,) = script().differences(changed(record, 1, tool_calls=calls))
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
    (difference,) = script().differences(changed(record, 3, barge_in=barge_in))

    assert told in difference


def test_a_caller_who_waits_expects_no_barge_in(record: CallRecord) -> None:
    patient = changed(record, 3, barge_in=None)

    assert script().without_barge_in().differences(patient) == []
    assert all(line.step().after == "agent_done" for line in script().without_barge_in().lines)


def test_a_call_that_ended_early_is_told(record: CallRecord) -> None:
    short = record.model_copy(update={"turns": record.turns[:2]})

    assert script().differences(short) == [
        "the call ended before line 2, 'where is order one two three four'"
    ]


def test_a_silent_agent_is_told(record: CallRecord) -> None:
    assert script().differences(changed(record, 0, ttfa_secs=None))[0] == (
        "the agent did not greet the caller"
    )


def test_a_misspelt_field_of_the_script_is_refused() -> None:
    with pytest.raises(ValueError, match="anwser"):
        script(anwser="goodbye")


def test_the_demo_call_can_be_read() -> None:
    demo = CallScript.demo()

    assert [line.over_agent_after_secs is not None for line in demo.lines].count(True) == 1
    assert any(line.tool for line in demo.lines)


@pytest.mark.parametrize("line", CallScript.demo().lines, ids=lambda line: line.text[:24])
def test_the_agent_of_the_demo_knows_what_its_caller_says(line: Line) -> None:
    understood = Script.order_status().understand(line.text)

    assert understood
    intent, slots = understood
    assert intent.tool == line.tool
    assert not line.tool or slots == line.arguments
