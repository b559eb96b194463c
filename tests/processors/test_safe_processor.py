"""Lifecycle frames travel on, and no class of ours shadows an attribute of Pipecat's."""

import ast
import asyncio
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache

import pytest
from pipecat.frames.frames import EndFrame, Frame, TextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.sync_parallel_pipeline import FrameOrder, SyncParallelPipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.safe_processor import LIFECYCLE_FRAMES, SafeProcessor

ROOMS = ("processors", "transports", "services", "pipeline", "simulation")


class FailsAtTheEnd(SafeProcessor):
    """Raises at every lifecycle frame."""

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        raise RuntimeError("4111 1111 1111 1111")


class Collector(FrameProcessor):
    """Keeps what reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)


async def test_a_worker_ends_although_a_processor_raises_at_every_lifecycle_frame() -> None:
    collector = Collector()
    worker = PipelineWorker(Pipeline([FailsAtTheEnd(), collector]))
    errors: list[str] = []

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(worker: PipelineWorker, frame: Frame) -> None:
        errors.append(str(frame))

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frames([TextFrame("before"), EndFrame()])
    await runner.run()

    ended = [frame for frame in collector.frames if isinstance(frame, LIFECYCLE_FRAMES)]
    assert [type(frame).__name__ for frame in ended] == ["StartFrame", "EndFrame"]
    assert any(isinstance(frame, TextFrame) for frame in collector.frames)
    assert errors
    assert not any("4111" in error for error in errors)


class SaysARest(SafeProcessor):
    """Says something ahead of the end."""

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, EndFrame):
            await self.push_frame(TextFrame("and the rest"))


@pytest.mark.parametrize("order", FrameOrder)
@pytest.mark.parametrize("stock_branches", [0, 1])
async def test_a_synchronous_pipeline_ends_although_each_branch_has_a_rest_to_say(
    order: FrameOrder, stock_branches: int
) -> None:
    branches = [[SaysARest()], [SaysARest()], *([Collector()] for _ in range(stock_branches))]
    collector = Collector()
    synchronous = SyncParallelPipeline(*branches, frame_order=order)
    worker = PipelineWorker(Pipeline([Pipeline([synchronous]), collector]))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.queue_frames([TextFrame("before"), EndFrame()])
    async with asyncio.timeout(5):
        await runner.run()
    *_, first, second, last = [type(frame) for frame in collector.frames]
    assert [first, second, last] == [TextFrame, TextFrame, EndFrame]


@cache
def assigned_attributes(cls: type) -> set[str]:
    """Names that the methods written in `cls`, but not in classes nested in it, assign on self."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    return {
        node.attr
        for method in definition.body
        if not isinstance(method, ast.ClassDef)
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def our_processors() -> Iterator[type[FrameProcessor]]:
    for room in ROOMS:
        package = importlib.import_module(f"antiphon.{room}")
        for info in pkgutil.walk_packages(package.__path__, f"antiphon.{room}."):
            if info.name.endswith("__main__"):
                continue
            for _, cls in inspect.getmembers(importlib.import_module(info.name), inspect.isclass):
                if issubclass(cls, FrameProcessor) and cls.__module__ == info.name:
                    yield cls


@pytest.mark.parametrize("cls", sorted(set(our_processors()), key=str), ids=str)
def test_no_processor_of_ours_shadows_an_attribute_of_pipecats(cls: type[FrameProcessor]) -> None:
    theirs: set[str] = set()
    for parent in cls.__mro__[1:]:
        if parent.__module__.startswith("pipecat."):
            theirs |= assigned_attributes(parent)
    assert "_next" in theirs

    assert not {name for name in assigned_attributes(cls) & theirs if name.startswith("_")}


@pytest.mark.parametrize(
    "cls",
    sorted({cls for cls in our_processors() if issubclass(cls, SafeProcessor)}, key=str),
    ids=str,
)
def test_safe_processors_leave_process_frame_and_cleanup_alone(cls: type[SafeProcessor]) -> None:
    assert cls.process_frame is SafeProcessor.process_frame
    assert cls.cleanup is SafeProcessor.cleanup
