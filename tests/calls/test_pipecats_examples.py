"""Pipecat's own example bots behave with our processors as they do without."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from pipecat.frames.frames import (
    LLMRunFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from . import bots
from .bots import BOTS, OURS, Bot, Call, Parts, run

pytestmark = pytest.mark.virtual_time

# Where another part of Pipecat's decides who speaks, who is heard and what is said.
FOREIGN = (
    bots.background_sound,
    bots.concurrent_llm_evaluation,
    bots.pattern_pair_voice_switching,
    bots.service_switcher,
    bots.sync_speech_and_image,
    bots.user_mute_strategy,
    bots.voicemail_detection,
    bots.wake_phrase,
)


def named(make: Callable[[Parts], Bot]) -> str:
    return make.__name__


@pytest.mark.parametrize("make", BOTS, ids=named)
async def test_with_all_of_ours_a_bot_says_keeps_and_ends_as_without(
    make: Callable[[Parts], Bot],
) -> None:
    stock, ours = await run(make, ()), await run(make, OURS)
    assert ours == stock
    assert ours.sound_secs == pytest.approx(stock.sound_secs, abs=0.1)
    assert stock.ended
    assert stock.words


@pytest.mark.system
@pytest.mark.parametrize("make", FOREIGN, ids=named)
async def test_with_each_of_ours_alone_a_bot_says_keeps_and_ends_as_without(
    make: Callable[[Parts], Bot],
) -> None:
    stock = await run(make, ())
    assert {name: await run(make, [name]) for name in OURS} == dict.fromkeys(OURS, stock)


async def test_where_one_turn_is_for_two_models_no_word_of_an_interruption_is_lost() -> None:
    async def interrupts(call: Call) -> None:
        await call.worker.queue_frame(LLMRunFrame())
        await asyncio.sleep(1.5)
        push = call.parts.ear.push_frame
        await push(VADUserStartedSpeakingFrame(start_secs=0.2))
        for text in ("No.", "I meant Tuesday."):
            await push(TranscriptionFrame(text, "caller", ""))
        await push(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        await asyncio.sleep(8)

    def make(parts: Parts) -> Bot:
        return replace(bots.concurrent_llm_evaluation(parts), caller=interrupts)

    heard, other = (await run(make, OURS)).contexts
    assert ("user", "No. I meant Tuesday.") in heard
    assert ("user", "No. I meant Tuesday.") in other
