import asyncio

import pytest
from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from .calls import call, reply

pytestmark = pytest.mark.virtual_time(start=0)


def tool_results(context: LLMContext) -> list[str]:
    return [
        str(message["content"])
        for message in context.messages
        if isinstance(message, dict) and message["role"] == "tool"
    ]


def started() -> Frame:
    call_ = FunctionCallFromLLM(
        function_name="look_up", tool_call_id="1", arguments={}, context=LLMContext()
    )
    return FunctionCallsStartedFrame([call_])


def running() -> Frame:
    return FunctionCallInProgressFrame("look_up", "1", {}, cancel_on_interruption=True)


@pytest.mark.parametrize("after", [0.0, 0.02, 0.5, 5.0])
async def test_cancelled_call_is_settled_whenever_the_cancellation_comes(after: float) -> None:
    async with call() as c:
        await c.say([started(), *reply([("One moment, let me see.", 1500)]), running()])
        await asyncio.sleep(after)
        await c.worker.queue_frame(InterruptionFrame())
        await c.worker.queue_frame(FunctionCallCancelFrame("look_up", "1"))
        await asyncio.sleep(1)
    assert not c.assistant.has_function_calls_in_progress
    assert [result.strip('"') for result in tool_results(c.context)] == ["CANCELLED"]
