"""Has a generated call, in virtual time, and tells what was seen of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pipecat.frames.frames import Frame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.transports.base_transport import BaseTransport

from antiphon.core.road import flattened
from antiphon.core.wav import Samples
from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.pipeline.server.calls import Calls, current_call
from antiphon.pipeline.server.choosing import Agents
from antiphon.pipeline.server.metrics import CallMetrics
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.latency import LatencyObserver, TurnLatency
from antiphon.processors.latency.core.stats import TTFA
from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.caller import Caller, HangUp, Press, Say
from antiphon.simulation.caller import caller as following
from antiphon.simulation.generated.events import CallEvents, Measured, SpokenLine
from antiphon.simulation.generated.marked_voice import listen
from antiphon.simulation.generated.plan import CallPlan, Line
from antiphon.simulation.generated.ranges import CallRanges
from antiphon.simulation.generated.services import (
    FAREWELL,
    GeneratedLLM,
    GeneratedSTT,
    GeneratedTTS,
    make_tools,
)
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import MemoryTransport

__all__ = ["GOODBYE", "GREETING", "Services", "have_our_call", "play_call", "watch"]

GREETING = "Harbour Supplies, good morning."
GOODBYE = "I have to end this call now, goodbye."
IDLE_SECS = 12.0
"""So soon the agent takes its leave of somebody who says nothing more."""

# Who waits for an answer in vain goes on; not on a whole second, where the timers of services are.
PATIENCE_SECS = 6.3

# Nor does anything that the caller does fall together with a timer that began with the pipeline.
CALLS_AFTER_SECS = 0.007

# A line that sends nothing in silence, as many do; the VAD has heard the silence by then.
SILENCE_SENT_SECS = 0.6

# A call that nothing ends, not even its caller's hanging up, is given up.
LONGEST_LEAVE_SECS = 60.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """What a call is composed of.

    Parameters:
        stt: Speech-to-text.
        llm: The language model.
        tts: Text-to-speech.
        make_tools: Makes its tools, given what ends the call.
    """

    stt: GeneratedSTT
    llm: GeneratedLLM
    tts: GeneratedTTS
    make_tools: Callable[[Callable[[], Awaitable[None]]], list[Any]]


Have = Callable[[CallEvents, Services, BaseTransport], Coroutine[Any, Any, None]]
"""Has a call on a transport, until it is over."""


def play_call(
    plan: CallPlan, *, ranges: CallRanges | None = None, have: Have | None = None
) -> CallEvents:
    """Have a call.

    Args:
        plan: What is to happen.
        ranges: What is ordinary of a service; beyond that, it is out.
        have: The agent's side; by default `VoiceAgent`, as a server runs it.
    """
    return run_virtual(_play(plan, ranges or CallRanges(), have or have_our_call))


async def _play(plan: CallPlan, ranges: CallRanges, have: Have) -> CallEvents:
    events = CallEvents(plan=plan)
    services = Services(
        stt=GeneratedSTT(events, ranges),
        llm=GeneratedLLM(events, ranges),
        tts=GeneratedTTS(events, ranges),
        make_tools=lambda end_call: make_tools(events, ranges, end_call),
    )
    transport = MemoryTransport()
    caller = Caller(
        transport,
        [*map(_step, plan.lines), HangUp(after=plan.hang_up_after, after_secs=plan.hang_up_secs)],
        listeners=[_Listener(events, services.stt)],
        patience_secs=PATIENCE_SECS,
        network=_QuietInSilence(),  # type: ignore[arg-type]
    )
    call = asyncio.create_task(have(events, services, transport))
    await asyncio.sleep(CALLS_AFTER_SECS)
    calling = asyncio.create_task(caller.call())
    loop = asyncio.get_running_loop()
    await asyncio.wait((call, calling), return_when=asyncio.FIRST_COMPLETED)
    if caller.hung_up:
        events.hung_up_secs = loop.time()
    calling.cancel()
    await asyncio.wait((call,), timeout=LONGEST_LEAVE_SECS)
    if call.done():
        events.ended_secs = loop.time()
        if error := call.exception():
            events.failure = f"{type(error).__name__}: {error}"
    call.cancel()
    await asyncio.wait((call, calling))
    events.heard = listen(
        [
            (chunk.at_secs, np.frombuffer(chunk.pcm, "<i2"), chunk.sample_rate_hz)
            for chunk in transport.played
        ]
    )
    return events


async def have_our_call(
    events: CallEvents,
    services: Services,
    transport: BaseTransport,
    *,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Have a call with a composed `VoiceAgent`, as a server runs it.

    Args:
        events: Where what is seen is noted.
        services: What it is composed of.
        transport: Where the caller is.
        settings: More of the agent's, such as `interruption`.
    """

    async def end_call() -> None:
        await current_call().end(FAREWELL)

    agent = VoiceAgent(
        greeting=GREETING if events.plan.greeting else None,
        stt=lambda: services.stt,
        llm=lambda: services.llm,
        tts=lambda: services.tts,
        tools=services.make_tools(end_call),
        **{"turns": TurnSettings(silence_secs=events.plan.silence_secs), **(settings or {})},
    )
    workers: list[CallWorker] = []

    class ByPhone:
        def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
            worker = agent.worker(transport, enable_rtvi=False, **kwargs)
            workers.append(worker)
            watch(worker, events)
            return worker

    idle_secs = IDLE_SECS if events.plan.ending == "idle" else 10 * IDLE_SECS
    server = ServerSettings(idle_secs=idle_secs, goodbye=GOODBYE)
    calls = Calls(Agents(ByPhone()), server, CallMetrics())
    failure = await calls.run(transport, key="call", call_id="call", transport_kind="memory")
    if failure:
        raise failure
    for worker in workers:
        if worker.latency:
            events.in_percentiles = worker.latency.stats.histogram(TTFA).count


