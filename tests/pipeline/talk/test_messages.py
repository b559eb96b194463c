"""What the page is told of a turn."""

from typing import Any

import pytest
from antiphon.pipeline.talk.messages import TurnMessages, wait_message
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    UserBackchannelFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.observers.user_bot_latency_observer import (
    LatencyBreakdown,
    LatencyContribution,
    LatencyOwnerKind,
    MeasuredFrom,
)
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection


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
    part = LatencyContribution(
        key="speech_synthesis",
        label="speech synthesis",
        owner="Espeak#0",
        owner_kind=LatencyOwnerKind.SERVICE,
        start_time=1.0,
        duration_secs=0.0144,
    )
    breakdown = LatencyBreakdown(
        contributions=[part], total_secs=0.7, measured_from=MeasuredFrom.USER_SILENCE
    )
    assert wait_message(breakdown) == {
        "type": "wait",
        "greeting": False,
        "total_ms": 700,
        "stages": [
            {
                "key": "speech_synthesis",
                "label": "speech synthesis",
                "owner": "Espeak#0",
                "ms": 14,
            }
        ],
    }
