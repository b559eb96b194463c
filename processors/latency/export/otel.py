"""Latency as OpenTelemetry metrics and spans: one trace a call, one span a turn, no speech.

Needs an extra: `pip install 'antiphon[otel]'`.
"""

import time
from collections.abc import Callable, Mapping

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, Status, StatusCode, TracerProvider

from antiphon.processors.latency.core.budgets import Breach
from antiphon.processors.latency.core.conversation import ConversationMeasures
from antiphon.processors.latency.core.stats import TTFA
from antiphon.processors.latency.core.turn import BargeIn, TurnKind
from antiphon.processors.latency.core.turn_latency import Stage, TurnLatency
from antiphon.processors.latency.core.watchdogs import Stall
from antiphon.processors.latency.observer import LatencyObserver

__all__ = ["LatencyTelemetry"]

_SCOPE = "antiphon.latency"

_OF_A_MODEL = ("llm_inference", "speech_to_speech")

Attributes = Mapping[str, str | int | float | bool]


class LatencyTelemetry:
    """Sends what observers tell to OpenTelemetry.

    One object serves all calls of a process: `LatencyTelemetry().attach(observer)` for each.
    Names follow the GenAI semantic conventions where there are any.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """Create the instruments.

        Args:
            tracer_provider: Where spans go; by default the global provider.
            meter_provider: Where metrics go; by default the global provider.
        """
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_SCOPE, meter_provider=meter_provider)
        self._latency = meter.create_histogram(
            "antiphon.latency", unit="s", description="Where the time of the caller's wait went"
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk", unit="s"
        )
        self._turns = meter.create_counter("antiphon.turns", unit="{turn}")
        self._barge_ins = meter.create_counter("antiphon.barge_ins", unit="{barge_in}")
        self._stalls = meter.create_counter("antiphon.stalls", unit="{stall}")
        self._breaches = meter.create_counter("antiphon.budget.breaches", unit="{breach}")

    def attach(self, observer: LatencyObserver) -> None:
        """Follow one call, from now to its end."""
        call = self._tracer.start_span("call", context=Context())
        call.set_attribute("gen_ai.conversation.id", observer.call_id)
        inside = trace.set_span_in_context(call, Context())

        def on_turn(_: LatencyObserver, turn: TurnLatency) -> None:
            self._record(turn)
            self._trace(observer, turn, inside)

        def on_barge_in(_: LatencyObserver, barge_in: BargeIn) -> None:
            labels = {"antiphon.transport": observer.transport}
            self._barge_ins.add(1, labels)
            secs = barge_in.total_secs
            if secs is not None:
                self._latency.record(secs, {**labels, "antiphon.stage": "barge_in"})
                call.add_event("barge_in", {"antiphon.barge_in.duration": secs})

        def on_breach(_: LatencyObserver, breach: Breach) -> None:
            self._breaches.add(
                1, {"antiphon.budget": breach.budget, "antiphon.stage": breach.blame}
            )

        def on_stall(_: LatencyObserver, stall: Stall) -> None:
            self._stalls.add(1, {"antiphon.stall": str(stall.kind)})
            call.add_event(
                "stall",
                {
                    "antiphon.stall": str(stall.kind),
                    "antiphon.processor": stall.service,
                    "antiphon.elapsed": stall.elapsed_secs,
                },
            )

        def on_call_ended(_: LatencyObserver, measures: ConversationMeasures) -> None:
            call.set_attributes(
                {
                    "antiphon.transport": observer.transport,
                    "antiphon.turns": measures.turns,
                    "antiphon.barge_ins": measures.barge_ins,
                    "antiphon.dead_air": measures.dead_air_secs,
                }
            )
            call.end()

        observer.add_event_handler("on_turn", on_turn)
        observer.add_event_handler("on_barge_in", on_barge_in)
        observer.add_event_handler("on_breach", on_breach)
        observer.add_event_handler("on_stall", on_stall)
        observer.add_event_handler("on_call_ended", on_call_ended)

    def _record(self, turn: TurnLatency) -> None:
        self._turns.add(1, {"antiphon.turn.kind": str(turn.kind)})
        if not turn.counts or turn.total_secs is None:
            return
        transport = {"antiphon.transport": turn.transport}
        self._latency.record(turn.total_secs, {**transport, "antiphon.stage": TTFA})
        for stage in turn.stages:
            self._latency.record(
                stage.secs, {**transport, **_service(stage), "antiphon.stage": stage.name}
            )
            if stage.name in _OF_A_MODEL:
                self._first_chunk.record(stage.secs, _service(stage))

    def _trace(self, observer: LatencyObserver, turn: TurnLatency, inside: Context) -> None:
        if turn.started_at is None:
            return
        # Spans are placed on the wall clock, by how long ago they were.
        silent_ns = time.time_ns() - round((observer.now() - turn.started_at) * 1e9)

        def at(secs: float) -> int:
            return silent_ns + round(secs * 1e9)

        attributes: dict[str, str | int | float | bool] = {
            "antiphon.turn.number": turn.number,
            "antiphon.turn.kind": str(turn.kind),
            "antiphon.transport": turn.transport,
        }
        if turn.node:
            attributes["antiphon.node"] = turn.node
        if turn.total_secs is not None:
            attributes["antiphon.ttfa"] = turn.total_secs
        span = self._tracer.start_span(
            "turn", context=inside, start_time=at(0.0), attributes=attributes
        )
        children = trace.set_span_in_context(span, Context())
        for stage in turn.stages:
            self._tracer.start_span(
                _name(stage),
                context=children,
                start_time=at(stage.start_secs),
                attributes=_attributes(stage),
            ).end(end_time=at(stage.start_secs + stage.secs))
        _close(span, turn, at)


def _close(span: Span, turn: TurnLatency, at: Callable[[float], int]) -> None:
    if turn.kind in (TurnKind.EMPTY, TurnKind.UNANSWERED):
        span.set_status(Status(StatusCode.ERROR, str(turn.kind)))
    last = max(turn.marks.values(), default=0.0)
    span.end(end_time=at(turn.total_secs if turn.total_secs is not None else max(0.0, last)))


def _name(stage: Stage) -> str:
    match stage.name:
        case "llm_inference" | "speech_to_speech":
            return f"chat {stage.model}".rstrip()
        case "function_handler":
            return f"execute_tool {stage.owner}".rstrip()
        case _:
            return stage.name


def _attributes(stage: Stage) -> Attributes:
    attributes: dict[str, str | int | float | bool] = {
        "antiphon.stage": stage.name,
        "antiphon.processor": stage.owner,
        **_service(stage),
    }
    if stage.name == "function_handler":
        attributes["gen_ai.operation.name"] = "execute_tool"
        attributes["gen_ai.tool.name"] = stage.owner
    return attributes


def _service(stage: Stage) -> dict[str, str]:
    labels = {}
    if stage.name in _OF_A_MODEL:
        labels["gen_ai.operation.name"] = "chat"
    if stage.provider:
        labels["gen_ai.provider.name"] = stage.provider
    if stage.model:
        labels["gen_ai.request.model"] = stage.model
    return labels
