"""Redaction of structured values: tool arguments, tool results, messages."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from antiphon.processors.redaction.core import Redactor

__all__ = ["redact_value"]


def redact_value(redactor: Redactor, value: Any, name: str = "") -> Any:
    """Redact every string and long number in a JSON-like value.

    Args:
        redactor: What to redact with; it does not remember the value as a turn.
        value: Strings, numbers, mappings and sequences; anything else is redacted as a string.
        name: The name of the field it is in, which says what it is: {"cvv": "123"}.
    """
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, Mapping):
        return {k: redact_value(redactor, v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(redactor, v, name) for v in value]
    if isinstance(value, int | str):
        text = str(value)
        if text.startswith("data:"):
            return value  # media, not text
        lead = name.replace("_", " ") + ": " if name else ""
        found = redactor.peek(lead + text, "agent", placeholders=True)
        if any(e.end > len(lead) for e in found.entities) and found.text.startswith(lead):
            return found.text[len(lead) :]
        return value
    if is_dataclass(value) or hasattr(value, "__dict__"):
        return redact_value(redactor, str(value), name)
    return value
