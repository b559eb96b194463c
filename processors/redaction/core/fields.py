"""What the name of a field says of the value in it: {"cvv": 123} is not {"eta_ms": 123}."""

import json
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from antiphon.processors.redaction.core.checksums import luhn
from antiphon.processors.redaction.core.entities import Entity

__all__ = ["ROOT", "Field"]

MOST_CHARS = 64
BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")
with open(os.path.join(os.path.dirname(__file__), "fields.json"), encoding="utf-8") as _file:
    _TABLE: dict[str, list[str]] = json.load(_file)
# The name of a field in which no number is anybody's, by its last word.
MEASURES = frozenset(_TABLE["measures"])
TIMES = frozenset(_TABLE["times"])
IDS = frozenset(_TABLE["ids"])
# Whose "id" is a number given to a person.
PERSONAL = frozenset(_TABLE["personal"])
PEOPLE = frozenset(_TABLE["people"])
NAMES = frozenset(_TABLE["names"])
PARTS_OF_NAMES = frozenset(_TABLE["parts_of_names"])
# What else has a "name".
THINGS = frozenset(_TABLE["things"])
CALLS = frozenset(_TABLE["calls"])
ADDRESSES = frozenset(_TABLE["addresses"])
NOT_STREETS = frozenset(_TABLE["not_streets"])
# Names that say nothing without what they stand in: {"card": {"number": …}}.
VAGUE = frozenset(_TABLE["vague"])
LABELS = ("field", "key", "label", "type", "name")
# Seconds, milliseconds, microseconds and nanoseconds from September 2001 to July 2039.
EPOCH = (1_000_000_000, 2_200_000_000)
FEWEST_OF_A_CARD = 12


class Field(NamedTuple):
    """Where a value stands.

    Parameters:
        words: The words of its name.
        lead: What a sentence would say before the value: "card number: ".
        whole: The entity type of any words in it; "" if the name does not tell.
    """

    words: tuple[str, ...] = ()
    lead: str = ""
    whole: str = ""

    def inside(self, name: str, record: object = None) -> "Field":
        """A field in this one.

        Args:
            name: Its name.
            record: The mapping it is in, which may say what "value" is of, or "name".
        """
        words = tuple(w.lower() for w in BORDER.split(name[:MOST_CHARS]) if w)
        if not words:
            return Field()
        said = words
        if words[-1] in VAGUE and len(words) == 1:
            said = (*(_label(record) or self.words), *words)
        return Field(words, " ".join(said) + ": ", _whole(words, self.words, record))

    def explains(self, entity: Entity, digits: str) -> bool:
        """Whether a number in a value without spaces is no more than what its field says.

        Args:
            entity: What it was taken for.
            digits: Its digits.
        """
        if not self.words or entity.why == "fail-closed":
            return False
        last = self.words[-1]
        if self.is_time(digits):
            return True
        card = len(digits) > FEWEST_OF_A_CARD and luhn(digits)
        if card or len(digits) >= FEWEST_OF_A_CARD + (entity.why != "cue"):
            return False
        if last in MEASURES:
            return True
        return last in IDS and not (PERSONAL & {*self.words})

    def is_time(self, digits: str) -> bool:
        """Whether a number is a time of these decades, in a field for one."""
        if not self.words or self.words[-1] not in TIMES | MEASURES:
            return False
        return len(digits) in (10, 13, 16, 19) and EPOCH[0] <= int(digits[:10]) < EPOCH[1]


ROOT = Field()


def _label(record: object) -> tuple[str, ...]:
    """What a record says that it is of: {"field": "cvv", "value": "123"}."""
    if isinstance(record, dict):
        for key in LABELS:
            label = record.get(key)
            if isinstance(label, str) and len(label) <= MOST_CHARS:
                return tuple(w.lower() for w in BORDER.split(label) if w)
    return ()


def _whole(words: Sequence[str], around: tuple[str, ...], record: object) -> str:
    """The type of any words in a field, by its name and that of what it is in."""
    last, before = _one(words[-1]), words[-2] if len(words) > 1 else ""
    if words[-1] in ADDRESSES or tuple(words[-3:-1]) == ("address", "line"):
        return "" if before in NOT_STREETS else "STREET_ADDRESS"
    if last in PEOPLE:
        return "PERSON"
    owner = _one(before or (around[-1] if around else ""))
    if words[-1] in PARTS_OF_NAMES and len(words) == 1:
        return "PERSON" if owner == "name" or owner in PEOPLE else ""
    if words[-1] not in NAMES or owner in THINGS:
        return ""
    if isinstance(record, dict) and (CALLS & {_text(record, "type"), _text(record, "role")}):
        return ""
    return "PERSON"


def _one(word: str) -> str:
    return word[:-1] if word.endswith("s") and word[:-1] in PEOPLE | THINGS else word


def _text(record: dict[str, object], key: str) -> str:
    found = record.get(key)
    return found if isinstance(found, str) else ""
