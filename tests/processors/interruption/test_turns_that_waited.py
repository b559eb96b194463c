"""A turn that begins after its last word is answered as soon as it may begin."""

import asyncio

import pytest
from pipecat.frames.frames import FunctionCallInProgressFrame, FunctionCallResultFrame

from antiphon.processors.interruption import Interruption, InterruptionSettings

from .calls import began, call, ended, final, interim, now, reply

pytestmark = pytest.mark.looptime(start=0)

STORY = [("One two three four five.", 1500), ("Six seven eight nine ten.", 1500)]
VOICE = (began(), ended(), final("I want to cancel my order."))


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        pytest.param(VOICE, "I want to cancel my order.", id="voice"),
        pytest.param((final("DTMF: 42#"),), "DTMF: 42#", id="keys"),
    ],
)
async def test_what_was_said_over_a_notice_is_answered_when_it_ends(
    frames: tuple[object, ...], said: str
) -> None:
    async with call() as c:
        notice = reply([("This call is recorded for training.", 2400)])
        for frame in notice:
            frame.interruptible = False
        await c.say(notice)
        await asyncio.sleep(0.3)
        await c.caller(*frames, every=0.1)  # type: ignore[arg-type]
        await asyncio.sleep(6)
    assert c.said("user") == [said]
    assert c.answered[0] == pytest.approx(2.4, abs=0.2)
    assert sum(len(chunk.pcm) for chunk in c.transport.played) / 32 == 2400


async def test_what_was_said_into_the_last_words_of_a_notice_has_its_pause_first() -> None:
    async with call() as c:
        notice = reply([("This call is recorded for training.", 2000)])
        for frame in notice:
            frame.interruptible = False
        await c.say(notice)
        await asyncio.sleep(1.4)
        await c.caller(*VOICE, every=0.1)
        await asyncio.sleep(6)
    assert 2.0 < c.answered[0] < 2.6


async def test_what_was_said_while_the_strategy_was_off_is_answered_when_it_is_on() -> None:
    async with call() as c:
        c.strategy.interruptible = False
        await c.say(reply(STORY))
        await asyncio.sleep(0.5)
        await c.caller(*VOICE, every=0.1)
        await asyncio.sleep(2)
        c.strategy.interruptible = True
        at = now()
        await asyncio.sleep(6)
    assert c.answered[0] - at < 0.2
    assert c.silent_from(at) <= 0.2


async def test_what_was_said_over_a_tool_with_side_effects_is_answered_when_it_is_done() -> None:
    settings = InterruptionSettings(side_effect_tools=frozenset({"book"}))
    async with call(settings=settings) as c:
        await c.say(reply(STORY))
        await asyncio.sleep(0.5)
        await c.caller(FunctionCallInProgressFrame("book", "1", {}, cancel_on_interruption=False))
        await c.caller(*VOICE, every=0.1)
        await asyncio.sleep(1.5)
        at = now()
        await c.caller(FunctionCallResultFrame("book", "1", {}, {"booked": True}))
        await asyncio.sleep(6)
    assert c.answered[0] - at < 0.2
    assert c.silent_from(at) == 0


@pytest.mark.parametrize("early", [0.0, 0.05, 0.15, 0.3])
async def test_a_final_that_comes_before_the_vads_stop_is_not_waited_for_again(
    early: float,
) -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(0.5)
        await c.caller(began(), every=0.8)
        await c.caller(final("The other one."))
        await asyncio.sleep(early)
        at = now()
        await c.caller(ended())
        await asyncio.sleep(6)
    assert c.said("user") == ["The other one."]
    assert c.answered[0] - at == pytest.approx(0.4, abs=0.15)


async def test_a_final_sent_twice_is_one_question() -> None:
    async with call() as c:
        await c.caller(began(), every=0.8)
        await c.caller(ended())
        await c.caller(final("When do you open?"))
        await asyncio.sleep(0.6)
        await c.say(reply(STORY))
        await asyncio.sleep(0.6)
        await c.caller(final("When do you open?"))
        await asyncio.sleep(5)
    assert c.said("user") == ["When do you open?"]
    assert c.said("assistant") == ["One two three four five. Six seven eight nine ten."]


