"""What the page is told of a turn."""

from dataclasses import replace
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

from antiphon.core.frames import GoodbyeFrame, NotUnderstoodFrame
from antiphon.pipeline.talk.messages import TurnMessages, wait_message
from antiphon.processors.latency import TurnLatency
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.processors.latency.core.turn_latency import Stage
from antiphon.processors.redaction import Redactor
from antiphon.processors.redaction.core.values import redact_value


async def told(*frames: Frame) -> list[dict[str, Any]]:
    messages, sent = TurnMessages(), []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def hang_up() -> None:
        sent.append({"hung": "up"})

    messages.send = send
    messages.hang_up = hang_up
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


async def test_what_the_agent_did_not_understand_is_told() -> None:
    assert await told(NotUnderstoodFrame()) == [{"type": "not-understood"}]


SPEAKS, SILENT = BotStartedSpeakingFrame, BotStoppedSpeakingFrame


@pytest.mark.parametrize(
    ("frames", "hung_up"),
    [
        ([SPEAKS, SILENT], False),
        ([GoodbyeFrame, SPEAKS], False),
        ([GoodbyeFrame, SPEAKS, SILENT], True),
        ([SPEAKS, GoodbyeFrame, SILENT], True),
        # "Wait, one more thing."
        ([GoodbyeFrame, SPEAKS, InterruptionFrame, SILENT, SPEAKS, SILENT], False),
        ([GoodbyeFrame, InterruptionFrame, SPEAKS, SILENT], False),
    ],
)
async def test_the_agent_hangs_up_when_its_goodbye_has_been_heard(
    frames: list[type[Frame]], hung_up: bool
) -> None:
    assert ({"hung": "up"} in await told(*(frame() for frame in frames))) is hung_up


WAIT = TurnLatency(
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


def test_a_wait_is_told_with_its_stages_in_milliseconds() -> None:
    assert wait_message(WAIT) == {
        "type": "wait",
        "greeting": False,
        "total_ms": 700,
        "stages": [
            {"key": "llm_inference", "label": "LLM inference", "by": "Scripted#0", "ms": 14}
        ],
    }


def test_nothing_of_a_wait_is_taken_for_personal() -> None:
    owners = "config: VAD stop_secs", "config: user turn strategies", "bot", "get_order_status"
    told = wait_message(
        replace(WAIT, stages=tuple(replace(WAIT.stages[0], owner=owner) for owner in owners))
    )
    assert redact_value(Redactor(), told) == told
