"""Guards for what is logged: one for loguru, which covers every sink, and one for `logging`.

Pipecat logs transcripts, TTS text and tool arguments at DEBUG and every frame at TRACE, inside the
services, before any processor can act.
"""

import logging
import traceback
from typing import TYPE_CHECKING, Any

from antiphon.processors.redaction.scrubbing import scrub

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["RedactingFilter", "guard_logs", "logs_guarded"]

# By which an operator finds a call: no caller's number, though it may look like one.
_IDS = frozenset({"call_id", "conversation_id"})

_guarded: set[str] = set()


def guard_logs(language: str = "en") -> None:
    """Redact every loguru record, for all sinks there are and will be, and the root `logging` ones.

    Replaces a patcher that was configured before; a later `logger.configure(patcher=...)` would
    replace this one. The extra fields `call_id` and `conversation_id` stay as they are.

    Args:
        language: The language spoken in the calls.
    """
    from loguru import logger

    def patch(record: "Record") -> None:
        record["message"] = _message(record["message"], language)
        for key, value in record["extra"].items():
            if isinstance(value, str) and key not in _IDS:
                record["extra"][key] = scrub(value, language)
        error = record["exception"]
        if error is not None:
            # A traceback would quote the error, and with `diagnose` the variables beside it.
            lines = traceback.format_exception(error.type, error.value, error.traceback)
            record["message"] += "\n" + scrub("".join(lines), language, content=False)
            record["exception"] = None

    logger.configure(patcher=patch)
    _guarded.add("loguru")
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter(language))


def logs_guarded() -> bool:
    """Whether `guard_logs` was called in this process."""
    return "loguru" in _guarded


class RedactingFilter(logging.Filter):
    """Redacts `logging` records; add it to every handler, as a logger's filter misses children.

    Args:
        language: The language spoken in the calls.
    """

    def __init__(self, language: str = "en") -> None:
        super().__init__()
        self._language = language

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace what the record says; always keeps it."""
        record.msg = _message(record.getMessage(), self._language)
        record.args = ()
        if record.exc_info:
            lines = traceback.format_exception(*record.exc_info)
            record.msg += "\n" + scrub("".join(lines), self._language)
            record.exc_info = None
            record.exc_text = None
        return True


def _message(text: Any, language: str) -> str:
    try:
        return _untone(scrub(str(text), language))
    except Exception as error:
        return f"<log message withheld: {type(error).__name__} in the redaction guard>"


def _untone(text: str) -> str:
    """A pressed key is logged as "(tone: 4)", one a line."""
    parts = text.split("(tone: ")
    return "(tone: *".join([parts[0], *(p[1:] for p in parts[1:])])