async def test_a_final_sent_twice_within_the_turn_is_in_the_context_once() -> None:
    async with call() as c:
        await c.caller(began(), every=0.8)
        await c.caller(ended(), final("When do you open?"), final("when do you open"), every=0.1)
        await asyncio.sleep(2)
    assert c.said("user") == ["When do you open?"]
    assert len(c.answered) == 1


async def test_the_same_words_said_twice_are_two() -> None:
    async with call() as c:
        for _ in range(2):
            await c.caller(began(), every=0.3)
            await c.caller(ended(), interim("five"), final("Five."), every=0.1)
        await asyncio.sleep(2)
    assert c.said("user") == ["Five. Five."]


def test_the_facade_takes_what_a_call_most_often_sets() -> None:
    interruption = Interruption(enable_interruptions=False, side_effect_tools={"book"})
    settings = interruption.strategy.settings
    assert (settings.enable_interruptions, settings.side_effect_tools) == (False, {"book"})
    assert not interruption.strategy.settings.enable_interruptions
    kept = Interruption(settings=InterruptionSettings(side_effect_tools=frozenset({"pay"})))
    assert kept.strategy.settings.side_effect_tools == {"pay"}


async def test_a_late_final_of_who_has_long_been_silent_is_answered_at_once() -> None:
    async with call() as c:
        await c.say(reply(STORY[:1]))
        await asyncio.sleep(1.2)
        await c.caller(began(), every=0.8)
        await c.caller(ended(), every=2.0)
        at = now()
        await c.caller(final("I want to cancel my order."))
        await asyncio.sleep(2)
    assert c.answered == pytest.approx([at], abs=0.05)
    assert c.said("user") == ["I want to cancel my order."]


async def test_what_the_agent_had_said_stands_before_a_late_final_answered_at_once() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1.2)
        await c.caller(began(), every=0.8)
        await c.caller(ended(), every=1.5)
        await c.caller(final("I want to cancel my order."))
        await asyncio.sleep(2)
    roles = [message["role"] for message in c.context.messages if isinstance(message, dict)]
    assert roles[:2] == ["assistant", "user"]


async def test_a_sound_over_a_question_is_asked_about_at_once() -> None:
    async with call() as c:
        await c.say(reply([("Which of the two do you want?", 3000)]))
        await asyncio.sleep(1)
        await c.caller(began(), every=0.3)
        await c.caller(ended())
        await asyncio.sleep(1)
        [note] = c.said("developer")
        assert "not recognized" in note


async def test_what_must_be_heard_is_heard_though_the_agent_is_held_for_the_caller() -> None:
    async with call() as c:
        await c.caller(began(), every=0.8)
        await c.caller(ended(), final("When do you open?"), every=0.5)
        await c.caller(began(), every=0.4)
        assert c.gate.held
        notice = reply([("I am sorry.", 1200)])
        for frame in notice:
            frame.interruptible = False
        await c.say(notice)
        await asyncio.sleep(0.8)
        await c.caller(final("On sundays I mean."), ended(), every=0.1)
        await asyncio.sleep(5)
    assert sum(len(chunk.pcm) for chunk in c.transport.played if any(chunk.pcm)) / 32 == 1200
    assert c.said("user")[-1] == "On sundays I mean."


async def test_a_comment_that_is_heard_before_its_voice_is_said_over_who_speaks_by_then() -> None:
    async with call() as c:
        await c.caller(began(), every=0.8)
        await c.caller(ended(), final("When do you open?"), every=0.3)
        await asyncio.sleep(0.4)
        await c.say(reply(STORY))
        await asyncio.sleep(0.5)
        await c.caller(final("Right."), every=0.02)
        await c.caller(began(), every=0.2)
        await c.caller(ended())
        await asyncio.sleep(5)
    assert c.backchannels == ["Right."]
    assert len(c.turns) == 1
