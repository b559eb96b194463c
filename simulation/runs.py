"""Run one processor on a frame stream and look at what came out."""

import asyncio
import dataclasses
import hashlib
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, overload

from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    StartFrame,
    StopFrame,
    TextFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline.worker import CallWorker
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.simulation.frames import FrameStream, TimedFrame

__all__ = ["FrameLog", "Output", "Outputs", "describe", "run_frames"]

F = TypeVar("F", bound=Frame)

# What differs from run to run by Pipecat's design: counters and random ids.
_UNREPEATABLE = frozenset(
    {"id", "name", "broadcast_sibling_id", "context_id", "group_id", "segment_id"}
)

# The same inside of values: a service is named "FakeSTT#3" after those that the process made
# before it, and what has no better name is told with its address.
_UNREPEATABLE_TEXT = re.compile(
    r"(?<=[a-zA-Z])#\d+| at 0x[0-9a-f]+|(?<='segment_id': )\d+"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Output:
    """One frame that came out.

    Parameters:
        at: Seconds since the first frame of the stream was sent.
        direction: The way it came out.
        frame: The frame.
    """

    at: float
    direction: FrameDirection
    frame: Frame


class Outputs(Sequence[Output]):
    """What came out of a run, in order; every narrowing is again `Outputs`."""

    def __init__(self, items: Iterable[Output]) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, index: int) -> Output: ...

    @overload
    def __getitem__(self, index: slice) -> "Outputs": ...

    def __getitem__(self, index: int | slice) -> "Output | Outputs":
        if isinstance(index, slice):
            return Outputs(self._items[index])
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        lines = "".join(f"\n  {line}" for line in self.log())
        return f"Outputs({lines}\n)" if lines else "Outputs()"

    @property
    def down(self) -> "Outputs":
        """What came out downstream."""
        return Outputs(o for o in self if o.direction == FrameDirection.DOWNSTREAM)

    @property
    def up(self) -> "Outputs":
        """What came out upstream."""
        return Outputs(o for o in self if o.direction == FrameDirection.UPSTREAM)

    def of(self, *kinds: type[Frame]) -> "Outputs":
        """What is of one of these frame types."""
        return Outputs(o for o in self if isinstance(o.frame, kinds))

    def between(self, start: float, end: float) -> "Outputs":
        """What came out at `start` seconds or later, and before `end`."""
        return Outputs(o for o in self if start <= o.at < end)

    def frames(self, kind: type[F]) -> list[F]:
        """The frames of one type, themselves."""
        return [o.frame for o in self if isinstance(o.frame, kind)]

    def only(self, kind: type[F]) -> F:
        """The one frame of a type.

        Raises:
            AssertionError: If there is none, or more than one.
        """
        found = self.frames(kind)
        if len(found) != 1:
            raise AssertionError(f"expected one {kind.__name__}, not {len(found)}, in {self!r}")
        return found[0]

    @property
    def texts(self) -> list[str]:
        """The text of every frame that has one."""
        return [o.frame.text for o in self if isinstance(o.frame, TextFrame)]

    @property
    def text(self) -> str:
        """All texts, joined without a space."""
        return "".join(self.texts)

    @property
    def kinds(self) -> list[str]:
        """The names of the frame types."""
        return [type(o.frame).__name__ for o in self]

    @property
    def times(self) -> list[float]:
        """When each came out, in seconds, rounded to the microsecond."""
        return [round(o.at, 6) for o in self]

    def log(self) -> list[str]:
        """One line an output, the same for every run that did the same."""
        return [
            f"{o.at:.6f} {'->' if o.direction == FrameDirection.DOWNSTREAM else '<-'} "
            f"{describe(o.frame)}"
            for o in self
        ]


def describe(frame: Frame) -> str:
    """Tell a frame's type and content, without what differs from run to run by design.

    Args:
        frame: The frame.

    Returns:
        One line; audio is told by a digest of its samples.
    """
    told = []
    for field in dataclasses.fields(frame):
        value = vars(frame).get(field.name)
        if field.name in _UNREPEATABLE or value is None or value is False or value == {}:
            continue
        told.append(f"{field.name}={_describe_value(value)}")
    return f"{type(frame).__name__}({', '.join(told)})"


def _describe_value(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)}B:{hashlib.sha1(value).hexdigest()[:10]}"
    if isinstance(value, str | int | float | bool | list | tuple | dict):
        return _UNREPEATABLE_TEXT.sub("", repr(value))
    return type(value).__name__


class FrameLog(BaseObserver):
    """An observer that writes one line for every hop of every frame.

    Two runs did the same if their `lines` are equal.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note one hop.

        Args:
            data: The hop.
        """
        self.lines.append(
            f"{data.timestamp / 1e9:.6f} {type(data.source).__name__} "
            f"{'->' if data.direction == FrameDirection.DOWNSTREAM else '<-'} "
            f"{type(data.destination).__name__} {describe(data.frame)}"
        )


