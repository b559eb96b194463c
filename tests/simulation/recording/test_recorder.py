"""What a recorder takes from a pipeline: the texts as they enter the conversation and leave it."""

import asyncio

import pytest
from pipecat.frames.frames import EndFrame, Frame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.recording import CallRecorder
from antiphon.transports.memory import MemoryTransport

pytestmark = pytest.mark.looptime


class Redactor(FrameProcessor):
    """Replaces what was recognised, as a redacting processor does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            frame = TranscriptionFrame("my card is [CARD_1]", frame.user_id, frame.timestamp)
        await self.push_frame(frame, direction)


async def recognised(*processors: FrameProcessor) -> str:
    """Return the recorded text of a line that passes through processors."""
    transport = MemoryTransport()
    recorder = CallRecorder(transport, title="texts")
    aggregators = LLMContextAggregatorPair(LLMContext())
    worker = PipelineWorker(
        Pipeline([transport.input(), *processors, aggregators.user(), transport.output()]),
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
    await transport.send_frame(TranscriptionFrame("my card is 4111", "caller", ""))
    await asyncio.sleep(1)
    await worker.queue_frame(EndFrame())
    await running
    caller = recorder.record().turns[1].caller
    assert caller
    return caller.recognised


async def test_the_transcript_is_what_was_recognised() -> None:
    assert await recognised() == "my card is 4111"


async def test_the_transcript_is_taken_behind_a_redactor() -> None:
    assert await recognised(Redactor()) == "my card is [CARD_1]"
