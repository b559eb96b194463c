"""Who goes on speaking over the agent silences it before a word is known."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import pairwise

import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    TTSStartedFrame,
)
from pipecat.services.stt_service import SegmentedSTTService

from antiphon.processors.interruption.decision import Action, AgentState
from antiphon.processors.interruption.speech import Speech
from antiphon.processors.interruption.voice_level import VoiceLevel
from antiphon.processors.interruption.wordless import WordlessVoices
from antiphon.processors.safe_processor import SafeProcessor

from .calls import RATE, Call, began, call, ended, final, interim, now, reply
from .test_strategy import Slow

pytestmark = pytest.mark.looptime(start=0)

STORY = [("One two three four five.", 3000), ("Six seven eight nine ten.", 3000)]
WHOLE = "One two three four five. Six seven eight nine ten."


def silences(call: Call, since: float = 0.0) -> list[float]:
    audible = [at for at, loud in call.loudness(since) if loud]
    return [b - a - 0.04 for a, b in pairwise(audible) if b - a > 0.1]


async def sound(call: Call, secs: float, *, loud: bool = True) -> None:
    """The caller's microphone for a while."""
    pcm = np.full(RATE // 50, 3000 if loud else 20, "<i2").tobytes()
    for _ in range(round(secs * 50)):
        await call.caller(InputAudioRawFrame(pcm, RATE, 1))
        await asyncio.sleep(0.02)


async def test_a_sentence_silences_the_agent_before_its_words_are_known() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        at = now() - 0.2
        await c.caller(began())
        await sound(c, 0.6)
        await c.caller(interim("but I"))
        await sound(c, 0.6)
        await c.caller(ended(), final("But I have paid for that already."))
        await asyncio.sleep(2)
    assert c.silent_from(at) <= 0.45
    assert c.said("user") == ["But I have paid for that already."]


async def test_a_short_comment_leaves_the_agent_talking() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began())
        await sound(c, 0.02)
        await sound(c, 0.28, loud=False)
        await c.caller(ended(), interim("uh-huh"), final("Uh-huh."), every=0.1)
        await asyncio.sleep(7)
    assert silences(c) == []
    assert c.said("assistant") == [WHOLE]


async def test_a_long_comment_costs_a_held_breath() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began())
        await sound(c, 0.6)
        await c.caller(ended(), interim("oh that's great"))
        await asyncio.sleep(0.2)
        await c.caller(final("Oh, that's great."))
        await asyncio.sleep(7)
    [breath] = silences(c)
    assert breath < 0.8
    assert c.said("assistant") == [WHOLE]
    assert c.backchannels == ["Oh, that's great."]
    assert len(c.context.messages) == 1


async def test_the_agent_falls_silent_for_a_television_once() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(0.5)
        for _ in range(3):
            await c.caller(began(), every=1.5)
            await c.caller(ended(), every=0.5)
        await asyncio.sleep(4)
    [silence] = silences(c)
    assert silence < 1.0
    assert c.said("assistant") == [WHOLE]


@pytest.mark.parametrize("secs", [0.5, 0.7])
async def test_the_final_words_of_a_voice_that_is_just_over_are_waited_for(secs: float) -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        at = now() - 0.2
        await c.caller(began())
        await sound(c, 0.75)
        await sound(c, 0.2, loud=False)
        await c.caller(ended())
        await sound(c, secs - 0.2, loud=False)
        await c.caller(final("But I have paid for that already."))
        await asyncio.sleep(2)
    assert c.silent_from(at) <= 0.45
    assert c.said("user") == ["But I have paid for that already."]


async def test_after_a_comment_beside_a_television_the_agent_does_not_wait_for_its_end() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began())
        await sound(c, 0.6)
        await c.caller(interim("that's great"))
        await sound(c, 0.4)
        await c.caller(final("That's great."))
        await sound(c, 5)
        await c.caller(ended())
        await asyncio.sleep(5)
    assert sum(silences(c)) < 2.5
    assert c.backchannels == ["That's great."]
    assert c.said("assistant") == [WHOLE]


async def test_a_voice_without_words_that_stays_is_not_waited_for() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began())
        await sound(c, 3)
        await c.caller(ended())
        await asyncio.sleep(6)
    [silence] = silences(c)
    assert silence < 1.0


class Segmented(SegmentedSTTService):
    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield None


def test_a_service_that_hears_whole_utterances_is_waited_for() -> None:
    speech = Speech(
        onset=0.0, state=AgentState.SPEAKING, asked=False, agent_text="", ended=0.0, held_since=0.4
    )
    voices = WordlessVoices(VoiceLevel(), limit_secs=0.8)
    assert voices.in_vain(speech, 2.0)
    voices.watch([SafeProcessor(), Segmented()])
    assert not voices.in_vain(speech, 2.0)
    assert voices.in_vain(speech, 6.0)


def test_of_a_service_that_has_told_words_early_none_are_waited_for_as_long() -> None:
    level = VoiceLevel()
    level.begin()
    level.hear(np.full(320, 3000, "<i2").tobytes(), 1.0)
    speech = Speech(
        onset=0.0, state=AgentState.SPEAKING, asked=False, agent_text="", ended=1.0, held_since=0.4
    )
    voices = WordlessVoices(level, limit_secs=0.8)
    assert [voices.in_vain(speech, at) for at in (1.6, 1.8)] == [False, True]
    voices.interim()
    assert voices.in_vain(speech, 1.6)


