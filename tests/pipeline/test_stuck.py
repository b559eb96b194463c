"""Every call ends and gives its place back, whatever in it does not: tool, service, handler."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMRunFrame,
    StartFrame,
    StopFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, VoiceAgent
from antiphon.pipeline.server.calls import Call, Calls, current_call
from antiphon.pipeline.server.choosing import Agents
from antiphon.pipeline.server.metrics import CallMetrics
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.worker import CallWorker
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.transports import MemoryTransport
from antiphon.transports.memory import MemoryInput

# The cleanup's deadline, what is cancelled one after the other, and what is waited for after that.
LONGEST_CLEANUP_SECS = 10.0 + 5.0 + 1.0

Tool = Callable[[FunctionCallParams], Awaitable[None]]

release = asyncio.Event()


@pytest.fixture(autouse=True)
async def let_the_stubborn_go() -> AsyncIterator[None]:
    """Let what ignores its cancellation end with the test, which otherwise would not."""
    global release
    release = asyncio.Event()
    yield
    release.set()
    others = asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]
    if others:
        await asyncio.wait(others, timeout=5)


async def stubborn() -> None:
    while not release.is_set():
        try:
            await asyncio.wait_for(release.wait(), 1.0)
        except (asyncio.CancelledError, TimeoutError):
            continue


async def swallows(params: FunctionCallParams) -> None:
    """Look something up."""
    await stubborn()


async def waits(params: FunctionCallParams) -> None:
    """Look something up."""
    await asyncio.Event().wait()


async def shields(params: FunctionCallParams) -> None:
    """Look something up."""
    await asyncio.shield(asyncio.create_task(stubborn()))


@contextmanager
def warnings_logged() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING", format="{message}")
    try:
        yield lines
    finally:
        logger.remove(sink)


def agent(tool: Tool) -> VoiceAgent:
    return VoiceAgent(
        stt=lambda: FakeSTT(script=()),
        llm=lambda: FakeLLM(script=[ToolCall(name=tool.__name__)]),
        tts=FakeTTS,
        tools=[tool],  # type: ignore[list-item]
        redaction=None,
        latency=LatencySettings(fillers=()),
    )


def calls_of(answering: Any) -> Calls:
    return Calls(Agents(answering), ServerSettings(), CallMetrics())


async def answer(calls: Calls) -> tuple[MemoryTransport, "asyncio.Task[Exception | None]"]:
    transport = MemoryTransport()
    running = asyncio.create_task(
        calls.run(transport, key="key", call_id="call", transport_kind="memory")
    )
    await transport.connect()
    return transport, running


async def hang_up(transport: MemoryTransport, call: Call) -> None:
    await transport.disconnect()


async def cancel(transport: MemoryTransport, call: Call) -> None:
    await call.worker.cancel()


async def end(transport: MemoryTransport, call: Call) -> None:
    await call.end()


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.virtual_time
@pytest.mark.parametrize("how", [hang_up, cancel, end])
@pytest.mark.parametrize("tool", [swallows, waits, shields])
async def test_a_call_ends_whatever_its_tool_does_with_a_cancellation(
    tool: Tool, how: Callable[[MemoryTransport, Call], Awaitable[None]]
) -> None:
    calls = calls_of(agent(tool))
    transport, running = await answer(calls)
    call = calls.find("call")
    assert call
    await call.worker.queue_frame(LLMRunFrame())
    await asyncio.sleep(1)
    began = now()
    with warnings_logged() as warnings:
        await how(transport, call)
        await running
    assert now() - began < 5.0
    assert calls.active == 0

    stuck = ["swallows"] if tool is swallows else []
    assert call.worker.stuck == stuck
    assert calls.metrics.registry.get_sample_value("antiphon_tasks_stuck_total") == len(stuck)
    assert any("cancelled in vain: swallows" in line for line in warnings) == bool(stuck)

    gone = weakref.ref(call)
    del call
    gc.collect()
    assert gone() is None


@pytest.mark.virtual_time
async def test_what_a_tool_that_does_not_stop_still_sees_is_that_its_call_is_over() -> None:
    seen: list[Any] = []

    async def outlives(params: FunctionCallParams) -> None:
        """Look something up."""
        seen.append(current_call().id)
        await stubborn()
        try:
            current_call()
        except LookupError as error:
            seen.append(str(error))

    calls = calls_of(agent(outlives))
    transport, running = await answer(calls)
    await calls._running[0].worker.queue_frame(LLMRunFrame())
    await asyncio.sleep(1)
    await transport.disconnect()
    await running
    gc.collect()
    release.set()
    await asyncio.sleep(2)
    assert seen == ["call", "no call is running here: current_call() is for an agent's tools"]


@pytest.mark.virtual_time
async def test_an_interruption_waits_a_second_at_most_for_a_tool_that_does_not_stop() -> None:
    calls = calls_of(agent(swallows))
    transport, running = await answer(calls)
    call = calls.find("call")
    assert call
    await call.worker.queue_frame(LLMRunFrame())
    await asyncio.sleep(1)
    passed = asyncio.Event()
    call.worker.set_reached_downstream_filter((InterruptionFrame,))
    call.worker.add_event_handler("on_frame_reached_downstream", lambda *_: passed.set())
    await call.worker.queue_frame(InterruptionFrame())
    async with asyncio.timeout(1.5):
        await passed.wait()
    await transport.disconnect()
    await running


class Hangs(FrameProcessor):
    """Never comes back from one of its duties, and may not even let itself be cancelled."""

    def __init__(self, where: str, how: Callable[[], Awaitable[Any]]) -> None:
        super().__init__()
        self._where = where
        self._how = how

    async def hang_at(self, where: str) -> None:
        if where == self._where:
            await self._how()

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        await super().setup(setup)
        await self.hang_at("setup")

    async def cleanup(self) -> None:
        await super().cleanup()
        await self.hang_at("cleanup")

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.hang_at(type(frame).__name__)
        await self.push_frame(frame, direction)


async def ever() -> None:
    await asyncio.Event().wait()


async def run(worker: CallWorker) -> float:
    """Run a worker to its end, and return how long that took."""
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    began = now()
    await runner.run()
    return now() - began


@pytest.mark.virtual_time
@pytest.mark.parametrize("how", [ever, stubborn])
@pytest.mark.parametrize(
    ("where", "ending", "secs"),
    [
        ("setup", EndFrame, 40.0),
        (StartFrame.__name__, EndFrame, 40.0),
        (EndFrame.__name__, EndFrame, 30.0),
        (StopFrame.__name__, StopFrame, 30.0),
        (CancelFrame.__name__, CancelFrame, 5.0),
        ("cleanup", EndFrame, 0.0),
        ("cleanup", CancelFrame, 0.0),
    ],
)
async def test_a_worker_ends_wherever_a_processor_hangs(
    where: str, ending: type[Frame], secs: float, how: Callable[[], Awaitable[None]]
) -> None:
    worker = CallWorker(Pipeline([Hangs(where, how)]), enable_rtvi=False)
    await worker.queue_frame(ending())
    assert await run(worker) < secs + LONGEST_CLEANUP_SECS + 5.0
    if how is ever:
        assert worker.stuck == []


@pytest.mark.virtual_time
@pytest.mark.parametrize("event", ["on_pipeline_started", "on_pipeline_finished"])
@pytest.mark.parametrize("how", [ever, stubborn])
async def test_a_worker_ends_although_an_event_handler_of_its_own_does_not(
    how: Callable[[], Awaitable[None]], event: str
) -> None:
    async def handler(*_: Any) -> None:
        await how()

    class Released(IdentityFilter):
        is_released = False

        async def cleanup(self) -> None:
            await super().cleanup()
            self.is_released = True

    last = Released()
    worker = CallWorker(Pipeline([last]), enable_rtvi=False)
    worker.add_event_handler(event, handler)
    await worker.queue_frame(EndFrame())
    assert await run(worker) < LONGEST_CLEANUP_SECS + 5.0
    if how is ever:
        assert worker.stuck == []
        assert last.is_released
    else:
        assert [*worker.stuck] == [handler.__qualname__.rpartition("<locals>.")[2]]


@pytest.mark.virtual_time
@pytest.mark.parametrize("how", [ever, stubborn])
async def test_a_call_ends_although_the_observer_is_still_telling_how_it_went(
    how: Callable[[], Awaitable[None]],
) -> None:
    worker = agent(waits).worker(MemoryTransport(), enable_rtvi=False)
    assert worker.latency

    async def ended(*_: Any) -> None:
        await how()

    worker.latency.add_event_handler("on_call_ended", ended)
    await worker.queue_frame(EndFrame())
    assert await run(worker) < LONGEST_CLEANUP_SECS + 5.0


class Finishing(MemoryInput):
    """Lets its transport finish when the call is over, as those of Pipecat's transports do."""

    transport: "Unfinished"

    async def cleanup(self) -> None:
        await super().cleanup()
        await self.transport.cleanup()


