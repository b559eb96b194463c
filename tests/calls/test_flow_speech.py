"""Who speaks over what while a conversation goes from node to node."""

import asyncio
from typing import Any

import pytest
from pipecat.flows import (
    FlowManager,
)
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.fakes.llm import ToolCall
from antiphon.simulation.frames import silence, speech

from .flows import (
    LONG,
    TERMS,
    Call,
    leading_to,
    leave,
    party_node,
    said_in,
    time_node,
    to_time,
)

pytestmark = pytest.mark.virtual_time


async def test_an_interruption_of_what_a_transition_says_loses_no_node() -> None:
    transition = leading_to(time_node(pre_actions=[{"type": "tts_say", "text": LONG}]))
    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        "As you like.",
        lines=["four of us", "no wait listen to me"],
    ).run(silence(4), speech(1), silence(2.5), speech(2), silence(6))
    assert call.worker.flow
    assert call.worker.flow.current_node == "time"
    assert call.llm.tools[-1] == ["to_end"]
    assert call.voice.said[-1] == "At what time?"
    # One answer to what was said over it, and not one before that.
    assert len(call.llm.contexts) == 3
    users = said_in(call.llm.contexts[-1], "user")
    assert users == ["four of us", "no wait listen to me"]


@pytest.mark.parametrize(("function_secs", "text"), [(0.0, LONG), (2.0, "")])
async def test_a_voice_without_words_over_a_transition_leaves_no_silence(
    function_secs: float, text: str
) -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        await asyncio.sleep(function_secs)
        return None, time_node(pre_actions=[{"type": "tts_say", "text": text}] if text else [])

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        lines=["four of us", ""],
        interruption=None,
    ).run(silence(4), speech(1), silence(2.0), speech(2), silence(6))
    assert call.voice.said == ["For how many?", *([text] if text else []), "At what time?"]
    assert len(call.llm.contexts) == 3


async def test_what_was_heard_of_a_node_is_kept_when_its_speech_is_cut() -> None:
    story = "We are open from six to eleven every day but Sunday, when the cook goes fishing."
    call = await Call(
        {**party_node(), "functions": [to_time]},
        story,
        ToolCall(name="to_time", arguments={"people": 4}),
        "At what time?",
        lines=["stop we are four people"],
    ).run(silence(2.5), speech(1.6), silence(8))
    assert call.voice.said[-1] == "At what time?"
    [cut] = said_in(call.llm.contexts[-1], "assistant")
    assert cut.endswith("—")
    assert story.startswith(cut.removesuffix("—").strip())


@pytest.mark.parametrize(("action", "then_secs"), [([], 3.5), ([{"type": "uninterruptible"}], 4.5)])
async def test_a_node_may_be_said_to_its_end_and_the_next_is_cut_as_ever(
    action: list[Any], then_secs: float
) -> None:
    transition = leading_to(time_node(pre_actions=action))
    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        TERMS,
        ToolCall(name="to_end", arguments={"time": "eight"}),
        LONG,
        "Yes?",
        lines=["four of us", "no wait listen to me", "stop it stop it please"],
    ).run(
        silence(4),
        speech(1),
        silence(3.0),
        speech(1.6),
        silence(then_secs),
        speech(1.6),
        silence(8),
    )
    texts = said_in(call.llm.contexts[3], "assistant")
    assert (TERMS in texts) == bool(action)
    assert said_in(call.llm.contexts[-1], "assistant")[-1].endswith("—")


async def test_a_caller_who_leaves_in_the_first_words_of_a_node_ends_the_call_at_once() -> None:
    call = Call({**party_node(), "pre_actions": [{"type": "tts_say", "text": LONG}]})
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(call.worker)
    running = asyncio.create_task(runner.run())
    await call.transport.connect()
    await asyncio.sleep(1.5)
    left_at = asyncio.get_running_loop().time()
    await call.transport.disconnect()
    await running
    assert asyncio.get_running_loop().time() - left_at < 0.5
    assert call.worker.stuck in ((), [])


async def test_a_node_that_ends_the_call_takes_its_leave_of_a_caller_who_speaks() -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(2)
        return await leave(flow_manager)

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "Goodbye.",
        lines=["four of us", "and it should be at eight please"],
    ).run(silence(4), speech(1), silence(2.0), speech(2.5), silence(8))
    assert call.voice.said == ["For how many?", "Goodbye."]


async def test_the_next_node_waits_for_a_caller_who_speaks() -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(2)
        return None, time_node()

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "At eight then.",
        lines=["four of us", "and it should be at eight please"],
    ).run(silence(4), speech(1), silence(2.0), speech(2.5), silence(8))
    assert call.voice.said == ["For how many?", "At eight then."]
    assert said_in(call.llm.contexts[-1], "user")[-1] == "and it should be at eight please"
    assert len(call.llm.contexts) == 3


@pytest.mark.parametrize("before", [[], [{"type": "uninterruptible"}]])
async def test_what_the_next_node_says_first_is_not_said_against_a_caller_who_speaks(
    before: list[Any],
) -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(2)
        return None, time_node(pre_actions=[*before, {"type": "tts_say", "text": TERMS}])

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "At eight then.",
        lines=["four of us", "and it should be at eight please"],
    ).run(silence(4), speech(1), silence(2.0), speech(2.5), silence(12))
    assert call.voice.said == ["For how many?", "At eight then.", TERMS]
    # One answer, with the functions of the node that is entered.
    assert call.llm.tools == [["slow"], ["slow"], ["to_end"]]


async def test_a_node_that_cannot_be_entered_leaves_the_one_before_interruptible() -> None:
    def fails(action: Any, flow_manager: FlowManager) -> None:
        raise RuntimeError("no connection")

    transition = leading_to(
        time_node(pre_actions=[{"type": "uninterruptible"}, {"type": "ring", "handler": fails}])
    )
    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        LONG,
        "Yes?",
        lines=["four of us", "no wait listen to me"],
    ).run(silence(4), speech(1), silence(2.5), speech(1.6), silence(8))
    assert said_in(call.llm.contexts[-1], "assistant")[-1].endswith("—")


@pytest.mark.parametrize("how", [{}, {"interruption": None}])
@pytest.mark.parametrize("over_secs", [0.0, 0.4, 2.0])
async def test_a_caller_who_speaks_over_a_goodbye_hears_it_and_the_call_ends_behind_it(
    over_secs: float, how: dict[str, Any]
) -> None:
    call = Call(
        {**party_node(), "functions": [leave]},
        "For how many?",
        ToolCall(name="leave"),
        LONG,
        "What else?",
        lines=["none of us", "wait there is something else"],
        **how,
    )
    ended: list[float] = []
    loop = asyncio.get_running_loop()

    async def note_end(*_: Any) -> None:
        ended.append(loop.time() - began)

    call.worker.add_event_handler("on_pipeline_finished", note_end)
    began = loop.time()
    await call.run(silence(3), speech(1), silence(0.9 + over_secs), speech(1.6), silence(10))
    [secs] = ended
    assert secs < 12
    assert said_in(call.llm.contexts[-1], "user")[0] == "none of us"
    assert call.worker.flow
    assert LONG in said_in(call.worker.flow.get_current_context(), "assistant")
