"""`LatencyObserver`: a whole pipeline's latency, with nothing inserted into it."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import Frame, InterruptionFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed, ProcessorSetUp
from pipecat.processors.frame_processor import FrameProcessorSetup

from antiphon.processors.latency.core.budgets import Breach, Budgets
from antiphon.processors.latency.core.conversation import ConversationMeasures
from antiphon.processors.latency.core.moments import Mark, Moment
from antiphon.processors.latency.core.prices import Prices
from antiphon.processors.latency.core.stages import measure
from antiphon.processors.latency.core.stats import PROCESS, Count, LatencyStats
from antiphon.processors.latency.core.turn import BargeIn, Turn, TurnKind
from antiphon.processors.latency.core.turn_latency import TurnLatency
from antiphon.processors.latency.core.watchdogs import Stall, StallKind, WatchdogLimits
from antiphon.processors.latency.frame_events import FrameEvents
from antiphon.processors.latency.loop_lag import LoopLag
from antiphon.processors.latency.push_tap import PushTap

if TYPE_CHECKING:
    from pipecat.pipeline.worker import PipelineWorker

__all__ = ["CALLS", "LatencyObserver"]

CALLS: "set[LatencyObserver]" = set()
"""The observers of the calls that are going on; each enters and leaves by itself."""

KEPT_TURNS = 1000
"""Turns kept for a report; of a longer call, the last."""

KEPT_STAMPS = 256
"""Stamps of probes kept until the turn that they belong to is over."""

# Ended by an interruption of the service itself, which frees it without asking the caller.
_ENDABLE = frozenset(
    {
        StallKind.NO_FIRST_TOKEN,
        StallKind.TOKENS_STALLED,
        StallKind.NO_SPEECH,
        StallKind.SPEECH_UNFINISHED,
    }
)


class LatencyObserver(BaseObserver):
    """Takes each wait of a call apart, and watches over what the services owe.

    Given to a worker as one of its `observers`. Needs nothing from the pipeline; with
    `enable_metrics=True`, tokens and tools are told apart more finely, and cost is known.

    Once the pipeline has started it leaves the worker's list of observers for the place before
    it, where it costs a fraction of what Pipecat's queue for an observer does.

    Event handlers available:

    - on_answer(observer, turn): a `TurnLatency`, as soon as the answer has begun; what comes
      later, such as its being heard, is in that of `on_turn` alone
    - on_turn(observer, turn): a `TurnLatency`, when the agent has finished speaking or the
      caller has gone on
    - on_barge_in(observer, barge_in): a `BargeIn`, when the agent has fallen silent
    - on_breach(observer, breach): a `Breach` of a budget
    - on_stall(observer, stall): a `Stall`, once per thing overdue
    - on_call_ended(observer, measures): the call's `ConversationMeasures`

    Example::

        latency = LatencyObserver()
        worker = PipelineWorker(
            pipeline, params=PipelineParams(enable_metrics=True), observers=[latency]
        )

        @latency.event_handler("on_turn")
        async def on_turn(observer, turn):
            for stage in turn.stages:
                print(f"{stage.secs:6.3f} s  {stage.name}  {stage.owner}")
    """

    observes_microphone = False

    def __init__(
        self,
        *,
        call_id: str = "",
        transport: str = "",
        budgets: Budgets | None = None,
        limits: WatchdogLimits | None = None,
        end_stuck: bool = False,
        prices: Prices | None = None,
        process: LatencyStats = PROCESS,
        **kwargs: Any,
    ) -> None:
        """Create the observer of one call.

        Args:
            call_id: What the call is called in logs and traces; by default the observer's name.
            transport: The kind of transport, such as "twilio"; by default what `create_transport`
                was given, else as the transport's module is named.
            budgets: What a wait may cost.
            limits: When something is overdue.
            end_stuck: Whether a request that is overdue is also ended, once the agent is silent,
                so that the call can go on; else that is for `end` to do.
            prices: The price table; by default the packaged one.
            process: Statistics that this call shares with others.
            **kwargs: Passed to `BaseObserver`.
        """
        super().__init__(observe_every_push=False, **kwargs)
        self.call_id = call_id or self.name
        self.stats = LatencyStats(windows_secs=())
        self.budgets = budgets or Budgets()
        self._transport = transport
        self._limits = limits or WatchdogLimits()
        self._end_stuck = end_stuck
        self._prices = prices or Prices.load()
        self._process = process
        self._call = FrameEvents(self._limits)
        self._turns: deque[TurnLatency] = deque(maxlen=KEPT_TURNS)
        self._numbered = 0
        self._stamps: deque[Mark] = deque(maxlen=KEPT_STAMPS)
        self.nodes = self._call.nodes
        self._to_end: list[Stall] = []
        self._seen_at = self._seen_on_loop = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._lag: LoopLag | None = None
        self._lagged: list[Stall] = []
        self._placed: list[tuple[FrameProcessorSetup, PushTap]] = []
        self._direct = self._ended = False
        self._ending: asyncio.Task[None] | None = None
        self._reporting = asyncio.Lock()
        for event in ("answer", "turn", "barge_in", "breach", "stall", "call_ended"):
            self._register_event_handler(f"on_{event}")

    @property
    def turns(self) -> Sequence[TurnLatency]:
        """The turns so far, oldest first, at most the last 1,000."""
        return tuple(self._turns)

    @property
    def transport(self) -> str:
        """The kind of transport."""
        return self._transport or self._call.transport

    @property
    def waiting(self) -> bool:
        """Whether the caller is waiting for an answer at this moment."""
        return self._call.cores.timeline.waiting

    @property
    def measures(self) -> ConversationMeasures:
        """How the conversation has gone so far, with its cost."""
        cost = self._call.usage.cost(self._prices)
        measures = self._call.cores.conversation.measures(self.now(), cost=cost)
        return replace(measures, prices_as_of=self._prices.as_of)

    def now(self) -> float:
        """Return the present time in seconds of the pipeline's clock."""
        return self._seen_at + (_loop_time() - self._seen_on_loop if self._seen_on_loop else 0.0)

    async def heard(self, at: float | None = None) -> None:
        """Tell that the far end has begun to play the answer, where a transport can know.

        Args:
            at: When, in seconds of the pipeline's clock; by default now.
        """
        await self._see(Moment.HEARD, at)

    async def ducked(self, at: float | None = None) -> None:
        """Tell that the agent was made quieter, to find out what the caller wants.

        Args:
            at: When, in seconds of the pipeline's clock; by default now.
        """
        await self._see(Moment.DUCKED, at)

    def stamp(self, name: str, at: float) -> None:
        """Put what a probe saw on the timeline of the present turn.

        Args:
            name: The probe's name and the kind of frame, such as "redacted.transcript".
            at: When, in seconds of the pipeline's clock.
        """
        self._stamps.append(Mark(moment=Moment.STAMP, at=at, key=name))

    async def end(self, stall: Stall) -> bool:
        """End the request that is stuck, so that the call can go on.

        The service is interrupted where it stands, and everything behind it; the caller's words
        stay in the context.

        Args:
            stall: What `on_stall` brought.

        Returns:
            Whether there was a request to end: a transcript that is missing, for one, holds
            nothing up.
        """
        processor = self._call.processors.get(stall.service)
        if stall.kind not in _ENDABLE or processor is None:
            return False
        logger.warning(f"{self}: ending {stall.kind} at {stall.service}")
        await processor.queue_frame(InterruptionFrame())
        return True

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Add a handler of an event; without one of `on_answer`, no wait is measured twice.

        Args:
            event_name: The event.
            handler: What to call.
        """
        super().add_event_handler(event_name, handler)
        self._call.cores.tells_answers |= event_name == "on_answer"

    async def setup(self, task_manager: Any) -> None:
        """Begin to watch the loop, and be listed among the live calls.

        Raises:
            RuntimeError: If it has observed a call already.
        """
        if self._lag:
            raise RuntimeError(
                "this LatencyObserver has observed a call: make another LatencyObserver for each"
            )
        await super().setup(task_manager)
        CALLS.add(self)
        self._lag = LoopLag.of_running_loop()
        self._lag.watch(self._loop_lagged)

    async def cleanup(self) -> None:
        """Close the last turn, and tell how the call went; not when it only leaves the list."""
        if not self._direct:
            await self._close()
        await super().cleanup()

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        """Learn who is in the pipeline, and step before its observer."""
        self._call.learn(data.processor)
        setup = data.processor.processor_setup
        # A pipeline's processors share one setup, as things are.
        if setup.observer and not any(setup is known for known, _ in self._placed):
            tap = PushTap(setup.observer, wanted=self._call.handlers, take=self._take)
            setup.observer = tap
            self._placed.append((setup, tap))

    async def on_pipeline_started(self) -> None:
        """Leave the worker's list of observers, if pushes come directly."""
        if self._placed and all(tap.used for _, tap in self._placed):
            self._direct = True
            worker = self._placed[0][0].pipeline_worker
            worker.add_event_handler("on_pipeline_finished", self._finished)
            self._ending = asyncio.create_task(self._end_after(worker))
            await worker.remove_observer(self)

    async def on_push_frame(self, data: FramePushed) -> None:
        """Take in a push that has come through the queue."""
        self._take(data)

    async def _end_after(self, worker: "PipelineWorker") -> None:
        # A worker that is cancelled while it starts never says that it has finished.
        await worker.wait()
        await self._close()

    async def _finished(self, worker: "PipelineWorker", frame: Frame) -> None:
        await self._close()
        await super().cleanup()

    async def _close(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._lag:
            self._lag.unwatch(self._loop_lagged)
        CALLS.discard(self)
        await self._see(Moment.CALL_ENDED, None)
        if self._timer:
            self._timer.cancel()
        measures = self.measures
        self._process.add_call(measures)
        await self._call_event_handler("on_call_ended", measures)

    def _take(self, data: FramePushed) -> None:
        # Called in the middle of a push: what takes longer is left to a task.
        if self._call.take(data):
            self._seen_at, self._seen_on_loop = data.timestamp / 1e9, _loop_time()
            call = self._call.cores
            if call.answered or call.done or call.stalls or self._to_end:
                self.create_task(self._report(), "report")
            self._set_timer()

    async def _see(self, moment: Moment, at: float | None) -> None:
        self._call.see(moment, self.now() if at is None else at)
        await self._report()
        self._set_timer()

    async def _report(self) -> None:
        """Tell what the call has brought to light, in order."""
        call = self._call.cores
        async with self._reporting:
            while call.answered:
                answer = self._measure(call.answered.pop(0))
                await self._call_event_handler("on_answer", answer)
            while call.done:
                done = call.done.pop(0)
                await (self._turn(done) if isinstance(done, Turn) else self._barge_in(done))
            while call.stalls:
                await self._stall(call.stalls.pop(0))
            while self._to_end and not call.timeline.speaking:
                await self.end(self._to_end.pop(0))

    def _measure(self, turn: Turn) -> TurnLatency:
        stamps = [stamp for stamp in self._stamps if turn.marks[0].at <= stamp.at <= turn.ended_at]
        return measure(
            replace(turn, marks=(*turn.marks, *stamps)),
            number=self._numbered + 1,
            services=self._call.services,
            transport=self.transport,
            node=self.nodes.at(turn.marks[0].at),
        )

    async def _turn(self, turn: Turn) -> None:
        latency = self._measure(turn)
        self._numbered += 1
        self._turns.append(latency)
        for stats in (self.stats, self._process):
            stats.add_turn(latency, at=time.monotonic())
        if turn.kind is not TurnKind.GREETING:
            self._call.cores.conversation.turn(empty=turn.kind is TurnKind.EMPTY)
        await self._call_event_handler("on_turn", latency)
        await self._breached(self.budgets.check(latency))

    async def _barge_in(self, barge_in: BargeIn) -> None:
        self._call.cores.conversation.barge_in()
        for stats in (self.stats, self._process):
            stats.add_barge_in(barge_in, transport=self.transport, at=time.monotonic())
        await self._call_event_handler("on_barge_in", barge_in)
        await self._breached(self.budgets.check_barge_in(barge_in))

    async def _breached(self, breaches: Sequence[Breach]) -> None:
        for breach in breaches:
            self._count(Count(what="breaches", kind=breach.budget, owner=breach.blame))
            await self._call_event_handler("on_breach", breach)

    async def _stall(self, stall: Stall) -> None:
        self._count(Count(what="stalls", kind=stall.kind, owner=self._who(stall.service)))
        logger.warning(
            f"{self}: {stall.kind} at {stall.service or 'the pipeline'}, {stall.elapsed_secs:.2f} s"
        )
        await self._call_event_handler("on_stall", stall)
        if self._end_stuck and stall.kind in _ENDABLE:
            self._to_end.append(stall)

    def _who(self, service: str) -> str:
        # Processors are numbered; a label of a metric must not be.
        known = self._call.services.get(service)
        return known.provider if known else service.partition("#")[0]

    def _count(self, count: Count) -> None:
        for stats in (self.stats, self._process):
            stats.count(count)

    def _set_timer(self) -> None:
        due = self._call.cores.watchdogs.next_due()
        if due is None or self._ended:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, due - self.now())
        # A timer that fires early only looks, and sets the next one.
        if self._timer is None or self._timer.when() > when + 1e-3:
            if self._timer:
                self._timer.cancel()
            self._timer = loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._ended:
            self.create_task(self._overdue(), "overdue")

    async def _overdue(self) -> None:
        self._call.cores.stalls += self._call.cores.watchdogs.due(self.now())
        await self._report()
        self._set_timer()

    def _loop_lagged(self, lag: float) -> None:
        limit = self._limits.loop_lag
        if limit is not None and lag > limit and not self._ended:
            stall = Stall(kind=StallKind.LOOP_LAG, service="", elapsed_secs=lag, at=self.now())
            self.create_task(self._stall(stall), "loop_lag")


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
