"""What one more processor, probe or observer in the pipeline costs each audio frame.

Frames of the microphone run through pipelines of 5 and 25 processors that only pass them on; the
difference is the price of a hop. An observer is told of every push, so its price is a hop's too.

    python benchmarks/calls_per_core/hops.py [--frames 3000] [--repeats 5]
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loguru import logger
from pipecat.frames.frames import EndFrame, Frame, InputAudioRawFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.processors import LatencyProbe
from antiphon.processors.latency import LatencyObserver
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.safe_processor import SafeProcessor

SHORT, LONG = 5, 25
AUDIO = bytes(320)
# Frames in flight: a caller sends one, and then the next.
BURST = 10


class Passes(FrameProcessor):
    """Passes everything on, as Pipecat shows it."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Ours(SafeProcessor):
    """Passes everything on, as ours do."""


class Sink(FrameProcessor):
    """The end of the pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.changed = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self.taken += 1
            self.changed.set()
        else:
            await self.push_frame(frame, direction)


@dataclass(frozen=True)
class Variant:
    """What stands in the pipeline, or beside it."""

    name: str
    make: Callable[[], FrameProcessor] = Passes
    observers: Callable[[], Sequence[BaseObserver]] = list
    default_observers: bool = True


VARIANTS = (
    Variant("stock processor"),
    Variant("stock processor, default observers off", default_observers=False),
    Variant("stock processor, direct mode", lambda: Passes(enable_direct_mode=True)),
    Variant("our processor", Ours),
    Variant("LatencyProbe", lambda: LatencyProbe(place="p", process=LatencyStats())),
    Variant("an observer of every push", observers=lambda: [BaseObserver()]),
    Variant(
        "an observer of first pushes", observers=lambda: [BaseObserver(observe_every_push=False)]
    ),
    Variant("LatencyObserver", observers=lambda: [LatencyObserver(process=LatencyStats())]),
)


async def run(variant: Variant, length: int, frames: int) -> float:
    """Return the seconds of CPU that a frame takes through a pipeline of that length."""
    sink = Sink()
    worker = PipelineWorker(
        Pipeline([*(variant.make() for _ in range(length)), sink]),
        observers=list(variant.observers()),
        enable_rtvi=False,
        enable_turn_tracking=variant.default_observers,
        idle_timeout_secs=300 if variant.default_observers else None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    started = 0.0
    for burst in range(-1, frames // BURST):
        for _ in range(BURST):
            await worker.queue_frame(InputAudioRawFrame(AUDIO, 8000, 1))
        while sink.taken < (burst + 2) * BURST:
            sink.changed.clear()
            await sink.changed.wait()
        if burst < 0:
            started = time.process_time()
    taken = time.process_time() - started
    await worker.queue_frame(EndFrame())
    await running
    return taken / (frames // BURST * BURST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    logger.remove()
    hops: dict[str, list[float]] = {variant.name: [] for variant in VARIANTS}
    for _ in range(options.repeats):
        for variant in VARIANTS:
            short, long = (
                asyncio.run(run(variant, length, options.frames)) for length in (SHORT, LONG)
            )
            hops[variant.name].append(1e6 * (long - short) / (LONG - SHORT))
    print("| in the pipeline | us a hop, median | lowest | highest |\n|---|---|---|---|")
    for name, each in hops.items():
        print(f"| {name} | {statistics.median(each):.1f} | {min(each):.1f} | {max(each):.1f} |")


if __name__ == "__main__":
    main()
