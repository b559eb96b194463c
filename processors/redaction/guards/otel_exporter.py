"""Guard for OpenTelemetry: an exporter that redacts what spans say before it leaves.

Pipecat 1.14 writes transcripts, LLM input and output, tools and TTS text into span attributes
inside the services, with no hook; wrap the exporter given to `setup_tracing`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link
from opentelemetry.trace.status import Status

from antiphon.processors.redaction.core.scrubbing import scrub, scrub_value

__all__ = ["RedactingSpanExporter"]

# Attributes that name things rather than quote people. Their values are looked at too: what does
# not look like a name is scrubbed as all the rest.
NAMED = frozenset(
    {
        "conversation.type",
        "deployment.environment",
        "exception.escaped",
        "exception.type",
        "function_calls.first_name",
        "gen_ai.operation.name",
        "gen_ai.output.type",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
        "gen_ai.system",
        "language",
        "modalities",
        "output_modality",
        "service.name",
        "service.operation",
        "settings.language",
        "settings.model",
        "settings.voice",
        "telemetry.sdk.language",
        "telemetry.sdk.name",
        "tool.function_name",
        "tool.result_status",
        "tool_choice",
        "turn.type",
        "voice_id",
    }
)
IDENTIFIED = frozenset(
    {"conversation.id", "service.instance.id", "settings.voice", "tool.call_id", "voice_id"}
)
VERSIONS = frozenset({"service.version", "telemetry.sdk.version"})
# Numbers that count or measure; any other is looked at as the value of a field of its name.
COUNTED = re.compile(
    r"gen_ai\.usage\.[a-z_.]+|gen_ai\.request\.(?:max_tokens|max_completion_tokens|seed|top_k)"
    r"|metrics\.[a-z_]+|turn\.number|turn\.[a-z_]+_seconds|tool_count|tools\.count"
    r"|tool\.calls_count|function_calls\.count|audio\.data_size_bytes"
    r"|settings\.(?:max_tokens|max_completion_tokens|sample_rate)|process\.pid"
)
MOST_COUNTED = 10**9
NAME = re.compile(r"[A-Za-z][\w.:/-]{0,63}")
ID = re.compile(
    r"(?:[A-Za-z]{1,12}[-_])?(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})"
    r"|[A-Z]{2}[0-9a-f]{32}",
    re.IGNORECASE,
)
VERSION = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,3}(?:[a-z.+-]{1,5}\d{0,3})?")
# A model's name may end in a date; a telephone number has more digits in a row.
MOST_DIGITS, MOST_DIGITS_IN_A_ROW = 10, 8
DIGITS = re.compile(r"\d+")
# The names of spans and events that Pipecat gives, and what looks like them.
PLAIN = re.compile(r"[A-Za-z][A-Za-z_.]{0,63}")
PLACE = re.compile(r'  File "[^"\n]{1,400}", line \d{1,6}, in [\w<>.]{1,200}')


class RedactingSpanExporter(SpanExporter):
    """Redacts all that a span says, then exports it.

    That is its name, its attributes, events, links and status, and those of its resource and its
    scope. The names of models, operations and voices and what is counted stay as they are.

    Args:
        exporter: Where the spans go.
        language: The language spoken in the calls.
    """

    def __init__(self, exporter: SpanExporter, *, language: str = "en") -> None:
        self._exporter = exporter
        self._language = language
        # All spans of a provider have one resource.
        self._resource: tuple[Resource, Resource] | None = None

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
            status = Status(status.status_code, self._said(status.description))
        return ReadableSpan(
            name=self._name(span.name),
            context=span.context,
            parent=span.parent,
            resource=self._of(span.resource),
            attributes=self._attributes(span.attributes),
            events=[
                Event(self._name(e.name), self._attributes(e.attributes), e.timestamp)
                for e in span.events
            ],
            links=[Link(link.context, self._attributes(link.attributes)) for link in span.links],
            kind=span.kind,
            status=status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=self._in(span.instrumentation_scope),
        )

    def _of(self, resource: Resource) -> Resource:
        if self._resource is None or self._resource[0] is not resource:
            attributes = self._attributes(resource.attributes)
            self._resource = (resource, Resource(attributes, resource.schema_url))
        return self._resource[1]

    def _in(self, scope: InstrumentationScope | None) -> InstrumentationScope | None:
        if scope is None:
            return None
        version = scope.version and self._value("service.version", scope.version)
        attributes = self._attributes(scope.attributes)
        return InstrumentationScope(self._name(scope.name), version, scope.schema_url, attributes)

    def _attributes(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        attributes = attributes or {}
        message = attributes.get("exception.message")
        result: dict[str, Any] = {}
        for key, value in attributes.items():
            shown = key if PLAIN.fullmatch(key) else scrub(key, self._language)
            if shown in result:
                shown = f"{shown} ({len(result)})"
            if key == "exception.stacktrace":
                result[shown] = self._trace(str(value), str(message or ""))
            else:
                result[shown] = self._value(key, value)
        return result

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, list | tuple):
            # Together they may be one number.
            found = [self._value(key, item) for item in value]
            return found if found != list(value) else scrub_value(list(value), self._language, key)
        if isinstance(value, str):
            return value if _is_a_name(key, value) else self._said(value)
        if isinstance(value, bool) or (COUNTED.fullmatch(key) and -1 <= value < MOST_COUNTED):
            return value
        return scrub_value(value, self._language, key.rsplit(".", 1)[-1])

    def _said(self, text: str) -> str:
        found: str = scrub_value(text, self._language, "text")
        return found

    def _name(self, text: str) -> str:
        return text if PLAIN.fullmatch(text) else self._said(text)

    def _trace(self, text: str, message: str) -> str:
        """A traceback: where is kept, what is said is scrubbed."""
        if message:
            text = text.replace(message, self._said(message))
        lines = text.splitlines()
        return "\n".join(line if PLACE.fullmatch(line) else self._line(line) for line in lines)

    def _line(self, line: str) -> str:
        return scrub(line, self._language, content=not line.startswith(" "))


def _is_a_name(key: str, value: str) -> bool:
    if key in IDENTIFIED and ID.fullmatch(value):
        return True
    if key in VERSIONS:
        return VERSION.fullmatch(value) is not None
    if key not in NAMED and key not in IDENTIFIED:
        return False
    rows = [len(row) for row in DIGITS.findall(value)]
    few = sum(rows) <= MOST_DIGITS and max(rows, default=0) <= MOST_DIGITS_IN_A_ROW
    return few and NAME.fullmatch(value) is not None
