"""A pipeline worker that always ends.

Pipecat 1.14 waits without limit for an EndFrame to travel through the pipeline, and a CancelFrame
waits behind it: one processor that loses or holds the EndFrame keeps the call open for good.
"""

import asyncio
from typing import Any

from antiphon.pipeline.road import QuietPipeline
from antiphon.processors.latency.observer import LatencyObserver
from antiphon.processors.redaction.call_scope import CallScope
from loguru import logger
from pipecat.frames.frames import (
    BotSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserSpeakingFrame,
    UserStartedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import IDLE_TIMEOUT_SECS, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection
from pipecat.workers.base_worker import WorkerParams

__all__ = ["CallWorker"]

# Pipecat's own choice.
IDLE_TIMEOUT_FRAMES = (
    BotSpeakingFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserSpeakingFrame,
    UserStartedSpeakingFrame,
)


class CallWorker(PipelineWorker):
    """A `PipelineWorker` with a deadline for ending and one for being cancelled.

    When the deadline passes, the worker hands itself the frame that was lost, calls
    `on_pipeline_timeout`, and shuts down as if that frame had arrived.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        end_deadline_secs: float = 30.0,
        cancel_deadline_secs: float = 5.0,
        latency: LatencyObserver | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the worker.

        Args:
            pipeline: The pipeline to run.
            end_deadline_secs: Seconds from an EndFrame being queued until the worker ends
                without it. Longer than the longest goodbye that should still be heard.
            cancel_deadline_secs: The same for a CancelFrame.
            latency: Observes the call besides the other observers; kept as `latency`.
            **kwargs: Passed to `PipelineWorker`, of whose observers the one that tracks turns is
                left out, unless tracing needs it or `enable_turn_tracking` asks for it.

        Raises:
            ValueError: If another worker has the pipeline.
        """
        if pipeline.next or pipeline.previous:
            raise ValueError(f"{pipeline} is another worker's: compose a pipeline for each call")
        observers: list[BaseObserver] = list(kwargs.get("observers") or ())
        tracking = kwargs.setdefault("enable_turn_tracking", kwargs.get("enable_tracing", False))
        quiet = pipeline if isinstance(pipeline, QuietPipeline) else QuietPipeline([pipeline])
        for observer in observers:
            quiet.admit(observer)
        if not observers and not tracking and kwargs.get("enable_rtvi") is False:
            # A hundredth: of Pipecat's five minutes, three seconds.
            quiet.tell_only(
                kwargs.setdefault("idle_timeout_frames", IDLE_TIMEOUT_FRAMES),
                every_secs=(kwargs.get("idle_timeout_secs", IDLE_TIMEOUT_SECS) or 0.0) / 100,
            )
        if latency:
            observers.append(latency)
        super().__init__(quiet, **{**kwargs, "observers": observers})
        self.latency = latency
        self._quiet = quiet
        self._end_deadline_secs = end_deadline_secs
        self._cancel_deadline_secs = cancel_deadline_secs
        self._deadlines: set[asyncio.TimerHandle] = set()

    async def run(self, params: WorkerParams) -> None:
        """Run the call; what is logged meanwhile, or by what it started, is a call's.

        Args:
            params: As `WorkerRunner` gives them.
        """
        scope = CallScope()
        scope.begin()
        try:
            await super().run(params)
        finally:
            scope.end()

    def add_observer(self, observer: BaseObserver) -> None:
        """Add an observer.

        Args:
            observer: Told of the microphone's frames only if it was added before the call began.
        """
        self._quiet.admit(observer)
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
        if isinstance(frame, EndFrame):
            self._start_deadline(frame, self._end_deadline_secs)
        elif isinstance(frame, CancelFrame):
            self._start_deadline(frame, self._cancel_deadline_secs)

    async def cleanup(self) -> None:
        """Release the deadlines along with everything else."""
        for deadline in self._deadlines:
            deadline.cancel()
        await super().cleanup()

    def _start_deadline(self, frame: Frame, secs: float) -> None:
        self._deadlines.add(
            asyncio.get_running_loop().call_later(
                secs, lambda: self.create_task(self._end_without(frame, secs))
            )
        )

    async def _end_without(self, frame: Frame, secs: float) -> None:
        if self.has_finished():
            return
        logger.warning(f"{self}: {frame} did not get through within {secs:g} s; ending without it")
        await self._call_event_handler("on_pipeline_timeout", frame)
        await self._quiet.push_frame(frame)
