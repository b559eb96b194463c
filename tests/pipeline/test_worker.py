"""A call worker ends although a processor loses or holds the frame that ends it."""

import asyncio
import io
import logging
import threading

import pytest
from loguru import logger
from pipecat.frames.frames import EndFrame, Frame, TextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline.worker import CallWorker
from antiphon.processors.redaction import guard_logs


class Loses(FrameProcessor):
    """Raises at EndFrame, as an unguarded processor may."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, EndFrame):
            raise RuntimeError("lost")
        await self.push_frame(frame, direction)


class Holds(FrameProcessor):
    """Waits for ever on a text, as a stalled LLM stream does."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            await asyncio.Event().wait()
        await self.push_frame(frame, direction)


@pytest.mark.virtual_time
@pytest.mark.parametrize("processor", [Loses, Holds])
async def test_a_worker_ends_at_its_deadline_and_tells(processor: type[FrameProcessor]) -> None:
    worker = CallWorker(Pipeline([processor()]), end_deadline_secs=30)
    late: list[Frame] = []

    @worker.event_handler("on_pipeline_timeout")
    async def on_pipeline_timeout(worker: CallWorker, frame: Frame) -> None:
        late.append(frame)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frames([TextFrame("hello"), EndFrame()])
    started = asyncio.get_running_loop().time()
    await runner.run()
    assert asyncio.get_running_loop().time() - started == pytest.approx(30, abs=1)
    assert [type(frame) for frame in late] == [EndFrame]


@pytest.mark.virtual_time
async def test_a_worker_can_be_cancelled_while_an_end_frame_is_lost() -> None:
    worker = CallWorker(Pipeline([Loses()]), end_deadline_secs=3600)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frame(EndFrame())
    run = asyncio.create_task(runner.run())
    await asyncio.sleep(10)
    assert not run.done()
    started = asyncio.get_running_loop().time()
    await runner.cancel()
    await run
    assert asyncio.get_running_loop().time() - started == pytest.approx(5, abs=1)


@pytest.mark.virtual_time
async def test_a_worker_that_ends_by_itself_is_not_told_to_be_late() -> None:
    worker = CallWorker(Pipeline([IdentityFilter()]))
    late: list[Frame] = []

    @worker.event_handler("on_pipeline_timeout")
    async def on_pipeline_timeout(worker: CallWorker, frame: Frame) -> None:
        late.append(frame)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frame(EndFrame())
    await runner.run()
    await asyncio.sleep(120)
    assert late == []


class Says(FrameProcessor):
    """Logs what it hears, as services, tools and vendors' native threads do."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            logger.info(f"tool: {frame.text}")
            logging.getLogger("shop").warning(f"logging: {frame.text}")
            thread = threading.Thread(target=logger.info, args=(f"thread: {frame.text}",))
            thread.start()
            thread.join()
            await asyncio.create_task(self.says_later(frame.text))
        await self.push_frame(frame, direction)

    async def says_later(self, text: str) -> None:
        logger.info(f"task: {text}")


async def test_what_is_logged_in_a_call_is_guarded_whoever_logs_it(
    no_guard: None, caplog: pytest.LogCaptureFixture
) -> None:
    guard_logs(own=[__name__, "shop"])
    log = io.StringIO()
    sink = logger.add(log, format="{message}")
    worker = CallWorker(Pipeline([Says()]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frames([TextFrame("4539 1488 0343 6467"), EndFrame()])
    logger.info("the host: HTTP 200 after 1234 ms")
    await runner.run()
    logger.info("the host: HTTP 404 after 1234 ms")
    logger.remove(sink)

    said = log.getvalue() + caplog.text
    for source in ("tool", "logging", "thread", "task"):
        assert f"{source}: <REDACTED>" in said
    assert "1488" not in said
    for status in (200, 404):
        assert f"the host: HTTP {status} after 1234 ms" in said
