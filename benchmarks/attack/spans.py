"""Spans with a card in every place that a span has, as a collector would get them.

Run as a program, it exports them to stdout through the guard.
"""

import json
from collections.abc import AsyncIterator

from rows import CARD, Row, traces
from servers import output_of

__all__ = ["spans"]

KEPT = {"gen_ai.request.model": "gpt-4-0613", "conversation.id": "call-7", "metrics.ttfb": 0.25}
FORMS = {"a string": CARD, "an int": int(CARD), "a float": float(CARD), "a list": [int(CARD)]}
KEYS = ("transcript", "tool.type", "app.version", "tool.name", "x.class", "service.kind")


async def spans(*, quick: bool) -> AsyncIterator[Row]:
    """Export in a process of its own, and search what came out."""
    exported = dict(zip(_places(), json.loads(await output_of("spans.py")), strict=True))
    leaked = [place for place, span in exported.items() if traces(json.dumps(span))]
    kept = exported["nothing personal"]["attributes"]
    yield Row(
        fact="10 spans",
        done=f"a card in {len(exported) - 1} places of spans, through RedactingSpanExporter",
        seen=f"left in {len(leaked)}: {', '.join(leaked[:4])}{' …' if leaked[4:] else ''}; "
        f"{sum(kept.get(k) == v for k, v in KEPT.items())} of {len(KEPT)} ordinary values kept",
        wanted=f"0; {len(KEPT)}",
        ok=not leaked and all(kept.get(k) == v for k, v in KEPT.items()),
    )


def _places() -> list[str]:
    attributes = [f"{key} as {form}" for key in KEYS for form in FORMS]
    others = ("a key", "its name", "an event's name", "an event", "a link")
    return [*attributes, *others, "nothing personal"]


def main() -> None:
    """Make a span for each place."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import Link, SpanContext

    from antiphon.processors.redaction import RedactingSpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(RedactingSpanExporter(exporter)))
    tracer = provider.get_tracer("attack")
    for key in KEYS:
        for value in FORMS.values():
            with tracer.start_as_current_span("stt", attributes={key: value}):
                pass
    with tracer.start_as_current_span("stt", attributes={f"said.{CARD}": True}):
        pass
    with tracer.start_as_current_span(f"tool {CARD}"):
        pass
    with tracer.start_as_current_span("stt") as span:
        span.add_event(f"said {CARD}")
    with tracer.start_as_current_span("stt") as span:
        span.add_event("said", {"type": CARD, "number": int(CARD)})
    link = Link(SpanContext(1, 2, is_remote=False), {"type": CARD, "said": int(CARD)})
    with tracer.start_as_current_span("stt", links=[link]):
        pass
    with tracer.start_as_current_span("llm", attributes=KEPT):
        pass
    print(json.dumps([json.loads(span.to_json()) for span in exporter.get_finished_spans()]))


if __name__ == "__main__":
    main()
