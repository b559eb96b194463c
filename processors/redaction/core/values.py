"""Redaction of structured values: tool arguments, tool results, messages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.processors.redaction.core.checksums import is_card
from antiphon.processors.redaction.core.entities import Entity, splice
from antiphon.processors.redaction.core.fallback import mask_numbers
from antiphon.processors.redaction.core.fields import Field
from antiphon.processors.redaction.core.policy import Action
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.walk import walk

__all__ = ["digits_of", "redact_value", "split_card"]

CARD = "CREDIT_CARD"
# What stands for a value already.
TAG = re.compile(r"<[A-Z][A-Z_]*(?:_\d+_\w+| \w+)?>")
IDENTIFIER = re.compile(r"[\w.+-]+")
MOST_OF_A_NAME = 80
# How a card's numbers are grouped (ISO/IEC 7812 and the brands).
SIZES = ((4, 4, 4, 4), (4, 6, 5), (8, 8), *((1,) * n for n in range(13, 20)))


def redact_value(redactor: Redactor, value: Any, name: str = "") -> Any:
    """Redact every text and number in a value of any shape, its keys included.

    Args:
        redactor: What to redact with; it does not remember the value as a turn.
        value: JSON, or what holds more than JSON: dataclasses, models, sets, bytes.
        name: The name of the field it is in, which says what it is: {"cvv": "123"}.

    Returns:
        The value itself if nothing in it was hidden, else a copy of the same shape.
    """
    return walk(_Detectors(redactor), value, name)


class _Detectors:
    """Looks with a redactor's detectors, at what the field's name and the value say together."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def text(self, text: str, field: Field) -> str:
        if TAG.fullmatch(text):
            return text
        found = self._found(text, field)
        if not found and self._is_all(field.whole, text):
            return self._redactor.replacement(
                Entity(0, len(text), field.whole, 0.8, "cue", text.strip())
            )
        return self._shown(text, found)

    def plain(self, text: str) -> str:
        return self._shown(text, mask_numbers(text, self._redactor.language))

    def number(self, digits: str, field: Field, *, whole: bool) -> str:
        found = self._found(digits, field) if whole else ()
        return self._redactor.replacement(found[0]) if found else ""

    def together(self, values: Sequence[object]) -> Mapping[int, str]:
        if not self._hides(CARD):
            return {}
        return dict.fromkeys(split_card(values), f"<{CARD}>")

    def _found(self, text: str, field: Field) -> list[Entity]:
        lone = IDENTIFIER.fullmatch(text) is not None
        if lone and self._hides(CARD) and is_card(text) and not field.is_time(text):
            # Whatever the field is called.
            return [Entity(0, len(text), CARD, 0.85, "checksum", text)]
        found, skipped = [], len(field.lead)
        for entity in filter(self._redactor.hides, self._redactor.find(field.lead + text)):
            start, end = max(0, entity.start - skipped), entity.end - skipped
            if end > 0 and not (lone and field.explains(entity, digits_of(text[start:end]))):
                found.append(entity._replace(start=start, end=end))
        return found

    def _shown(self, text: str, found: Sequence[Entity]) -> str:
        return splice(text, found, self._redactor.replacement) if found else text

    def _hides(self, kind: str) -> bool:
        return self._redactor.policy.action(kind) is not Action.PASS

    def _is_all(self, kind: str, text: str) -> bool:
        """Whether a text is a name because it stands in a field for one."""
        if not kind or len(text) > MOST_OF_A_NAME or not self._hides(kind):
            return False
        letters = any(c.isalpha() for c in text)
        return letters and (kind != "PERSON" or not any(c.isdecimal() for c in text))


def split_card(values: Sequence[object]) -> list[int]:
    """Which of some values in a row are groups of one card number: [4539, 1488, 343, 6467]."""
    groups = [_group(v) for v in values]
    found: list[int] = []
    start = 0
    while start < len(groups):
        end = _card_from(groups, start)
        found += range(start, end)
        start = max(end, start + 1)
    return found


def _card_from(groups: list[str], start: int) -> int:
    """Where the card ends that begins with a group; `start` if none does."""
    first, before = groups[start], groups[start - 1] if start else ""
    for sizes in SIZES:
        end = start + len(sizes)
        alone = sizes[0] not in (len(before), len(groups[end]) if end < len(groups) else 0)
        if len(first) == sizes[0] and alone and all(groups[start:end]):
            # A number has lost the zeros before it.
            parts = [g.zfill(n) for g, n in zip(groups[start:end], sizes, strict=False)]
            if [len(p) for p in parts] == list(sizes) and is_card("".join(parts)):
                return end
    return start


def _group(value: object) -> str:
    """The digits of a small number or a text that is one."""
    if isinstance(value, float) and value.is_integer() and 0 <= value < 10**8:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value) if isinstance(value, str) or 0 <= value < 10**8 else ""
    return text.strip() if len(text) <= 10 and text.strip().isdecimal() else ""


def digits_of(text: str) -> str:
    """The digits in a text."""
    return "".join(c for c in text if c.isdecimal())
