"""What was seen of a call becomes turns: each word, wait and tool with the turn it belongs to."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.recording.assembly import account_for, assemble
from antiphon.simulation.recording.log import CallLog, HeardWord, Segment, Transcript, Wait
from antiphon.simulation.recording.record import Contribution, ToolCall

START = 100.0


def part(key: str, start_secs: float, duration_secs: float) -> Contribution:
    return Contribution(
        key=key, label=key, owner="x", start_secs=start_secs, duration_secs=duration_secs
    )


@pytest.fixture
def log() -> CallLog:
    """A greeting, a question with a tool call, and a line that cuts the answer short."""
    return CallLog(
        title="call",
        start_secs=START,
        end_secs=120.0,
        lines=[
            SpokenLine(text="where is my order", start_secs=104.0, end_secs=106.0),
            SpokenLine(text="never mind", start_secs=108.0, end_secs=109.0),
        ],
        agent_spans=[
            VoicedSpan(start_secs=100.5, end_secs=103.0),
            VoicedSpan(start_secs=106.75, end_secs=108.4),
            VoicedSpan(start_secs=109.6, end_secs=111.0),
        ],
        transcripts=[
            Transcript(at_secs=105.0, text="where is"),
            Transcript(at_secs=106.2, text="my order"),
            Transcript(at_secs=109.2, text="never mined"),
        ],
        segments=[
            Segment(id=1, at_secs=100.4, text="Good day."),
            Segment(id=2, at_secs=106.7, text="It left the warehouse."),
            Segment(id=3, at_secs=106.7, text="It comes tomorrow."),
            Segment(id=4, at_secs=109.5, text="Very well."),
        ],
        heard=[
            HeardWord(at_secs=100.5, text="Good day.", segment_id=1),
            HeardWord(at_secs=106.8, text="It", segment_id=2),
            HeardWord(at_secs=107.8, text="left", segment_id=2),
            HeardWord(at_secs=109.7, text="Very", segment_id=4),
            HeardWord(at_secs=110.1, text="well.", segment_id=4),
        ],
        waits=[
            Wait(answered_secs=100.45, contributions=[part("first_request", 100.1, 0.3)]),
            Wait(
                answered_secs=106.7,
                contributions=[part("endpointing_wait", 106.05, 0.2), part("pipeline", 106, 0.45)],
            ),
        ],
        interruptions=[104.2, 108.2],
        tool_calls={
            "1": ToolCall(name="track", arguments={"order": 7}, start_secs=106.4, end_secs=106.6)
        },
    )


def test_every_turn_has_its_texts(log: CallLog) -> None:
    greeting, question, cut_in = assemble(log).turns

    assert greeting.caller is None
    assert greeting.agent
    assert greeting.agent.heard == "Good day."
    assert question.caller
    assert question.caller.recognised == "where is my order"
    assert question.caller.script == "where is my order"
    assert cut_in.caller
    assert cut_in.caller.recognised == "never mined"
    assert cut_in.agent
    assert cut_in.agent.heard == "Very well."


def test_what_an_interruption_cut_off_is_told_from_what_was_heard(log: CallLog) -> None:
    _, question, cut_in = assemble(log).turns

    assert question.agent
    assert question.agent.heard == "It left"
    assert question.agent.unheard == "the warehouse. It comes tomorrow."
    assert cut_in.agent
    assert cut_in.agent.unheard == ""


def test_ttfa_is_from_the_end_of_speech_to_the_first_sound_after_it(log: CallLog) -> None:
    turns = assemble(log).turns

    assert [turn.ttfa_secs for turn in turns] == pytest.approx([0.5, 0.75, 0.6])


def test_an_agent_that_speaks_into_the_line_has_not_answered_it_yet(log: CallLog) -> None:
    log.agent_spans = [
        *log.agent_spans[:1],
        VoicedSpan(start_secs=105.0, end_secs=105.5),
        *log.agent_spans[1:],
    ]

    assert assemble(log).turns[1].ttfa_secs == pytest.approx(0.75)


def test_a_barge_in_lasts_until_the_agent_is_silent(log: CallLog) -> None:
    record = assemble(log)

    (barge_in,) = record.barge_ins
    assert record.turns[2].barge_in == barge_in
    assert barge_in.start_secs == pytest.approx(8.0)
    assert barge_in.stop_secs == pytest.approx(0.4)
    assert barge_in.interrupted


def test_an_agent_that_is_stopped_in_a_pause_was_interrupted(log: CallLog) -> None:
    log.interruptions = [104.2, 108.7]

    _, question, cut_in = assemble(log).turns

    assert cut_in.barge_in
    assert cut_in.barge_in.interrupted
    assert cut_in.barge_in.stop_secs == pytest.approx(0.4)
    assert question.agent
    assert question.agent.unheard == "the warehouse. It comes tomorrow."


def test_an_agent_that_came_to_its_end_was_not_interrupted(log: CallLog) -> None:
    log.interruptions = [104.2, 109.1]
    log.heard += [
        HeardWord(at_secs=108.0, text="the warehouse.", segment_id=2),
        HeardWord(at_secs=108.4, text="It comes tomorrow.", segment_id=3),
    ]

    _, question, cut_in = assemble(log).turns

    assert cut_in.barge_in
    assert not cut_in.barge_in.interrupted
    assert question.agent
    assert question.agent.unheard == ""


def test_a_tool_call_belongs_to_the_turn_that_asked_for_it(log: CallLog) -> None:
    _, question, cut_in = assemble(log).turns

    (call,) = question.tool_calls
    assert call.start_secs == pytest.approx(6.4)
    assert call.end_secs == pytest.approx(6.6)
    assert cut_in.tool_calls == ()


def test_a_line_without_an_answer_has_no_ttfa(log: CallLog) -> None:
    log.agent_spans = log.agent_spans[:2]

    record = assemble(log)

    assert record.turns[2].ttfa_secs is None
    assert record.turns[2].agent is None
    assert len(record.answered_turns) == 1


def test_a_call_can_be_looked_at_before_anything_happened() -> None:
    record = assemble(CallLog(title="call"))

    assert [turn.index for turn in record.turns] == [0]
    assert record.ttfa_median_secs is None
    assert record.slowest_turn is None


def test_the_ends_that_pipecat_does_not_see_are_accounted_for(log: CallLog) -> None:
    _, question, _ = assemble(log).turns

    parts = [
        (c.key, round(c.start_secs, 3), round(c.duration_secs, 3)) for c in question.contributions
    ]
    assert parts == [
        ("onset", 6.0, 0.05),
        ("endpointing_wait", 6.05, 0.2),
        ("pipeline", 6.25, 0.45),
        ("leading_silence", 6.7, 0.05),
    ]


@given(
    st.lists(
        st.tuples(st.floats(-1, 3), st.floats(0, 2), st.sampled_from(["llm", "tts", "pipeline"])),
        max_size=6,
    ),
    st.floats(-1, 3),
    st.floats(0.001, 2),
)
def test_the_parts_of_a_wait_always_add_up_to_it(
    parts: list[tuple[float, float, str]], answered_secs: float, wait_secs: float
) -> None:
    wait = Wait(
        answered_secs=START + answered_secs,
        contributions=[part(key, START + start, length) for start, length, key in parts],
    )

    account = account_for(wait, START, START + wait_secs)

    assert sum(c.duration_secs for c in account) == pytest.approx(wait_secs, abs=0.001)
    assert all(c.duration_secs > 0 for c in account)
    for one, other in itertools.pairwise(account):
        assert other.start_secs == pytest.approx(one.start_secs + one.duration_secs, abs=1e-6)
