"""What else has a say in whether the agent is interrupted: strategies behind ours, and mutes."""

import asyncio

import pytest
from pipecat.frames.frames import FunctionCallFromLLM, FunctionCallsStartedFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.turns.user_mute import FunctionCallUserMuteStrategy
from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    MinWordsUserTurnStartStrategy,
    WakePhraseUserTurnStartStrategy,
)
from pipecat.turns.user_turn_strategies import default_user_turn_start_strategies

from .calls import Call, began, call, ended, final, interim, now, reply

pytestmark = pytest.mark.virtual_time(start=0)

STORY = [("One two three four five.", 2000), ("Six seven eight nine ten.", 2000)]
WHOLE = "One two three four five. Six seven eight nine ten."


def wake() -> list[BaseUserTurnStartStrategy]:
    wake = WakePhraseUserTurnStartStrategy(phrases=["hey harbour"], timeout=30.0)
    return [wake, *default_user_turn_start_strategies()]


async def says(call: Call, text: str) -> None:
    words = text.split()
    await call.caller(began(), *(interim(" ".join(words[:n])) for n in (1, 2)), every=0.2)
    await call.caller(ended(), final(text), every=0.2)


async def over_the_agent(call: Call, text: str) -> None:
    await call.say(reply(STORY))
    await asyncio.sleep(1)
    await says(call, text)
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    "text", ["The train leaves at nine, I think.", "Stop.", "No, wait!", "Mhm.", "What is that?"]
)
async def test_a_bystander_without_the_wake_phrase_does_nothing_to_the_agent(text: str) -> None:
    async with call(behind=wake()) as c:
        await over_the_agent(c, text)
    assert {loud for _, loud in c.loudness()} == {1.0}
    assert (c.turns, c.backchannels, c.said("user")) == ([], [], [])
    assert c.said("assistant") == [WHOLE]


@pytest.mark.parametrize(
    "text", ["Hey Harbour, what does it cost?", "Hey, harbour!", "So hey harbour stop."]
)
async def test_the_wake_phrase_interrupts_the_agent(text: str) -> None:
    async with call(behind=wake()) as c:
        await over_the_agent(c, text)
    assert len(c.turns) == 1
    assert c.said("user") == [text]
    assert c.said("assistant")[0] != WHOLE


async def test_a_wake_phrase_in_two_transcripts_interrupts_the_agent() -> None:
    async with call(behind=wake()) as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began(), final("Hey"), final("harbour, stop."), ended(), every=0.3)
        await asyncio.sleep(5)
    assert len(c.turns) == 1


async def test_once_awake_callers_interrupt_and_agree_as_ever() -> None:
    async with call(behind=wake()) as c:
        await says(c, "Hey harbour.")
        await asyncio.sleep(2)
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await says(c, "Uh-huh.")
        await asyncio.sleep(1)
        assert (c.backchannels, len(c.turns)) == (["Uh-huh."], 1)
        await c.caller(began(), every=0.2)
        at = now()
        await c.caller(interim("stop"), ended(), final("Stop."), every=0.1)
        await asyncio.sleep(3)
    assert c.silent_from(at) <= 0.041
    assert c.said("user") == ["Hey harbour.", "Stop."]


async def test_a_silent_agent_is_woken_by_the_phrase_alone() -> None:
    async with call(behind=wake()) as c:
        await says(c, "The train leaves at nine.")
        await asyncio.sleep(2)
        assert c.turns == []
        await says(c, "Hey harbour, hello.")
        await asyncio.sleep(2)
    assert c.said("user") == ["Hey harbour, hello."]


@pytest.mark.parametrize(
    ("text", "turns"), [("Stop.", 0), ("Please stop it now.", 1), ("Mhm, yeah, right, okay.", 0)]
)
async def test_too_few_words_for_pipecats_strategy_are_too_few(text: str, turns: int) -> None:
    async with call(behind=[MinWordsUserTurnStartStrategy(min_words=3)]) as c:
        await over_the_agent(c, text)
    assert len(c.turns) == turns


async def test_a_turn_that_is_not_to_interrupt_does_not() -> None:
    quiet = MinWordsUserTurnStartStrategy(min_words=1, enable_interruptions=False)
    async with call(behind=[quiet]) as c:
        await over_the_agent(c, "Stop.")
    assert len(c.turns) == 1
    assert c.said("assistant") == [WHOLE]


@pytest.mark.parametrize("after", [0.1, 0.4, 1.5, 2.5])
async def test_a_caller_who_is_muted_while_speaking_leaves_the_agent_as_loud_as_it_was(
    after: float,
) -> None:
    async with call(mutes=[FunctionCallUserMuteStrategy()]) as c:
        await c.say(reply(STORY))
        await asyncio.sleep(0.5)
        await c.caller(began(), every=after)
        tool = FunctionCallFromLLM("lookup", "1", {}, LLMContext())
        await c.caller(FunctionCallsStartedFrame(function_calls=[tool]))
        muted_at = now()
        await asyncio.sleep(0.3)
        await c.caller(ended(), final("What is that?"))
        await asyncio.sleep(8)
    assert {loud for at, loud in c.loudness(muted_at + 0.1) if loud} == {1.0}
    assert c.silent_from(muted_at) > 3.3 - after
    assert (c.turns, c.said("assistant")) == ([], [WHOLE])


@pytest.mark.parametrize("phrase", ["computer", "okay jarvis", "alexa", "yeah boss", "mhm now"])
async def test_a_wake_phrase_that_sounds_like_agreement_interrupts_the_agent(phrase: str) -> None:
    wake = WakePhraseUserTurnStartStrategy(phrases=[phrase], timeout=30.0)
    async with call(behind=[wake, *default_user_turn_start_strategies()]) as c:
        await over_the_agent(c, phrase.capitalize() + ".")
    assert c.said("user") == [phrase.capitalize() + "."]
    assert len(c.turns) == 1
