"""The calls of one process: each runs on its own, has an end, and cannot touch another."""

import asyncio
import time
import weakref
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.transports.base_transport import BaseTransport
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from antiphon.core.frames import UNASKED_TEXT
from antiphon.pipeline.error_fields import why
from antiphon.pipeline.providers.kinds import UnusableService
from antiphon.pipeline.server.access.tokens import Tokens
from antiphon.pipeline.server.choosing import Agent, Agents, IncomingCall
from antiphon.pipeline.server.metrics import CallMetrics
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState
from antiphon.pipeline.server.state.stores import open_state
from antiphon.pipeline.silence import IdleGoodbye
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.latency import (
    ConversationMeasures,
    LatencyObserver,
    TurnLatency,
    turn_record,
)

if TYPE_CHECKING:
    from antiphon.pipeline.server.doors.call_control import CallControl

__all__ = ["Call", "Calls", "current_call"]

# After its goodbye a call gets this long to end by itself.
GOODBYE_SECS = 30.0


@dataclass(kw_only=True)
class Call:
    """One call, as the agent's tools see it through `current_call`.

    Parameters:
        id: The provider's id of the call.
        transport_kind: The name of its transport.
        worker: Runs it.
        parameters: What the start of the call carried along, by name.
        base_url: The public address of the app, where the transport needs to know it.
        control: Transfers and holds the call, where the provider can.
    """

    id: str
    transport_kind: str
    worker: CallWorker
    parameters: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""
    control: "CallControl | None" = None
    _is_ending: bool = field(default=False, init=False, repr=False)

    async def end(self, goodbye: str | None = None, *, unasked: bool = False) -> None:
        """End the call once everything that is still to be said has been; once is enough.

        Args:
            goodbye: What is said before.
            unasked: Whether that answers nothing that the caller has said.
        """
        if self._is_ending:
            return
        self._is_ending = True
        if goodbye:
            text_type = UNASKED_TEXT if unasked else TextType.SENTENCE
            await self.worker.queue_frame(TTSSpeakFrame(goodbye, text_type=text_type))
        await self.worker.queue_frame(EndFrame())


# A task that nothing stops keeps the context that it was made in, and is to keep no call with it.
_current_call: ContextVar[weakref.ref[Call]] = ContextVar("antiphon_call")


def current_call() -> Call:
    """Tell which call the running code belongs to; for tools and event handlers.

    Returns:
        The call.

    Raises:
        LookupError: If there is none.
    """
    call = _current_call.get(lambda: None)()
    if call is None:
        raise LookupError("no call is running here: current_call() is for an agent's tools")
    return call


