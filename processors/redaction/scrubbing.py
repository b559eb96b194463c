"""Scrubbing what is written about a call: log lines, span attributes, context snapshots.

Such text has no turns to learn from, so it is held to a harsher rule than speech: what a line
quotes (between square brackets) loses every numeral, the rest every run of three or more, and what
the detectors find goes as well. Times, object numbers and small decimals stay.
"""

from collections.abc import Mapping
from typing import Any

from antiphon.processors.redaction.core import Redactor, merge
from antiphon.processors.redaction.fallback import WORD, is_counter, mask_numbers
from antiphon.processors.redaction.language import load_language

__all__ = ["MASK", "scrub", "scrub_value"]

MASK = "<REDACTED>"


def scrub(text: str, language: str = "en", *, content: bool = False) -> str:
    """Take personal data out of a line written about a call.

    Args:
        text: The line.
        language: The language spoken in the call.
        content: Whether the whole line is what somebody said.
    """
    table = load_language(language)
    seen = text if content else _without_counters(text)
    found = [*Redactor(language=language).find(seen)]
    found += mask_numbers(text, table, fewest=1 if content else 3, keep=not content)
    if not content:
        for start, end in _quoted(text):
            inside = mask_numbers(text[start:end], table, fewest=1)
            found += [e._replace(start=e.start + start, end=e.end + start) for e in inside]
    parts, done = [], 0
    for entity in merge(found):
        shown = f"<{entity.type}>" if entity.why != "fail-closed" else MASK
        parts += [text[done : entity.start], shown]
        done = entity.end
    return "".join(parts) + text[done:]


def scrub_value(value: Any, language: str = "en") -> Any:
    """Scrub every string in a JSON-like value, such as the messages of an LLM context."""
    if isinstance(value, str):
        return scrub(value, language, content=True)
    if isinstance(value, Mapping):
        return {k: scrub_value(v, language) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(scrub_value(v, language) for v in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return MASK if len(str(value).replace(".", "")) >= 3 else value
    return value


def _without_counters(text: str) -> str:
    """The line with spaces for time stamps and counters, which detectors would take for numbers."""
    for match in WORD.finditer(text):
        if is_counter(match.group()):
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return text


def _quoted(text: str) -> list[tuple[int, int]]:
    """What stands between square brackets, outermost ones; to the end if one is left open."""
    spans, depth, begin = [], 0, 0
    for index, char in enumerate(text):
        if char == "[":
            begin = index + 1 if depth == 0 else begin
            depth += 1
        elif char == "]" and depth:
            depth -= 1
            if depth == 0:
                spans.append((begin, index))
    return spans + ([(begin, len(text))] if depth else [])
