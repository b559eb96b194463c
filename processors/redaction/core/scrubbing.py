"""Scrubbing what is written about a call: log lines, span attributes, context snapshots.

Such text has no turns to learn from, so it is held to a harsher rule than speech: what a line
quotes (between square brackets) loses every numeral, the rest every run of three or more, and what
the detectors find goes as well. Times, object numbers and small decimals stay.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.processors.redaction.core.entities import Entity, merge, splice
from antiphon.processors.redaction.core.fallback import WORD, is_counter, mask_numbers
from antiphon.processors.redaction.core.fields import Field
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.values import split_card
from antiphon.processors.redaction.core.walk import CLOSELY_CHARS, MASK, walk

__all__ = ["MASK", "scrub", "scrub_value"]

# What a number in a field may be taken for.
NUMBER = Entity(0, 0, "NUMBER", 0.0, "length")


def scrub(text: str, language: str = "en", *, content: bool = False) -> str:
    """Take personal data out of a line written about a call.

    Args:
        text: The line.
        language: The language spoken in the call.
        content: Whether the whole line is what somebody said.
    """
    table = load_language(language)
    seen = text if content else _without_counters(text)
    # No line is so long; of what is, the plain rule takes the numbers.
    close = len(text) <= CLOSELY_CHARS
    found = [*Redactor(language=language).find(seen)] if close else []
    found += mask_numbers(text, table, fewest=1 if content else 3, keep=not content)
    if not content:
        for start, end in _quoted(text):
            inside = mask_numbers(text[start:end], table, fewest=1)
            found += [e._replace(start=e.start + start, end=e.end + start) for e in inside]
    return _shown(text, merge(found))


def _shown(text: str, found: list[Entity]) -> str:
    return splice(text, found, lambda e: MASK if e.why == "fail-closed" else f"<{e.type}>")


def scrub_value(value: Any, language: str = "en", name: str = "") -> Any:
    """Scrub everything in a value, such as the messages of an LLM context; its shape stays.

    Args:
        value: JSON, or what holds more than JSON: dataclasses, models, sets, bytes. What it holds
            besides, or beyond 32 levels or a million characters, is masked.
        language: The language spoken in the call.
        name: The name of the field it is in, which says what it is: {"duration_ms": 1234}.
    """
    return walk(_Scrubbing(language), value, name)


class _Scrubbing:
    """Looks at each text as at what somebody said, and at each number by its length."""

    def __init__(self, language: str) -> None:
        self._language = language

    def text(self, text: str, field: Field) -> str:
        if not field.words:
            # A key, or what stands nowhere in particular.
            return scrub(text, self._language, content=not text.isidentifier())
        shown = scrub(text, self._language, content=True)
        if shown == text and field.whole and any(c.isalpha() for c in text):
            return f"<{field.whole}>"
        return shown

    def plain(self, text: str) -> str:
        return _shown(text, mask_numbers(text, load_language(self._language), fewest=1))

    def number(self, digits: str, field: Field, *, whole: bool) -> str:
        harmless = field.explains(NUMBER, digits) or (len(digits) < 3)
        return "" if harmless else MASK

    def together(self, values: Sequence[object]) -> Mapping[int, str]:
        return dict.fromkeys(split_card(values), MASK)


def _without_counters(text: str) -> str:
    """The line with spaces for time stamps and counters, which detectors would take for numbers."""
    return WORD.sub(lambda m: " " * len(m[0]) if is_counter(m[0]) else m[0], text)


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
