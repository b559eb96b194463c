"""What a recorder takes from a pipeline: the texts as they enter the conversation and leave it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.recording import CallRecord, CallRecorder
from antiphon.transports.memory import MemoryTransport

pytestmark = pytest.mark.virtual_time


class Redactor(FrameProcessor):
    """Replaces what was recognised, as a redacting processor does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            frame = TranscriptionFrame("my card is [CARD_1]", frame.user_id, frame.timestamp)
        elif isinstance(frame, FunctionCallInProgressFrame):
            call = frame.function_name, frame.tool_call_id
            frame = FunctionCallInProgressFrame(*call, arguments={"card": "[CARD_1]"})
        await self.push_frame(frame, direction)


async def recorded(*processors: FrameProcessor, frames: Sequence[Frame]) -> CallRecord:
    """Return the record of a call in which frames pass through processors during a line."""
    transport = MemoryTransport()
    recorder = CallRecorder(transport, title="texts")
    aggregators = LLMContextAggregatorPair(LLMContext())
    worker = PipelineWorker(
        Pipeline(
            [
                *(transport.input(), *processors, aggregators.user()),
                *(transport.output(), aggregators.assistant()),
            ]
        ),
        observers=[*recorder.observers],
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    now_secs = asyncio.get_running_loop().time()
    recorder.call_started(now_secs)
    recorder.line_started(SpokenLine(text="", start_secs=now_secs, end_secs=now_secs + 0.5))
    for frame in frames:
        await transport.send_frame(frame)
        await asyncio.sleep(0.1)
    await worker.queue_frame(EndFrame())
    await running
    return recorder.record()


async def recognised(*processors: FrameProcessor) -> str:
    said = TranscriptionFrame("my card is 4111", "caller", "")
    caller = (await recorded(*processors, frames=[said])).turns[1].caller
    assert caller
    return caller.recognised


async def test_the_transcript_is_what_was_recognised() -> None:
    assert await recognised() == "my card is 4111"


async def test_the_transcript_is_taken_behind_a_redactor() -> None:
    assert await recognised(Redactor()) == "my card is [CARD_1]"


async def test_a_call_that_is_cancelled_and_then_settled_by_a_result_was_cancelled() -> None:
    call: dict[str, Any] = {"function_name": "look_up", "tool_call_id": "1"}
    record = await recorded(
        frames=[
            FunctionCallInProgressFrame(**call, arguments={}),
            FunctionCallCancelFrame(**call),
            FunctionCallResultFrame(**call, arguments={}, result="CANCELLED"),
        ]
    )
    assert [each.outcome for each in record.tool_calls] == ["cancelled"]


class QuickTool(FrameProcessor):
    """Calls a tool that is done before anybody has seen the call, as a model does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            call: dict[str, Any] = {"function_name": "charge", "tool_call_id": "1"}
            arguments = {"card": "4111"}
            await self.push_frame(FunctionCallInProgressFrame(**call, arguments=arguments))
            await self.push_frame(FunctionCallResultFrame(**call, arguments=arguments, result="ok"))
        await self.push_frame(frame, direction)


@pytest.mark.parametrize(("redacts", "card"), [(False, "4111"), (True, "[CARD_1]")])
async def test_the_arguments_of_a_tool_are_taken_behind_a_redactor(
    redacts: bool, card: str
) -> None:
    behind = [Redactor()] if redacts else []
    record = await recorded(QuickTool(), *behind, frames=[TranscriptionFrame("pay", "caller", "")])
    assert [(each.arguments, each.outcome) for each in record.tool_calls] == [
        ({"card": card}, "completed")
    ]
