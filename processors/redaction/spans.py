"""Guard for OpenTelemetry: an exporter that redacts what spans say before it leaves.

Pipecat 1.14 writes transcripts, LLM input and output, tools and TTS text into span attributes
inside the services, with no hook; wrap the exporter given to `setup_tracing`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.processors.redaction.scrubbing import scrub
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace.status import Status

__all__ = ["RedactingSpanExporter"]

# Attributes that name things rather than quote people; all other strings are scrubbed.
NAMES = ("model", "provider", "service", "system", "operation", "type", "kind", "class", "version")
_wrapped: list[bool] = []


def spans_guarded() -> bool:
    """Whether an exporter was wrapped in this process."""
    return bool(_wrapped)


class RedactingSpanExporter(SpanExporter):
    """Redacts attributes, events and status of every span, then exports it.

    Args:
        exporter: Where the spans go.
        language: The language spoken in the calls.
    """

    def __init__(self, exporter: SpanExporter, *, language: str = "en") -> None:
        self._exporter = exporter
        self._language = language
        _wrapped.append(True)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export redacted copies; a span that cannot be redacted is not exported."""
        return self._exporter.export([self._redacted(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the wrapped exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the wrapped exporter."""
        return self._exporter.force_flush(timeout_millis)

    def _redacted(self, span: ReadableSpan) -> ReadableSpan:
        status = span.status
        if status.description:
            status = Status(status.status_code, scrub(status.description, self._language))
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=self._attributes(span.attributes or {}),
            events=[
                Event(e.name, self._attributes(e.attributes or {}), e.timestamp)
                for e in span.events
            ],
            links=span.links,
            kind=span.kind,
            status=status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(key, value) for key, value in attributes.items()}

    def _value(self, key: str, value: Any) -> Any:
        last = key.rsplit(".", 1)[-1]
        if isinstance(value, str):
            return value if last in NAMES else scrub(value, self._language, content=_speech(last))
        if isinstance(value, list | tuple):
            return [self._value(key, item) for item in value]
        return value


def _speech(last: str) -> bool:
    """Whether an attribute quotes what was said, rather than an identifier or a setting."""
    return not last.endswith(("id", "name", "settings", "reason", "language", "stacktrace"))
