"""Each invariant holds in a good call, and is seen broken where its fault was planted."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest
from pipecat.transports.base_transport import BaseTransport

from antiphon.processors.interruption import InterruptionSettings
from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.events import CallEvents, Measured
from antiphon.simulation.generated.judge import Limits, judge
from antiphon.simulation.generated.plan import CallPlan, Hearing, Line, Reply
from antiphon.simulation.generated.play import Services, have_our_call, play_call

REPLY = Reply(words=14, first_token_secs=0.3)
HEARING = Hearing(final_secs=0.2)
QUESTION = Line(
    kind="turn",
    text="where is my order right now",
    secs=1.8,
    after="agent_done",
    after_secs=0.2,
    hearing=HEARING,
    reply=REPLY,
)
OVER_IT = replace(
    QUESTION, kind="barge_in", text="stop I meant the other order", after="agent_starts",
    after_secs=1.0,
)  # fmt: skip
SLOW = replace(QUESTION, reply=replace(REPLY, first_token_secs=3.5))


def plan(*lines: Line) -> CallPlan:
    return replace(
        plan_call(1),
        lines=lines,
        ending="hung up",
        hang_up_after="agent_done",
        hang_up_secs=0.3,
        greeting=True,
        interims=True,
        word_times=True,
        voice_faults={},
    )


def broken(events: CallEvents) -> list[str]:
    return [each.invariant for each in judge(events)]


@cache
def good_call() -> CallEvents:
    return play_call(plan(QUESTION, OVER_IT))


def test_a_good_call_breaks_nothing() -> None:
    assert judge(good_call()) == []
    assert {len(good_call().lines), len(good_call().finals), len(good_call().answers)} == {2}


def test_silence_while_an_answer_is_owed_is_dead_air() -> None:
    says_nothing = partial(have_our_call, settings={"latency": None})
    assert broken(play_call(plan(SLOW), have=says_nothing)) == ["dead air"]


def test_an_agent_that_talks_on_talks_over() -> None:
    talks_on = {"interruption": InterruptionSettings(enable_interruptions=False)}
    events = play_call(plan(QUESTION, OVER_IT), have=partial(have_our_call, settings=talks_on))
    assert "talk over" in broken(events)


def without_word(events: CallEvents) -> CallEvents:
    context = [(role, text.rpartition(" ")[0]) for role, text in events.context]
    return replace(events, context=[each for each in context if each[0] == "assistant"])


def with_word(events: CallEvents) -> CallEvents:
    return replace(events, context=[*events.context, ("assistant", "Indeed.")])


def asked_twice(events: CallEvents) -> CallEvents:
    return replace(events, context=[*events.context, ("user", QUESTION.text)])


def measured(events: CallEvents, change: Callable[[list[Measured]], list[Measured]]) -> CallEvents:
    return replace(events, measured=change(list(events.measured or [])))


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (without_word, "context"),
        (with_word, "context"),
        (asked_twice, "context"),
        (partial(measured, change=lambda turns: turns[:-1]), "percentiles"),
        (partial(measured, change=lambda turns: [*turns, turns[-1]]), "percentiles"),
        (lambda events: replace(events, in_percentiles=9), "percentiles"),
        (lambda events: replace(events, endings=["CancelFrame"] * 2), "ending"),
        (lambda events: replace(events, endings=["EndFrame"]), "ending"),
        (lambda events: replace(events, endings=["EndFrame"], hung_up_secs=None), "ending"),
        (lambda events: replace(events, ended_secs=None), "ending"),
        (lambda events: replace(events, failure="ValueError: no such call"), "ending"),
    ],
)
def test_books_that_say_something_else_than_the_ear_are_told(plant: Any, found: str) -> None:
    assert found in broken(plant(good_call()))


async def never_ends(events: CallEvents, services: Services, transport: BaseTransport) -> None:
    await have_our_call(events, services, transport)
    await asyncio.Event().wait()


def test_a_call_that_goes_on_without_its_caller_does_not_end() -> None:
    assert broken(play_call(plan(QUESTION), have=never_ends)) == ["ending"]


def comment_on_the_first(events: CallEvents) -> CallEvents:
    """The same call, had the model taken what was said over it for a comment on the question."""
    comment = replace(events.lines[1], line=replace(events.lines[1].line, kind="backchannel"))
    first = replace(events.answers[0], words=("never",), broke_off=True)
    second = replace(events.answers[1], line=comment.line)
    return replace(events, lines=[events.lines[0], comment], answers=[first, second])


def test_a_turn_is_answered_by_what_is_said_to_a_comment_after_it() -> None:
    late = Limits(dead_air_secs=0.0, outage_secs=0.0)
    events = comment_on_the_first(good_call())
    silences = [each.at_secs for each in judge(events, late) if each.invariant == "dead air"]
    heard = events.heard.words[-len(events.answers[1].words)].start_secs
    assert silences
    assert max(silences) < heard


def test_half_an_answer_is_owed_until_another_is_heard() -> None:
    events = comment_on_the_first(good_call())
    half = replace(good_call().answers[0], broke_off=True)
    events = replace(events, answers=[half, events.answers[1]])
    late = Limits(dead_air_secs=0.0, outage_secs=0.0)
    silences = [each.at_secs for each in judge(events, late) if "half" in each.told]
    heard = events.heard.words[-len(events.answers[1].words)].start_secs
    assert [at for at in silences if at >= heard] == []


def test_a_caller_who_hears_why_has_no_dead_air() -> None:
    assert judge(play_call(plan(SLOW))) == []
