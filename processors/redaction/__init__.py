"""PII redaction, spoken and written."""

from antiphon.processors.redaction.core import Redactor
from antiphon.processors.redaction.stream import StreamRedactor

__all__ = ["Redactor", "StreamRedactor"]