class Calls:
    """Runs calls and knows how many there are.

    Parameters:
        active: How many.
    """

    def __init__(
        self,
        agents: Agents,
        settings: ServerSettings,
        metrics: CallMetrics,
        state: SharedState | None = None,
    ) -> None:
        """Create the calls, none yet.

        Args:
            agents: Say which agent answers a call.
            settings: The limits.
            metrics: Where they are counted.
            state: Who is let in; by default as the settings say.
        """
        self.settings = settings
        self.metrics = metrics
        secret = settings.secret.get_secret_value().encode() if settings.secret else None
        self.state: SharedState = state or open_state(settings)
        self.tokens = Tokens(secret=secret, use=self.state.use)
        self.active = 0
        self._agents = agents
        self._running: list[Call] = []
        self._empty = asyncio.Event()
        self._empty.set()
        metrics.capacity.set(settings.capacity)

    def find(self, call_id: str) -> Call | None:
        """Find a call that is running here.

        Args:
            call_id: The provider's id.

        Returns:
            The call, or None.
        """
        return next((call for call in self._running if call.id == call_id), None)

    async def run(
        self,
        transport: BaseTransport,
        *,
        key: str,
        call_id: str,
        transport_kind: str,
        parameters: Mapping[str, str] | None = None,
        base_url: str = "",
        context: Mapping[str, Any] | None = None,
        control: "CallControl | None" = None,
        outbound: bool = False,
    ) -> Exception | None:
        """Run one call until it ends; whatever goes wrong in it stays in it.

        Args:
            transport: Where the caller is.
            key: By which its place was promised.
            call_id: The provider's id, for logs.
            transport_kind: The name of the transport.
            parameters: What the start of the call carried along.
            base_url: The public address of the app.
            context: What was kept of an earlier part of the call.
            control: Transfers and holds the call.
            outbound: Whether the agent made the call.

        Returns:
            What went wrong, if anything did.
        """
        told = dict(parameters or {})
        incoming = IncomingCall(
            id=call_id,
            door=transport_kind,
            caller=told.get("from"),
            called=told.get("to"),
            outbound=outbound,
            parameters=told,
            context=context or {},
        )
        active = self.metrics.active.labels(transport_kind)
        started_at = time.monotonic()
        outcome = "failed"
        failure: Exception | None = None
        self.state.enter(key)
        self.active += 1
        self._empty.clear()
        active.inc()
        try:
            with logger.contextualize(call_id=call_id, transport=transport_kind):
                logger.info("call started")
                try:
                    call = Call(
                        id=call_id,
                        transport_kind=transport_kind,
                        worker=await self._worker(transport, incoming),
                        parameters=told,
                        base_url=base_url,
                        control=control,
                    )
                    await self._run_call(call)
                    outcome = "ended"
                except UnusableService as error:
                    failure = error
                    logger.error(f"call failed: {error}")
                except Exception as error:
                    failure = error
                    # Its text may quote speech, so only its type is told.
                    logger.error(f"call failed: {type(error).__name__}")
                # A number in the text could be taken for a caller's and redacted.
                seconds = round(time.monotonic() - started_at, 1)
                logger.bind(seconds=seconds).info(f"call {outcome}")
        finally:
            self.state.leave()
            self.active -= 1
            active.dec()
            self.metrics.ended.labels(transport_kind, outcome).inc()
            self.metrics.seconds.observe(time.monotonic() - started_at)
            for reason, count in getattr(transport, "dropped", {}).items():
                self.metrics.dropped.labels(reason).inc(count)
            if not self.active:
                self._empty.set()
        return failure

    async def kept(self, key: str) -> dict[str, Any]:
        """Find what was kept for a call before it began.

        Args:
            key: By which it was kept; empty if nothing was.
        """
        return (await self.state.find(key) if key else None) or {}

    async def warm_up(self) -> None:
        """Let the agent load what the first call would otherwise wait for, if it can."""
        if warm_up := getattr(self._agents.default, "warm_up", None):
            await warm_up()

    async def drain(self, limit_secs: float) -> None:
        """Let nobody in any more, and return when the last call has ended.

        Args:
            limit_secs: Seconds after which the calls that go on are said goodbye to.
        """
        self.state.close()
        self.metrics.draining.set(1)
        logger.info(f"draining: {self.active} call(s), {limit_secs:g} s at most")
        if await self._emptied(limit_secs):
            return
        calls = list(self._running)
        logger.warning(f"drain limit reached: saying goodbye to {len(calls)} call(s)")
        await asyncio.gather(*(call.end(self.settings.goodbye, unasked=True) for call in calls))
        if not await self._emptied(GOODBYE_SECS):
            await self.cancel()

    async def cancel_call(self, call_id: str, reason: str) -> None:
        """End a call now, wherever it runs; if it is over, nothing happens.

        Args:
            call_id: The provider's id.
            reason: Why, for the log.
        """
        if call := self.find(call_id):
            await call.worker.cancel(reason=reason)
        else:
            self.state.cancel(call_id, reason)

    async def cancel(self) -> None:
        """End every call now."""
        calls = list(self._running)
        await asyncio.gather(*(call.worker.cancel() for call in calls))

    async def _run_call(self, call: Call) -> None:
        token = _current_call.set(weakref.ref(call))
        limit = asyncio.create_task(self._end_after(call, self.settings.max_call_secs))
        self._running.append(call)
        try:
            runner = WorkerRunner(handle_sigint=False)
            await runner.add_workers(call.worker)

            goodbye = IdleGoodbye(call.worker)

            async def say_goodbye(*_: Any) -> None:
                if await goodbye.say(self.settings.goodbye):
                    logger.info("nobody says anything: ending the call")
                    await current_call().end()

            call.worker.add_event_handler("on_idle_timeout", say_goodbye)
            if call.worker.latency:
                _log_latency(call.worker.latency)
            await runner.run()
        finally:
            limit.cancel()
            self.metrics.stuck.inc(len(call.worker.stuck))
            self._running.remove(call)
            _current_call.reset(token)

    async def _end_after(self, call: Call, secs: float) -> None:
        await asyncio.sleep(secs)
        logger.info(f"call has lasted {secs:g} s: ending it")
        await call.end(self.settings.goodbye, unasked=True)

    async def _worker(self, transport: BaseTransport, call: IncomingCall) -> CallWorker:
        agent = await self._agents.choose(call)
        try:
            return self._worker_of(agent, transport, call)
        except Exception as error:
            if agent is self._agents.default:
                raise
            told = f"no agent of its own for this call, the default answers: {why(error)}"
            logger.error(told)
        return self._worker_of(self._agents.default, transport, call)

    def _worker_of(self, agent: Agent, transport: BaseTransport, call: IncomingCall) -> CallWorker:
        return agent.worker(
            transport,
            conversation_id=call.id,
            # An agent that makes no calls need not know the word.
            **({"outbound": True} if call.outbound else {}),
            idle_timeout_secs=self.settings.idle_secs,
            cancel_on_idle_timeout=False,
            end_deadline_secs=GOODBYE_SECS,
        )

    async def _emptied(self, secs: float) -> bool:
        try:
            async with asyncio.timeout(secs):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True


def _log_latency(latency: LatencyObserver) -> None:
    """Log a line a turn, and one at the end; none has a word of what was said."""

    async def turn(_: LatencyObserver, turn: TurnLatency) -> None:
        record = turn_record(turn, call_id=latency.call_id)
        logger.bind(turn_id=turn.number, latency=record).info("turn")

    async def ended(_: LatencyObserver, measures: ConversationMeasures) -> None:
        logger.bind(measures=measures.to_dict()).info("conversation")

    latency.add_event_handler("on_turn", turn)
    latency.add_event_handler("on_call_ended", ended)
