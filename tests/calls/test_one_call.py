"""A processor of ours serves one call: a second is ended in one line, and the first goes on."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from loguru import logger
from pipecat.frames.frames import EndFrame, Frame, TextFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline.fast_path.aggregators import LastAggregator
from antiphon.processors.interruption import Interruption, PlaybackGate
from antiphon.processors.language import LanguageFollower
from antiphon.processors.latency import Apology, Filler, LatencyObserver, LatencyProbe
from antiphon.processors.redaction import (
    PIIRedactor,
    RedactingRecorder,
)
from antiphon.processors.sentences import SentenceAggregator

Make = Callable[[], FrameProcessor]

MAKERS: Sequence[Make] = (
    Apology,
    Filler,
    LanguageFollower,
    PlaybackGate,
    PIIRedactor,
    RedactingRecorder,
    SentenceAggregator,
    lambda: LatencyProbe(place="here"),
    lambda: LastAggregator(LLMContext()),
)


class Keeps(FrameProcessor):
    """Keeps the texts that reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.told = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TextFrame):
            self.texts.append(frame.text)
            self.told.set()
        await self.push_frame(frame, direction)


class Running:
    """A call on a stock worker, from its start to its end."""

    def __init__(self, pipeline: Pipeline, **options: Any) -> None:
        self.worker = PipelineWorker(pipeline, enable_rtvi=False, **options)

    async def __aenter__(self) -> "Running":
        started = asyncio.Event()
        self.worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        self.task = asyncio.create_task(runner.run())
        await asyncio.wait(
            (asyncio.create_task(started.wait()), self.task), return_when=asyncio.FIRST_COMPLETED
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.worker.queue_frame(EndFrame())
        await self.task


@contextmanager
def refused() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="ERROR", format="{message}")
    try:
        yield lines
    finally:
        logger.remove(sink)


async def says(call: Running, keeps: Keeps, text: str) -> None:
    await call.worker.queue_frame(TextFrame(text))
    await keeps.told.wait()
    assert keeps.texts == [text]


@pytest.mark.virtual_time
@pytest.mark.parametrize("make", MAKERS)
async def test_a_second_pipeline_is_refused_beside_the_first_and_after_it(make: Make) -> None:
    shared, keeps = make(), Keeps()
    before, after = shared.previous, shared.next
    async with Running(Pipeline([keeps, shared])) as first:
        before, after = shared.previous, shared.next
        with pytest.raises(ValueError, match=f"make another {type(shared).__name__} for each call"):
            Pipeline([Keeps(), shared, Keeps()])
        assert (shared.previous, shared.next) == (before, after)
        assert before is keeps
        assert keeps.next is shared
        await says(first, keeps, "I go on.")
    with pytest.raises(ValueError, match="is another call's"):
        Pipeline([shared])


@pytest.mark.virtual_time
@pytest.mark.parametrize("make", MAKERS)
async def test_a_second_run_of_the_same_pipeline_is_ended_in_one_line(make: Make) -> None:
    shared = make()
    pipeline = Pipeline([PIIRedactor(), shared])
    async with Running(pipeline):
        pass
    with refused() as lines:
        async with Running(pipeline) as second, asyncio.timeout(1):
            await second.task
    assert len(lines) == 1
    assert "is another call's: make another" in lines[0]


@pytest.mark.virtual_time
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("nested", [False, True])
async def test_of_two_pipelines_around_one_processor_the_one_that_has_it_runs(
    make: Make, nested: bool
) -> None:
    shared, others, keeps = make(), [PIIRedactor(), SentenceAggregator()], [Keeps(), Keeps()]
    robbed, robber = (
        Pipeline([kept, *([ParallelPipeline([shared, other])] if nested else [shared, other])])
        for kept, other in zip(keeps, others, strict=True)
    )
    async with Running(robber) as second:
        with refused() as lines:
            async with Running(robbed) as first, asyncio.timeout(1):
                await first.task
        assert len(lines) == 1
        assert f"make another {type(shared).__name__} for each call" in lines[0]
        await says(second, keeps[1], "I go on.")
    assert keeps[0].texts == []


@pytest.mark.virtual_time
async def test_a_processor_of_a_call_that_never_began_may_be_put_elsewhere() -> None:
    shared, keeps = SentenceAggregator(), Keeps()
    Pipeline([shared])
    async with Running(Pipeline([keeps, shared])) as call:
        await says(call, keeps, "Here I am.")


@pytest.mark.virtual_time
async def test_in_one_call_each_branch_may_have_its_own() -> None:
    keeps = Keeps()
    branches = ParallelPipeline([PIIRedactor()], [PIIRedactor(), SentenceAggregator()])
    async with Running(Pipeline([branches, keeps])) as call:
        await says(call, keeps, "Both of us.")


@pytest.mark.virtual_time
async def test_the_redactors_of_a_call_share_a_vault_which_another_call_does_not_wipe() -> None:
    one, other = [PIIRedactor(), PIIRedactor()], [PIIRedactor(), PIIRedactor()]
    async with Running(Pipeline([*one])):
        vault = one[0].vault
        placeholder = vault.keep("CREDIT_CARD", "4111111111111111")
        async with Running(Pipeline([*other])):
            vaults = [redactor.vault for redactor in (*one, *other)]
        assert vaults[0] is vaults[1]
        assert vaults[2] is vaults[3] is not vault
        assert vault.restore(placeholder, ["CREDIT_CARD"])[0] == "4111111111111111"
    assert len(vault) == 0


@pytest.mark.virtual_time
async def test_an_interruption_strategy_is_one_calls() -> None:
    interruption = Interruption()

    def user() -> FrameProcessor:
        params = LLMUserAggregatorParams(user_turn_strategies=interruption.turn_strategies())
        return LLMContextAggregatorPair(LLMContext(), user_params=params).user()

    async with Running(Pipeline([user()])) as first:
        with refused() as lines:
            async with Running(Pipeline([user()])) as second, asyncio.timeout(1):
                await second.task
        assert any("make another InterruptionStrategy for each call" in line for line in lines)
        assert not first.task.done()


@pytest.mark.virtual_time
async def test_a_latency_observer_is_one_calls() -> None:
    observer = LatencyObserver()
    async with Running(Pipeline([Keeps()]), observers=[observer]):
        with refused() as lines:
            async with Running(Pipeline([Keeps()]), observers=[observer]) as second:
                async with asyncio.timeout(1):
                    await second.task
    assert any("make another LatencyObserver for each" in line for line in lines)
