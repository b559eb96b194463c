"""The stages of a wait add up to it, count overlap once, and name what took the time."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.latency import TurnLatency
from antiphon.processors.latency.core.moments import Mark, Moment
from antiphon.processors.latency.core.stages import Span, charge, measure
from antiphon.processors.latency.core.timeline import Timeline
from antiphon.processors.latency.core.turn import Turn, TurnKind
from antiphon.processors.latency.core.turn_latency import Service

M = Moment

TIMES = st.floats(min_value=-5, max_value=15)
SPANS = st.lists(
    st.builds(
        lambda stage, one, other: Span(stage=stage, start=min(one, other), end=max(one, other)),
        st.sampled_from("abcd"),
        TIMES,
        TIMES,
    ),
    max_size=12,
)


@given(spans=SPANS)
def test_whatever_spans_there_are_the_parts_touch_and_add_up(spans: list[Span]) -> None:
    cut = charge(0.0, 10.0, spans)
    assert cut[0].start == 0.0
    assert cut[-1].end == 10.0
    assert all(one.end == then.start for one, then in pairwise(cut))
    assert all(span.end > span.start for span in cut)


def test_time_that_two_spans_cover_goes_to_the_more_telling_one() -> None:
    cut = charge(
        0.0,
        4.0,
        [Span(stage="tool", start=1.0, end=2.0), Span(stage="llm", start=0.5, end=3.0)],
    )
    assert [(span.stage, span.start, span.end) for span in cut] == [
        ("pipeline", 0.0, 0.5),
        ("llm", 0.5, 1.0),
        ("tool", 1.0, 2.0),
        ("llm", 2.0, 3.0),
        ("pipeline", 3.0, 4.0),
    ]


def test_a_span_of_no_length_names_nothing() -> None:
    named = Span(stage="llm", start=0.0, end=1.0)
    empty = Span(stage="tool", start=1.0003, end=1.0003)
    assert charge(0.0, 4.0, [empty, named]) == charge(0.0, 4.0, [named])


@pytest.mark.parametrize(("secs", "stages"), [(0.0005, ["llm", "tool"]), (0.0004, ["llm"])])
def test_a_stretch_too_short_to_list_goes_to_the_one_before(secs: float, stages: list[str]) -> None:
    spans = [Span(stage="llm", start=-1.0, end=0.0), Span(stage="tool", start=0.0, end=secs)]
    cut = charge(-1.0, secs, spans)
    assert [span.stage for span in cut] == stages
    assert cut[-1].end == secs


# Caller stops at 2.0 (VAD 0.2 s later), and every stage has a length of its own.
WHOLE = (
    Mark(moment=M.CALLER_STARTED, at=1.0, secs=0.2),
    Mark(moment=M.CALLER_STOPPED, at=2.2, secs=0.2),
    Mark(moment=M.TRANSCRIPT, at=2.5, owner="stt"),
    Mark(moment=M.TURN_ENDED, at=2.9),
    Mark(moment=M.CONTEXT, at=2.9),
    Mark(moment=M.LLM_STARTED, at=3.4, owner="llm"),
    Mark(moment=M.TOKEN, at=4.0, owner="llm"),
    Mark(moment=M.SENTENCE, at=4.7, owner="sentences"),
    Mark(moment=M.AUDIO, at=5.5, owner="tts"),
    Mark(moment=M.WRITTEN, at=6.4, owner="out"),
    Mark(moment=M.HEARD, at=7.4, owner="out"),
)
WHOLE_SECS = {
    "endpointing_wait": 0.2,
    "transcription": 0.3,
    "turn_detection": 0.4,
    "context": 0.5,
    "llm_inference": 0.6,
    "sentence_aggregation": 0.7,
    "speech_synthesis": 0.8,
    "output_transport": 0.9,
    "playout": 1.0,
}


def turn(*marks: Mark, kind: TurnKind = TurnKind.ANSWERED) -> Turn:
    return Turn(kind=kind, marks=marks, ended_at=marks[-1].at)


def secs(latency: TurnLatency) -> dict[str, Any]:
    return {stage.name: pytest.approx(stage.secs) for stage in latency.stages}


def test_every_stage_of_a_whole_turn_gets_its_own_time() -> None:
    latency = measure(turn(*WHOLE), number=1)
    assert secs(latency) == WHOLE_SECS
    assert latency.total_secs == pytest.approx(5.4)
    assert latency.flags == ()
    assert latency.counts
    owners = {stage.name: stage.owner for stage in latency.stages}
    assert owners["sentence_aggregation"] == "sentences"


@pytest.mark.parametrize("left_out", range(len(WHOLE)))
def test_a_moment_that_was_not_seen_makes_no_stage_negative_or_zero(left_out: int) -> None:
    marks = [mark for i, mark in enumerate(WHOLE) if i != left_out]
    latency = measure(turn(*marks), number=1)
    assert all(stage.secs > 0 for stage in latency.stages)
    if latency.total_secs is not None:
        assert sum(stage.secs for stage in latency.stages) == pytest.approx(latency.total_secs)
    if WHOLE[left_out].moment in (M.CALLER_STOPPED, M.TRANSCRIPT, M.LLM_STARTED, M.TOKEN, M.AUDIO):
        assert f"missing:{WHOLE[left_out].moment}" in latency.flags


def test_time_that_no_stage_can_claim_is_shown_as_the_pipelines() -> None:
    marks = [mark for mark in WHOLE if mark.moment is not M.TOKEN]
    latency = measure(turn(*marks), number=1)
    assert latency.secs_of("llm_inference") is None
    assert latency.secs_of("pipeline") == pytest.approx(1.3)


def test_a_tool_call_is_told_apart_from_the_thinking_before_it() -> None:
    marks = (
        *WHOLE[:6],
        Mark(moment=M.FIRST_CHUNK, at=3.7, secs=0.3, owner="llm"),
        Mark(moment=M.FIRST_CHUNK, at=3.8, secs=9.0, owner="tts"),
        Mark(moment=M.TOOL_STARTED, at=4.0, key="1", name="orders"),
        Mark(moment=M.TOOL_ENDED, at=5.0, key="1", name="orders"),
        Mark(moment=M.LLM_STARTED, at=5.0, owner="llm"),
        Mark(moment=M.FIRST_CHUNK, at=5.2, secs=9.0, owner="llm"),
        Mark(moment=M.TOKEN, at=5.4, owner="llm"),
        Mark(moment=M.AUDIO, at=5.4, owner="tts"),
        Mark(moment=M.WRITTEN, at=5.4, owner="out"),
    )
    latency = measure(turn(*marks), number=1)
    assert latency.secs_of("llm_tool_call") == pytest.approx(0.3)
    assert latency.secs_of("llm_inference") == pytest.approx(0.3 + 0.4)
    assert "first_chunk" not in latency.marks


def test_a_verdict_on_whether_the_caller_is_done_has_its_own_time() -> None:
    marks = (
        *WHOLE[:6],
        Mark(moment=M.FIRST_CHUNK, at=3.7, secs=0.3, owner="llm"),
        Mark(moment=M.MARKER, at=3.8, owner="llm"),
        Mark(moment=M.LLM_STARTED, at=6.8, owner="llm"),
        Mark(moment=M.FIRST_CHUNK, at=7.0, secs=0.2, owner="llm"),
        Mark(moment=M.MARKER, at=7.1, owner="llm"),
        Mark(moment=M.TOKEN, at=7.2, owner="llm"),
        Mark(moment=M.AUDIO, at=7.2, owner="tts"),
        Mark(moment=M.WRITTEN, at=7.2, owner="out"),
    )
    latency = measure(turn(*marks), number=1)
    stages = [(stage.name, round(stage.secs, 3)) for stage in latency.stages[4:]]
    assert stages == [
        ("llm_inference", 0.3),
        ("turn_completion", 0.1),
        ("waiting_for_user", 3.0),
        ("llm_inference", 0.2),
        ("turn_completion", 0.2),
    ]


@pytest.mark.parametrize(("secs_gathered", "aggregation"), [(0.5, 0.5), (9.0, None)])
def test_a_voice_that_gathers_sentences_itself_tells_how_long(
    secs_gathered: float, aggregation: float | None
) -> None:
    gathered = Mark(moment=M.AGGREGATED, at=4.5, secs=secs_gathered, owner="tts")
    latency = measure(turn(*WHOLE[:7], gathered, *WHOLE[8:]), number=1)
    assert latency.secs_of("sentence_aggregation") == pytest.approx(aggregation)
    assert latency.secs_of("speech_synthesis") == pytest.approx(1.5 - (aggregation or 0))


def test_a_voice_may_have_gathered_until_its_first_audio() -> None:
    gathered = Mark(moment=M.AGGREGATED, at=5.5, secs=1.5, owner="tts")
    latency = measure(turn(*WHOLE[:7], gathered, *WHOLE[8:]), number=1)
    assert latency.secs_of("sentence_aggregation") == pytest.approx(1.5)
    assert latency.secs_of("speech_synthesis") is None


def test_a_sentence_that_nobody_owns_is_gathered_by_who_sent_the_text() -> None:
    sentence = Mark(moment=M.SENTENCE, at=4.7)
    latency = measure(turn(*WHOLE[:7], sentence, *WHOLE[8:]), number=1)
    [stage] = [stage for stage in latency.stages if stage.name == "sentence_aggregation"]
    assert stage.owner == "llm"


@pytest.mark.parametrize(("stopped_at", "start_secs"), [(None, 1.5), (0.0, 2.0), (1.0, 1.0)])
def test_a_tool_is_told_since_the_callers_silence_or_else_since_the_first_moment(
    stopped_at: float | None, start_secs: float
) -> None:
    stopped = [] if stopped_at is None else [Mark(moment=M.CALLER_STOPPED, at=stopped_at)]
    marks = (
        *stopped,
        Mark(moment=M.LLM_STARTED, at=0.5, owner="llm"),
        Mark(moment=M.TOOL_STARTED, at=2.0, key="1", name="orders"),
    )
    [tool] = measure(turn(*marks), number=1).tools
    assert (tool.start_secs, tool.secs) == (start_secs, None)


def test_without_a_context_the_request_ends_the_callers_turn() -> None:
    latency = measure(turn(*WHOLE[:4], *WHOLE[5:]), number=1)
    assert latency.secs_of("turn_detection") == pytest.approx(0.4 + 0.5)


def test_a_greeting_waits_for_its_first_request() -> None:
    greeting = (Mark(moment=M.CONNECTED, at=1.0), *WHOLE[4:])
    latency = measure(turn(*greeting, kind=TurnKind.GREETING), number=1)
    assert latency.secs_of("first_request") == pytest.approx(1.9)
    assert latency.secs_of("context") == pytest.approx(0.5)


def test_tools_that_run_together_are_counted_once() -> None:
    marks = (
        *WHOLE[:6],
        Mark(moment=M.TOOL_STARTED, at=4.0, key="1", name="orders"),
        Mark(moment=M.TOOL_STARTED, at=4.1, key="2", name="stock"),
        Mark(moment=M.TOOL_ENDED, at=5.0, key="1", name="orders"),
        Mark(moment=M.TOOL_ENDED, at=6.0, key="2", name="stock"),
        Mark(moment=M.LLM_STARTED, at=6.2, owner="llm"),
        Mark(moment=M.TOKEN, at=6.8, owner="llm"),
        Mark(moment=M.AUDIO, at=7.0, owner="tts"),
        Mark(moment=M.WRITTEN, at=7.0, owner="out"),
    )
    latency = measure(turn(*marks), number=1)
    handlers = [stage for stage in latency.stages if stage.name == "function_handler"]
    assert [(stage.owner, stage.secs) for stage in handlers] == [("stock +1", pytest.approx(2.0))]
    assert latency.secs_of("llm_inference") == pytest.approx(0.6 + 0.6)
    assert latency.secs_of("context") == pytest.approx(0.5 + 0.2)
    assert [(tool.name, tool.secs) for tool in latency.tools] == [
        ("orders", pytest.approx(1.0)),
        ("stock", pytest.approx(1.9)),
    ]
    assert sum(stage.secs for stage in latency.stages) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("tools", "handlers"),
    [
        # A long one beside two short ones that follow on each other.
        ([("a", 4.0, 9.0), ("b", 4.1, 5.0), ("c", 6.0, 7.0)], [("a +2", 5.0)]),
        ([("a", 4.0, 5.0), ("b", 6.0, 7.5)], [("a", 1.0), ("b", 1.5)]),
        ([("a", 4.0, 5.0), ("b", 5.0, 6.5)], [("b +1", 2.5)]),
        # One that is still running when the answer comes.
        ([("a", 4.0, 99.0), ("b", 4.0, 5.0)], [("b", 1.0)]),
    ],
)
def test_tools_that_overlap_are_named_after_the_slowest_that_ended(
    tools: list[tuple[str, float, float]], handlers: list[tuple[str, float]]
) -> None:
    started = [Mark(moment=M.TOOL_STARTED, at=at, key=name, name=name) for name, at, _ in tools]
    ended = [Mark(moment=M.TOOL_ENDED, at=at, key=name, name=name) for name, _, at in tools]
    told = sorted([*started, *ended], key=lambda mark: mark.at)
    answer = (Mark(moment=M.AUDIO, at=9.5), Mark(moment=M.WRITTEN, at=9.5))
    marks = [*WHOLE[:6], *[mark for mark in told if mark.at < 9.5], *answer]
    stages = measure(turn(*marks), number=1).stages
    found = [(stage.owner, stage.secs) for stage in stages if stage.name == "function_handler"]
    assert found == [(name, pytest.approx(secs)) for name, secs in handlers]


def test_a_filler_is_the_first_sound_but_not_the_answer() -> None:
    marks = (*WHOLE[:6], Mark(moment=M.FILLER_WRITTEN, at=3.6), *WHOLE[6:])
    latency = measure(turn(*marks), number=1)
    assert latency.first_sound_secs == pytest.approx(1.6)
    assert latency.total_secs == pytest.approx(5.4)


def test_a_transcript_that_came_before_the_vad_was_sure_costs_nothing() -> None:
    early = [
        Mark(moment=M.TRANSCRIPT, at=2.1, owner="stt") if m.moment is M.TRANSCRIPT else m
        for m in WHOLE
    ]
    latency = measure(turn(*sorted(early, key=lambda mark: mark.at)), number=1)
    assert latency.secs_of("transcription") is None
    assert latency.secs_of("turn_detection") == pytest.approx(0.7)
    assert latency.secs_of("pipeline") is None


def test_a_wait_that_was_not_answered_has_no_total() -> None:
    latency = measure(turn(*WHOLE[:6], kind=TurnKind.INTERRUPTED), number=1)
    assert (latency.total_secs, latency.stages, latency.counts) == (None, (), False)


def test_a_turn_whose_clock_jumped_does_not_count() -> None:
    jumped = Turn(kind=TurnKind.ANSWERED, marks=WHOLE, ended_at=9, clock_jumped=True)
    latency = measure(jumped, number=1)
    assert latency.flags == ("clock_jump",)
    assert not latency.counts


def test_a_vad_that_claims_more_silence_than_there_was_speech_makes_no_wait_longer() -> None:
    marks = (
        Mark(moment=M.CALLER_STARTED, at=1.0),
        Mark(moment=M.CALLER_STOPPED, at=1.5, secs=99.0),
        *WHOLE[2:],
    )
    assert measure(turn(*marks), number=1).started_at == 1.0


def test_a_stage_names_the_provider_behind_it() -> None:
    services = {"llm": Service(provider="openai", model="gpt-5")}
    latency = measure(turn(*WHOLE), number=1, services=services)
    [stage] = [stage for stage in latency.stages if stage.name == "llm_inference"]
    assert (stage.owner, stage.provider, stage.model) == ("llm", "openai", "gpt-5")


def test_moments_are_told_since_the_callers_silence_for_a_picture() -> None:
    stamped = (*WHOLE[:7], Mark(moment=M.STAMP, at=4.0, key="after_llm.token"), *WHOLE[7:])
    latency = measure(turn(*stamped), number=1)
    assert latency.marks["token"] == pytest.approx(2.0)
    assert latency.stamps == {"after_llm.token": pytest.approx(2.0)}


@given(
    gaps=st.lists(st.floats(min_value=0, max_value=20), min_size=30, max_size=30),
    moments=st.lists(st.sampled_from(list(M)), max_size=30),
)
def test_no_order_of_moments_makes_a_part_negative(
    gaps: list[float], moments: list[Moment]
) -> None:
    timeline = Timeline()
    at = 0.0
    done = []
    for moment, gap in zip([*moments, M.CALL_ENDED], gaps, strict=False):
        at += gap
        done += timeline.see(Mark(moment=moment, at=at, secs=0.2, key="k"))
    for each in done:
        if isinstance(each, Turn):
            latency = measure(each, number=1)
            assert all(stage.secs > 0 for stage in latency.stages)
            assert sum(stage.secs for stage in latency.stages) == pytest.approx(
                latency.total_secs or 0.0
            )


def test_words_that_no_vad_heard_are_waited_for_since_they_were_known() -> None:
    told = [(M.TRANSCRIPT, 1.0), (M.TURN_ENDED, 1.4), (M.TOKEN, 2.0), (M.WRITTEN, 2.5)]
    latency = measure(turn(*(Mark(moment=each, at=at) for each, at in told)), number=1)
    assert latency.total_secs == pytest.approx(1.5)
    assert secs(latency)["turn_detection"] == pytest.approx(0.4)
    assert latency.counts
