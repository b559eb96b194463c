"""A pipeline worker that always ends.

Pipecat 1.14 waits without limit for an EndFrame to travel through the pipeline, and a CancelFrame
waits behind it: one processor that loses or holds the EndFrame keeps the call open for good. So
does a tool that swallows its cancellation, and a handler or a cleanup that never returns.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import (
    BotSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    StopFrame,
    SystemFrame,
    TranscriptionFrame,
    UserSpeakingFrame,
    UserStartedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import IDLE_TIMEOUT_SECS, PipelineWorker
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.base_worker import WorkerParams

from antiphon.core.call_scope import CallScope
from antiphon.core.turns import TurnSnapshot
from antiphon.pipeline.fast_path.pipeline import QuietPipeline
from antiphon.pipeline.stuck import PatientTaskManager, let_go
from antiphon.processors.interruption.interruption import Interruption
from antiphon.processors.latency.observer import LatencyObserver

if TYPE_CHECKING:
    from pipecat.flows import FlowManager

__all__ = ["CallWorker"]

# Pipecat's own choice.
IDLE_TIMEOUT_FRAMES = (
    BotSpeakingFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserSpeakingFrame,
    UserStartedSpeakingFrame,
)


class _AtWorkFrame(SystemFrame):
    """A tool is at work."""


class CallWorker(PipelineWorker):
    """A `PipelineWorker` with deadlines for ending, for being cancelled, and for cleaning up.

    When one of the first two passes, the worker hands itself the frame that was lost, calls
    `on_pipeline_timeout`, and shuts down as if that frame had arrived. When the third passes,
    whatever is still at work for the call is cancelled, and what does not stop even then is left
    behind.

    Parameters:
        stuck: The functions that were left behind; known once `run` has returned.
        flow: The `FlowManager` of a call that follows a flow.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        end_deadline_secs: float = 30.0,
        cancel_deadline_secs: float = 5.0,
        cleanup_deadline_secs: float = 10.0,
        latency: LatencyObserver | None = None,
        interruption: Interruption | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the worker.

        Args:
            pipeline: The pipeline to run.
            end_deadline_secs: Seconds from an EndFrame being queued until the worker ends
                without it. Longer than the longest goodbye that should still be heard.
            cancel_deadline_secs: The same for a CancelFrame.
            cleanup_deadline_secs: Seconds that processors' cleanups and event handlers may take
                after that.
            latency: Observes the call besides the other observers; kept as `latency`.
            interruption: Knows who has the turn; kept as `interruption`.
            **kwargs: Passed to `PipelineWorker`, of whose observers the one that tracks turns is
                left out, unless tracing needs it or `enable_turn_tracking` asks for it.

        Raises:
            ValueError: If another worker has the pipeline.
        """
        if pipeline.next or pipeline.previous:
            raise ValueError(f"{pipeline} is another worker's: compose a pipeline for each call")
        idle_frames = kwargs.get("idle_timeout_frames", IDLE_TIMEOUT_FRAMES)
        kwargs["idle_timeout_frames"] = (*idle_frames, _AtWorkFrame)
        idle_secs = kwargs.get("idle_timeout_secs", IDLE_TIMEOUT_SECS) or 0.0
        observers: list[BaseObserver] = list(kwargs.get("observers") or ())
        tracking = kwargs.setdefault("enable_turn_tracking", kwargs.get("enable_tracing", False))
        quiet = pipeline if isinstance(pipeline, QuietPipeline) else QuietPipeline([pipeline])
        for observer in observers:
            quiet.accept_observer(observer)
        if not observers and not tracking and kwargs.get("enable_rtvi") is False:
            # A hundredth: of Pipecat's five minutes, three seconds.
            quiet.observe_only(kwargs["idle_timeout_frames"], every_secs=idle_secs / 100)
        if latency:
            observers.append(latency)
        super().__init__(quiet, **{**kwargs, "observers": observers})
        self.latency = latency
        self.interruption = interruption
        self._quiet = quiet
        self._idle_secs = idle_secs
        self._end_deadline_secs = end_deadline_secs
        self._cancel_deadline_secs = cancel_deadline_secs
        self._cleanup_deadline_secs = cleanup_deadline_secs
        self._deadlines: set[asyncio.TimerHandle] = set()
        self._patience: asyncio.TimerHandle | None = None
        self._overdue = asyncio.Event()
        self.stuck: Sequence[str] = ()
        self.flow: FlowManager | None = None

    @property
    def turns(self) -> TurnSnapshot | None:
        """Who has the turn, and how often it changed hands; None if no `Interruption` tells."""
        return self.interruption.strategy.snapshot if self.interruption else None

    async def run(self, params: WorkerParams) -> None:
        """Run the call until it has ended, at the latest when its deadlines have passed.

        What is logged meanwhile, or by what it started, is a call's.

        Args:
            params: Pipecat's; the task manager is one that waits for no task for ever.
        """
        scope = CallScope()
        scope.begin()
        tasks = PatientTaskManager()
        run = asyncio.create_task(super().run(replace(params, task_manager=tasks)))
        overdue = asyncio.create_task(self._overdue.wait())
        self._be_patient_with_tools()
        try:
            await asyncio.wait((run, overdue), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            run.cancel()
            await asyncio.wait((run, overdue), return_when=asyncio.FIRST_COMPLETED)
            raise
        finally:
            overdue.cancel()
            self.stuck = await let_go(self, run, tasks)
            self._forget_deadlines()
            scope.end()
        if run.done() and not run.cancelled():
            run.result()

    def add_observer(self, observer: BaseObserver) -> None:
        """Add an observer.

        Args:
            observer: Told of the microphone's frames only if it was added before the call began.
        """
        self._quiet.accept_observer(observer)
        super().add_observer(observer)

    async def queue_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Queue a frame; one that ends the call starts its deadline.

        Args:
            frame: The frame to push through the pipeline.
            direction: Where to; upstream frames enter at the end of the pipeline.
        """
        await super().queue_frame(frame, direction)
        if isinstance(frame, EndFrame | StopFrame):
            self._start_deadline(frame, self._end_deadline_secs)
        elif isinstance(frame, CancelFrame):
            self._start_deadline(frame, self._cancel_deadline_secs)

    async def cleanup(self) -> None:
        """Release the deadlines along with everything else, within one of its own."""
        self._forget_deadlines()
        self._give_up_after(self._cleanup_deadline_secs)
        await super().cleanup()

    def _forget_deadlines(self) -> None:
        for deadline in self._deadlines:
            deadline.cancel()
        self._deadlines.clear()
        if self._patience:
            self._patience.cancel()

    def _be_patient_with_tools(self) -> None:
        """While a tool works the call is not idle, which Pipecat tells by what is said alone."""
        if not self._idle_secs:
            return
        if any(each.has_function_calls_in_progress for each in _assistants(self._quiet)):
            self.create_task(self.queue_frame(_AtWorkFrame()))
        self._patience = asyncio.get_running_loop().call_later(
            self._idle_secs / 4, self._be_patient_with_tools
        )

    def _start_deadline(self, frame: Frame, secs: float) -> None:
        self._deadlines.add(
            asyncio.get_running_loop().call_later(
                secs, lambda: self.create_task(self._end_without(frame, secs))
            )
        )

    def _give_up_after(self, secs: float) -> None:
        self._deadlines.add(asyncio.get_running_loop().call_later(secs, self._overdue.set))

    async def _end_without(self, frame: Frame, secs: float) -> None:
        if self.has_finished():
            return
        logger.warning(f"{self}: {frame} did not get through within {secs:g} s; ending without it")
        # Should that not even bring the cleanup about.
        self._give_up_after(self._cleanup_deadline_secs)
        await self._call_event_handler("on_pipeline_timeout", frame)
        await self._quiet.push_frame(frame)


def _assistants(processor: FrameProcessor) -> Iterator[LLMAssistantAggregator]:
    for part in processor.processors:
        if isinstance(part, LLMAssistantAggregator):
            yield part
        yield from _assistants(part)