class _Tap(SafeProcessor):
    """Notes the frames that pass it in one direction."""

    hears_microphone = True

    def __init__(self, noted: list[Output], direction: FrameDirection) -> None:
        super().__init__(enable_direct_mode=True)
        self._noted = noted
        self._noted_direction = direction

    def _note(self, frame: Frame, direction: FrameDirection) -> None:
        if direction == self._noted_direction:
            at = asyncio.get_running_loop().time()
            self._noted.append(Output(at=at, direction=direction, frame=frame))

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        self._note(frame, direction)
        await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        self._note(frame, direction)


async def run_frames(
    processor: FrameProcessor | Sequence[FrameProcessor],
    stream: FrameStream,
    *,
    sample_rate_hz: int = 16_000,
    settle_secs: float = 0.0,
    end_within_secs: float = 60.0,
    observers: Sequence[BaseObserver] = (),
) -> Outputs:
    """Feed a stream to a processor in a pipeline of its own.

    The stream begins once the pipeline has started. After it, `EndFrame` is sent, unless the
    stream itself ends or cancels the call. Under `virtual_time` the waits cost nothing.

    Args:
        processor: One processor, or several in a row.
        stream: What to send.
        sample_rate_hz: The pipeline's input and output sample rate in Hz.
        settle_secs: Seconds to wait between the end of the stream and `EndFrame`.
        end_within_secs: Seconds after which an `EndFrame` counts as lost.
        observers: Pipecat observers to attach.

    Returns:
        What came out at either end, without the StartFrame.

    Raises:
        TimeoutError: If the StartFrame or `EndFrame` did not come out.
    """
    noted: list[Output] = []
    row = [processor] if isinstance(processor, FrameProcessor) else list(processor)
    ends = (_Tap(noted, FrameDirection.UPSTREAM), _Tap(noted, FrameDirection.DOWNSTREAM))
    worker = CallWorker(
        Pipeline([ends[0], *row, ends[1]]),
        end_deadline_secs=end_within_secs,
        params=PipelineParams(
            audio_in_sample_rate=sample_rate_hz,
            audio_out_sample_rate=sample_rate_hz,
            enable_metrics=True,
        ),
        observers=list(observers),
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    started = asyncio.Event()
    lost: list[str] = []

    async def on_started(_worker: PipelineWorker, _frame: Frame) -> None:
        started.set()

    async def on_lost(_worker: PipelineWorker, frame: Frame) -> None:
        lost.append(type(frame).__name__)

    worker.add_event_handler("on_pipeline_started", on_started)
    worker.add_event_handler("on_pipeline_timeout", on_lost)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    began: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    feeding = asyncio.create_task(_feed(worker, row[0], stream, started, began, settle_secs))
    try:
        await running
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    if lost or not began.done():
        names = ", ".join(type(each).__name__ for each in row)
        raise TimeoutError(f"{lost[0] if lost else 'StartFrame'} did not come out of {names}")
    origin = began.result()
    return Outputs(
        dataclasses.replace(o, at=o.at - origin)
        for o in noted
        if not isinstance(o.frame, StartFrame)
    )


async def _feed(
    worker: PipelineWorker,
    first: FrameProcessor,
    stream: FrameStream,
    started: asyncio.Event,
    began: asyncio.Future[float],
    settle_secs: float,
) -> None:
    """Send the stream and the end, and tell the loop's time at which the stream began."""
    await started.wait()
    loop = asyncio.get_running_loop()
    origin = loop.time()
    began.set_result(origin)
    ends = False
    for item in stream:
        await asyncio.sleep(max(0.0, origin + item.at - loop.time()))
        _stamp(item, first.get_clock(), origin)
        await worker.queue_frame(item.frame, item.direction)
        ends = ends or isinstance(item.frame, EndFrame | StopFrame | CancelFrame)
    await asyncio.sleep(max(0.0, origin + stream.seconds + settle_secs - loop.time()))
    if not ends:
        await worker.queue_frame(EndFrame())


def _stamp(item: TimedFrame, clock: BaseClock, origin: float) -> None:
    """Give a frame the times that its maker would have given it at this moment."""
    frame = item.frame
    if isinstance(frame, VADUserStartedSpeakingFrame | VADUserStoppedSpeakingFrame):
        frame.timestamp = time.time()
    elif isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame):
        frame.timestamp = frame.timestamp or time_now_iso8601()
    if item.shown_at is not None:
        ahead = origin + item.shown_at - asyncio.get_running_loop().time()
        frame.pts = clock.get_time() + round(ahead * 1e9)
