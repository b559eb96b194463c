"""PII redaction, spoken and written, on every way out of a call.

The core (`Redactor`, `StreamRedactor`, `Policy`, `Vault`) needs no Pipecat; the processors are
loaded when first asked for, so that the core starts in milliseconds.
"""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.processors.redaction.collector import RedactionCollector
    from antiphon.processors.redaction.core.policy import Policy
    from antiphon.processors.redaction.core.redactor import Redactor
    from antiphon.processors.redaction.core.scrubbing import scrub, scrub_value
    from antiphon.processors.redaction.core.stream import StreamRedactor
    from antiphon.processors.redaction.core.vault import Vault
    from antiphon.processors.redaction.frames import (
        PIIExpectFrame,
        PIIMetricsData,
        PIIRedactedFrame,
    )
    from antiphon.processors.redaction.guards.logs import RedactingFilter, guard_logs
    from antiphon.processors.redaction.guards.otel_exporter import RedactingSpanExporter
    from antiphon.processors.redaction.guards.rtvi import RedactingRTVIProcessor
    from antiphon.processors.redaction.presidio import PresidioBackend
    from antiphon.processors.redaction.recording.redacting_recorder import RedactingRecorder
    from antiphon.processors.redaction.redactor import PIIRedactor

__all__ = [
    "PIIExpectFrame",
    "PIIMetricsData",
    "PIIRedactedFrame",
    "PIIRedactor",
    "Policy",
    "PresidioBackend",
    "RedactingFilter",
    "RedactingRTVIProcessor",
    "RedactingRecorder",
    "RedactingSpanExporter",
    "RedactionCollector",
    "Redactor",
    "StreamRedactor",
    "Vault",
    "guard_logs",
    "scrub",
    "scrub_value",
]

# On first use: the core starts in milliseconds, without Pipecat.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "collector": "RedactionCollector",
        "core.policy": "Policy",
        "core.redactor": "Redactor",
        "core.scrubbing": "scrub scrub_value",
        "core.stream": "StreamRedactor",
        "core.vault": "Vault",
        "frames": "PIIExpectFrame PIIMetricsData PIIRedactedFrame",
        "guards.logs": "RedactingFilter guard_logs",
        "guards.otel_exporter": "RedactingSpanExporter",
        "guards.rtvi": "RedactingRTVIProcessor",
        "presidio": "PresidioBackend",
        "recording.redacting_recorder": "RedactingRecorder",
        "redactor": "PIIRedactor",
    },
)
