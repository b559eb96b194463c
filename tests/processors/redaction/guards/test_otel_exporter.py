"""Whatever a span says is redacted; what it counts, and the names of things, can be read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, Tracer
from pipecat.utils.tracing.service_attributes import (
    add_llm_span_attributes,
    add_stt_span_attributes,
    add_tts_span_attributes,
)

from antiphon.processors.redaction import RedactingSpanExporter

from ..spans import shown

CARD = "4539 1488 0343 6467"


def exported(write: Callable[[Tracer], None], **resource: Any) -> ReadableSpan:
    """The span that comes out of the guard."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create(resource))
    provider.add_span_processor(SimpleSpanProcessor(RedactingSpanExporter(kept)))
    write(provider.get_tracer("test"))
    (span,) = kept.get_finished_spans()
    return span


def with_attribute(key: str, value: Any) -> Callable[[Tracer], None]:
    def write(tracer: Tracer) -> None:
        with tracer.start_as_current_span("turn") as span:
            span.set_attribute(key, value)

    return write


def named(tracer: Tracer) -> None:
    tracer.start_span(f"call about {CARD}").end()


def with_event(tracer: Tracer) -> None:
    with tracer.start_as_current_span("turn") as span:
        span.add_event(f"heard {CARD}", {"note": CARD})


def with_link(tracer: Tracer) -> None:
    tracer.start_span("turn", links=[Link(SpanContext(1, 2, False), {"why": CARD})]).end()


def failing(tracer: Tracer) -> None:
    def fail() -> None:
        raise ValueError(f"my pin is four five\nand the card {CARD}")

    try:
        with tracer.start_as_current_span("turn"):
            fail()
    except ValueError:
        pass


@pytest.mark.parametrize(
    "write",
    [
        named,
        with_event,
        with_link,
        failing,
        with_attribute(f"card {CARD}", "x"),
        *(
            with_attribute(key, CARD)
            for key in ("caller.type", "x.version", "my.model", "gen_ai.request.model", "user_id")
        ),
        *(
            with_attribute(key, "4539-1488-0343-6467")
            for key in ("gen_ai.request.model", "turn.type", "voice_id", "conversation.id")
        ),
        *(
            with_attribute("card", value)
            for value in (4539148803436467, 4539148803436467.0, [4539, 1488, 343, 6467], [CARD])
        ),
        with_attribute("gen_ai.usage.input_tokens", 4539148803436467),
        with_attribute("input", json.dumps([{"role": "user", "content": CARD}])),
    ],
)
def test_no_part_of_a_span_holds_a_card(write: Callable[[Tracer], None]) -> None:
    span = shown(exported(write))

    for piece in ("4539", "1488", "6467", "four five\\n"):
        assert piece not in span


def test_a_resource_is_redacted_as_well() -> None:
    span = exported(named, caller=CARD, **{"service.name": "harbour"})

    assert "6467" not in shown(span)
    assert span.resource.attributes["service.name"] == "harbour"
    assert str(span.resource.attributes["telemetry.sdk.version"]).count(".") == 2


def test_a_scope_is_redacted_as_well() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(RedactingSpanExporter(kept)))
    for name, attributes in ((f"of {CARD}", {"caller": CARD}), ("pipecat.turn", {"kind": "call"})):
        provider.get_tracer(name, "1.14.0", attributes=attributes).start_span("turn").end()

    card, plain = (span.instrumentation_scope for span in kept.get_finished_spans())
    assert "1488" not in repr(card)
    assert repr(plain) == repr(InstrumentationScope("pipecat.turn", "1.14.0", "", {"kind": "call"}))


def test_an_exception_tells_where_it_was_raised() -> None:
    (event,) = exported(failing).events

    assert event.name == "exception"
    assert event.attributes is not None
    assert event.attributes["exception.type"] == "ValueError"
    assert Path(__file__).name in str(event.attributes["exception.stacktrace"])
    assert ", in fail\n" in str(event.attributes["exception.stacktrace"])


def described(span: Span) -> dict[str, Any]:
    """What Pipecat writes that has no caller's words in it; returned as well."""
    add_stt_span_attributes(span, "DeepgramSTTService", "nova-3-general", language="en-US")
    add_llm_span_attributes(
        span,
        "OpenAILLMService",
        "gpt-4o-2024-08-06",
        tool_count=2,
        tool_choice="auto",
        parameters={"temperature": 0.7, "max_tokens": 4096, "seed": 7},
        ttfb=0.4321,
    )
    add_tts_span_attributes(
        span, "CartesiaTTSService", "sonic-2", "71a7ad14-091c-4e8e-a314-022ece01c121"
    )
    more = {
        "conversation.id": "CA18ad3ab5a668481ce02b83e7395059f0",
        "conversation.type": "voice",
        "gen_ai.usage.input_tokens": 12345,
        "metrics.character_count": 1234,
        "metrics.audio_seconds": 123.5,
        "turn.duration_seconds": 1234.5,
        "turn.number": 123,
        "turn.was_interrupted": True,
        "tool.function_name": "get_order_status",
    }
    for key, value in more.items():
        span.set_attribute(key, value)
    return dict(span.attributes or {})  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["conversation", "turn", "stt", "llm", "tts", "llm_tool_call"])
def test_what_pipecat_names_and_counts_can_be_read(name: str) -> None:
    written: dict[str, Any] = {}

    def write(tracer: Tracer) -> None:
        with tracer.start_as_current_span(name) as span:
            written.update(described(span))

    span = exported(write)

    assert span.name == name
    assert dict(span.attributes or {}) == written