def watch(worker: PipelineWorker, events: CallEvents) -> None:
    """Note what happens in a call.

    Args:
        worker: Runs the call.
        events: Where to.
    """

    async def finished(_: PipelineWorker, frame: Frame) -> None:
        events.endings.append(type(frame).__name__)
        events.context = kept(worker)

    async def measured(latency: LatencyObserver, turn: TurnLatency) -> None:
        assert events.measured is not None
        since = asyncio.get_running_loop().time() - latency.now()
        answered = None
        if turn.started_at is not None and turn.total_secs is not None:
            answered = since + turn.started_at + turn.total_secs
        events.measured.append(Measured(kind=str(turn.kind), answered_secs=answered))

    worker.add_event_handler("on_pipeline_finished", finished)
    latency = getattr(worker, "latency", None)
    if isinstance(latency, LatencyObserver):
        events.measured = []
        latency.add_event_handler("on_turn", measured)


def kept(worker: PipelineWorker) -> list[tuple[str, str]]:
    """Return the conversation that a call has kept: role and text of each message.

    Args:
        worker: Of the call.
    """
    user = next(p for p in flattened(worker.pipeline) if isinstance(p, LLMUserAggregator))
    context: LLMContext = user.context
    return [
        (str(message["role"]), str(message.get("content") or ""))
        for message in context.get_messages()
        if isinstance(message, dict)
    ]


class _Listener:
    """Tells the recogniser what the caller begins to say."""

    def __init__(self, events: CallEvents, stt: GeneratedSTT) -> None:
        self._events = events
        self._stt = stt

    def call_started(self, at_secs: float) -> None: ...

    def caller_audio(self, at_secs: float, samples: Samples) -> None: ...

    def call_ended(self, at_secs: float) -> None: ...

    def line_started(self, line: following.SpokenLine) -> None:
        planned = self._events.plan.lines[len(self._events.lines)]
        self._events.lines.append(
            SpokenLine(line=planned, start_secs=line.start_secs, end_secs=line.end_secs)
        )
        self._stt.hear(planned)


class _QuietInSilence:
    """A line that sends no packets once the caller has been silent for a while."""

    def __init__(self) -> None:
        self._silent = 0

    def carry(self, frame: Samples) -> list[Samples]:
        self._silent = 0 if frame.any() else self._silent + 1
        secs = self._silent * len(frame) / SAMPLE_RATE_HZ
        return [frame] if secs <= SILENCE_SENT_SECS else []


def _step(line: Line) -> Say | Press:
    if line.kind == "keys":
        return Press(keys=line.text, after=line.after, after_secs=line.after_secs)
    samples = np.frombuffer(speech_pcm(line.secs), "<i2")
    return Say(text=line.text, after=line.after, after_secs=line.after_secs, audio=samples)