def test_the_final_words_are_waited_for_as_long_as_their_service_says_they_take() -> None:
    # It hears "wait a moment please" in 0.99 s, of which the last 0.2 s are soft.
    level = VoiceLevel()
    level.begin()
    level.hear(np.full(320, 3000, "<i2").tobytes(), 0.8)
    speech = Speech(
        onset=0.0, state=AgentState.SPEAKING, asked=False, agent_text="", ended=1.0, held_since=0.5
    )
    voices = WordlessVoices(level, limit_secs=0.8)
    voices.interim()
    voices.finals_take(0.6)
    assert [voices.in_vain(speech, at) for at in (1.4, 1.59, 1.61)] == [False, False, True]
    # What is still to be heard has had its time.
    level.hear(np.full(320, 3000, "<i2").tobytes(), 1.4)
    assert voices.in_vain(speech, 1.4)


async def test_where_words_come_late_the_agent_waits_for_them() -> None:
    async with call() as c:
        await c.caller(began(), every=0.5)
        await c.caller(ended(), final("Tell me a story."), every=0.1)
        await asyncio.sleep(1)
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        at = now() - 0.2
        await c.caller(began(), every=2.5)
        await c.caller(ended(), every=0.4)
        await c.caller(final("But I have paid for that already."))
        await asyncio.sleep(2)
    assert c.silent_from(at) <= 0.6
    assert c.said("user")[-1] == "But I have paid for that already."


async def test_where_both_begin_at_once_the_agent_falls_silent_with_the_voice() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(0.25)
        await c.caller(began())
        at = now()
        await asyncio.sleep(0.5)
        spoke_over = c.silent_from(at)
        await c.caller(interim("where is my order"), ended(), final("Where is my order?"))
        await asyncio.sleep(2)
    assert spoke_over <= 0.08
    assert c.said("user") == ["Where is my order?"]


async def test_what_must_be_heard_is_heard_though_the_agent_was_silent_for_a_caller() -> None:
    async with call() as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began())
        await sound(c, 0.6)
        c.strategy.interruptible = False
        await c.caller(ended(), final("Where is my order?"), every=0.1)
        await asyncio.sleep(8)
        c.strategy.interruptible = True
        await asyncio.sleep(2)
    assert sum(silences(c)) < 1
    assert c.said("assistant") == [WHOLE]
    assert c.said("user") == ["Where is my order?"]


async def test_the_result_of_a_tool_waits_for_a_caller_who_speaks() -> None:
    async with call() as c:
        await c.say(reply([("One moment.", 600)]))
        await asyncio.sleep(1.2)
        running = FunctionCallInProgressFrame("look", "1", {}, cancel_on_interruption=False)
        await c.caller(running, every=0.1)
        await c.caller(began(), every=0.5)
        await c.caller(FunctionCallResultFrame("look", "1", {}, {"found": 3}))
        at = now()
        await c.say(reply(STORY))
        await asyncio.sleep(2)
        spoke_over = c.silent_from(at)
        await c.caller(ended(), every=0.3)
        await c.caller(final("Uh-huh."))
        await asyncio.sleep(7)
    assert spoke_over == 0
    assert silences(c, at) == []
    assert sum(len(chunk.pcm) for chunk in c.transport.played if any(chunk.pcm)) / 32 == 6600
    assert c.turns == []


async def test_words_that_were_not_yielded_to_are_in_a_note() -> None:
    async with call(decider=Slow(0, Action.IGNORE)) as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        await c.caller(began(), ended(), final("I live there now."), every=0.1)
        await asyncio.sleep(7)
    assert c.said("user") == []
    assert c.said("developer") == [
        'While you were speaking the caller said "I live there now.". You spoke on.'
    ]
    assert c.said("assistant") == [WHOLE]


async def test_a_model_that_hears_for_itself_needs_no_transcript_to_be_interrupted() -> None:
    async with call(realtime_service_mode=True) as c:
        await c.say(reply(STORY))
        await asyncio.sleep(1)
        at = now()
        await c.caller(began(), every=1.4)
        await c.caller(ended())
        await asyncio.sleep(2)
    assert len(c.turns) == 1
    assert c.turns[0] - at < 1.0
    assert c.silent_from(at) < 0.3


async def test_over_a_phone_that_still_plays_a_comment_starts_no_turn() -> None:
    async with call() as c:
        c.gate.ledger.far_end.acknowledge(behind_secs=3.0)
        await c.say(reply([("One two three four five.", 2000)]))
        await asyncio.sleep(3.5)
        await c.caller(began(), ended(), final("Uh-huh."), every=0.1)
        await asyncio.sleep(4)
        while_playing = list(c.turns)
        await c.caller(began(), ended(), final("Uh-huh."), every=0.1)
        await asyncio.sleep(2)
    assert while_playing == []
    assert c.backchannels == ["Uh-huh."]
    assert len(c.turns) == 1


@pytest.mark.parametrize(("secs", "falls_silent"), [(0.3, True), (1.0, False)])
def test_after_a_cough_the_agent_still_falls_silent_for_a_voice_and_not_after_a_television(
    secs: float, falls_silent: bool
) -> None:
    voices = WordlessVoices(VoiceLevel(), 0.8)
    speech = Speech(
        onset=10.0,
        state=AgentState.SPEAKING,
        asked=False,
        agent_text="",
        ended=10.0 + secs,
        held_since=10.2,
    )
    voices.ignored(speech, 12.0)
    assert voices.hold is falls_silent


async def test_no_filler_comes_back_over_a_voice_that_goes_on() -> None:
    async with call() as c:
        filler = reply([("One moment please, I am looking.", 2000)])
        for frame in filler:
            if isinstance(frame, TTSStartedFrame):
                frame.append_to_context = False
        await c.say(filler)
        await asyncio.sleep(0.3)
        await c.caller(began())
        at = now()
        await sound(c, 3)
        heard = c.silent_from(at)
        await c.caller(ended(), final("But I have paid for that already."), every=0.1)
        await asyncio.sleep(2)
    assert heard < 0.1
    assert c.said("user") == ["But I have paid for that already."]
