"""Pipecat's own example bots behave with our processors as they do without."""

from collections.abc import Callable

import pytest

from . import bots
from .bots import BOTS, OURS, Bot, Parts, run

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


@pytest.mark.parametrize("make", FOREIGN, ids=named)
async def test_with_each_of_ours_alone_a_bot_says_keeps_and_ends_as_without(
    make: Callable[[Parts], Bot],
) -> None:
    stock = await run(make, ())
    assert {name: await run(make, [name]) for name in OURS} == dict.fromkeys(OURS, stock)
