"""PII redaction, spoken and written, on every way out of a call.

The core (`Redactor`, `StreamRedactor`, `Policy`, `Vault`) needs no Pipecat; the processors are
loaded when first asked for, so that the core starts in milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from antiphon.processors.redaction.core.policy import Policy, Rule, RuleAction
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.stream import StreamRedactor
from antiphon.processors.redaction.core.vault import Vault

if TYPE_CHECKING:
    from antiphon.processors.redaction.core.scrubbing import scrub, scrub_value
    from antiphon.processors.redaction.frames import (
        PIIExpectFrame,
        PIIMetricsData,
        PIIRedactedFrame,
    )
    from antiphon.processors.redaction.guards.logs import RedactingFilter, guard_logs
    from antiphon.processors.redaction.guards.otel_exporter import RedactingSpanExporter
    from antiphon.processors.redaction.guards.rtvi import RedactingRTVIProcessor
    from antiphon.processors.redaction.presidio import PresidioBackend
    from antiphon.processors.redaction.recording.recorder import RedactingRecorder
    from antiphon.processors.redaction.redactor import PIIRedactor
    from antiphon.processors.redaction.restorer import PIIRestorer

__all__ = [
    "PIIExpectFrame",
    "PIIMetricsData",
    "PIIRedactedFrame",
    "PIIRedactor",
    "PIIRestorer",
    "Policy",
    "PresidioBackend",
    "RedactingFilter",
    "RedactingRTVIProcessor",
    "RedactingRecorder",
    "RedactingSpanExporter",
    "Redactor",
    "Rule",
    "RuleAction",
    "StreamRedactor",
    "Vault",
    "guard_logs",
    "scrub",
    "scrub_value",
]

_LATER = {
    "PIIExpectFrame": "frames",
    "PIIMetricsData": "frames",
    "PIIRedactedFrame": "frames",
    "PIIRedactor": "redactor",
    "PIIRestorer": "restorer",
    "PresidioBackend": "presidio",
    "RedactingFilter": "guards.logs",
    "RedactingRTVIProcessor": "guards.rtvi",
    "RedactingRecorder": "recording.recorder",
    "RedactingSpanExporter": "guards.otel_exporter",
    "guard_logs": "guards.logs",
    "scrub": "core.scrubbing",
    "scrub_value": "core.scrubbing",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
