"""PII redaction, spoken and written, on every way out of a call.

The core (`Redactor`, `StreamRedactor`, `Policy`, `Vault`) needs no Pipecat; the processors are
loaded when first asked for, so that the core starts in milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from antiphon.processors.redaction.core import Redactor
from antiphon.processors.redaction.entities import ENTITY_TYPES, Entity, Redaction
from antiphon.processors.redaction.policy import Action, Policy, Rule
from antiphon.processors.redaction.stream import StreamRedactor
from antiphon.processors.redaction.vault import Vault

if TYPE_CHECKING:
    from antiphon.processors.redaction.check import UnguardedError
    from antiphon.processors.redaction.frames import PIIExpectFrame, PIIRedactedFrame
    from antiphon.processors.redaction.logs import RedactingFilter, guard_logs
    from antiphon.processors.redaction.presidio import PresidioBackend
    from antiphon.processors.redaction.recorder import RedactingRecorder
    from antiphon.processors.redaction.redactor import PIIMetricsData, PIIRedactor
    from antiphon.processors.redaction.restorer import PIIRestorer
    from antiphon.processors.redaction.rtvi import RedactingRTVIObserver, RedactingRTVIProcessor
    from antiphon.processors.redaction.scrubbing import scrub, scrub_value
    from antiphon.processors.redaction.spans import RedactingSpanExporter

__all__ = [
    "ENTITY_TYPES",
    "Action",
    "Entity",
    "PIIExpectFrame",
    "PIIMetricsData",
    "PIIRedactedFrame",
    "PIIRedactor",
    "PIIRestorer",
    "Policy",
    "PresidioBackend",
    "RedactingFilter",
    "RedactingRTVIObserver",
    "RedactingRTVIProcessor",
    "RedactingRecorder",
    "RedactingSpanExporter",
    "Redaction",
    "Redactor",
    "Rule",
    "StreamRedactor",
    "UnguardedError",
    "Vault",
    "guard_logs",
    "scrub",
    "scrub_value",
]

_LATER = {
    "PIIExpectFrame": "frames",
    "PIIMetricsData": "redactor",
    "PIIRedactedFrame": "frames",
    "PIIRedactor": "redactor",
    "PIIRestorer": "restorer",
    "PresidioBackend": "presidio",
    "RedactingFilter": "logs",
    "RedactingRTVIObserver": "rtvi",
    "RedactingRTVIProcessor": "rtvi",
    "RedactingRecorder": "recorder",
    "RedactingSpanExporter": "spans",
    "UnguardedError": "check",
    "guard_logs": "logs",
    "scrub": "scrubbing",
    "scrub_value": "scrubbing",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