class Unfinished(MemoryTransport):
    """Waits, when it is cleaned up, for the event handlers that the app has given it."""

    def __init__(self) -> None:
        super().__init__()
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
        self._source = Finishing(params)
        self._source.transport = self


@pytest.mark.virtual_time
@pytest.mark.parametrize("how", [ever, stubborn])
async def test_a_call_ends_although_the_app_never_leaves_its_handler_of_the_hang_up(
    how: Callable[[], Awaitable[None]],
) -> None:
    transport = Unfinished()
    worker = agent(waits).worker(transport, enable_rtvi=False)

    async def gone(*_: Any) -> None:
        await how()

    transport.add_event_handler("on_client_disconnected", gone)
    running = asyncio.create_task(run(worker))
    await transport.connect()
    await transport.disconnect()
    assert await running < LONGEST_CLEANUP_SECS + 5.0
    assert [*worker.stuck] == ([] if how is ever else ["gone"])


@pytest.mark.virtual_time
async def test_a_call_that_ends_by_itself_is_given_the_time_that_its_cleanup_takes() -> None:
    done = False

    async def writes_it_down(*_: Any) -> None:
        nonlocal done
        await asyncio.sleep(8)
        done = True

    worker = CallWorker(Pipeline([IdentityFilter()]), enable_rtvi=False)
    worker.add_event_handler("on_pipeline_finished", writes_it_down)
    await worker.queue_frame(EndFrame())
    await run(worker)
    assert done
    assert worker.stuck == []


@pytest.mark.virtual_time
async def test_a_call_that_is_cancelled_from_outside_ends_and_says_so() -> None:
    worker = CallWorker(Pipeline([Hangs("cleanup", stubborn)]), enable_rtvi=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1)
    began = now()
    running.cancel()
    await asyncio.wait((running,))
    assert now() - began < LONGEST_CLEANUP_SECS + 10.0
