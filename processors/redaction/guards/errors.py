"""Redaction of errors: a tool's exception or a vendor's answer may quote what a caller said.

In Pipecat 1.14 an error travels upstream, past most redactors, to the RTVI client, the log and the
worker's `on_pipeline_error`.
"""

import copy

from pipecat.frames.frames import ErrorFrame

from antiphon.processors.redaction.core.scrubbing import scrub

__all__ = ["redacted_error"]


def redacted_error(frame: ErrorFrame, language: str = "en") -> ErrorFrame:
    """A copy of an error that may leave the call.

    Of the exception only its type is told: whoever raised it did not write for strangers. The rest
    of the text is held to the rule for log lines.

    Args:
        frame: The error.
        language: The language spoken in the call.

    Returns:
        The same error, by its id, processor and category, without its exception.
    """
    text = str(frame.error)
    if frame.exception is not None and (said := str(frame.exception)):
        text = text.replace(said, type(frame.exception).__name__)
    new = copy.copy(frame)
    new.error = scrub(text, language)
    new.exception = None
    return new
