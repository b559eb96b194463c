"""What the page is told of a turn."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    UserBackchannelFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection

from antiphon.pipeline.talk.messages import TurnMessages, wait_message
from antiphon.processors.latency import TurnLatency
from antiphon.processors.latency.core.stages import Stage
from antiphon.processors.latency.core.timeline import TurnKind


async def told(*frames: Frame) -> list[dict[str, Any]]:
    messages, sent = TurnMessages(), []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    messages.send = send
    hop = IdentityFilter()
    for frame in frames:
        for first_push in (True, False):
            await messages.on_push_frame(
                FramePushed(
                    source=hop,
                    destination=hop,
                    frame=frame,
                    direction=FrameDirection.DOWNSTREAM,
                    timestamp=0,
                    first_push=first_push,
                )
            )
    return sent


async def test_an_interruption_while_the_agent_speaks_is_a_barge_in() -> None:
    assert await told(BotStartedSpeakingFrame(), InterruptionFrame()) == [{"type": "barge-in"}]


@pytest.mark.parametrize(
    "frames",
    [
        [InterruptionFrame()],
        [BotStartedSpeakingFrame(), BotStoppedSpeakingFrame(), InterruptionFrame()],
    ],
)
async def test_a_turn_that_begins_in_silence_is_none(frames: list[Frame]) -> None:
    assert await told(*frames) == []


async def test_a_backchannel_is_told_with_its_words() -> None:
    frame = UserBackchannelFrame(text="uh-huh", user_id="caller", timestamp="")
    assert await told(BotStartedSpeakingFrame(), frame) == [
        {"type": "backchannel", "text": "uh-huh"}
    ]


def test_a_wait_is_told_with_its_stages_in_milliseconds() -> None:
    turn = TurnLatency(
        number=1,
        kind=TurnKind.ANSWERED,
        started_at=1.0,
        total_secs=0.7,
        first_sound_secs=0.7,
        stages=(Stage(name="llm_inference", secs=0.0144, start_secs=0.0, owner="Scripted#0"),),
        tools=(),
        marks={},
        stamps={},
        flags=(),
    )
    assert wait_message(turn) == {
        "type": "wait",
        "greeting": False,
        "total_ms": 700,
        "stages": [
            {"key": "llm_inference", "label": "LLM inference", "owner": "Scripted#0", "ms": 14}
        ],
    }
