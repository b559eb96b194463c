"""What is found and what comes out: entity types, entities in a text and a text without them.

The type names are those that Presidio made common, so that data sets and policies carry over.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

__all__ = [
    "CONTEXTUAL",
    "ENTITY_TYPES",
    "LENGTHS",
    "PLAIN",
    "SENSITIVE_AUTHENTICATION",
    "Entity",
    "Redaction",
    "counts_of",
    "merge",
    "splice",
    "tagged",
]

# How many digits or letters a whole value has: (fewest, most).
LENGTHS: Mapping[str, tuple[int, int]] = {
    "CREDIT_CARD": (12, 19),
    "CVV": (3, 4),
    "CARD_EXPIRY": (3, 6),
    "PIN": (4, 8),
    "PASSWORD": (3, 64),
    "US_SSN": (9, 9),
    "US_ITIN": (9, 9),
    "BANK_ACCOUNT": (6, 18),
    "ROUTING_NUMBER": (9, 9),
    "IBAN_CODE": (15, 34),
    "PHONE_NUMBER": (7, 15),
    "DATE_OF_BIRTH": (3, 8),
    "DRIVER_LICENSE": (5, 18),
    "PASSPORT": (6, 9),
    "HEALTH_NUMBER": (6, 12),
    "NATIONAL_ID": (8, 18),
    "VEHICLE_ID": (4, 17),
    "ZIP_CODE": (4, 9),
    "IP_ADDRESS": (4, 32),
    "MAC_ADDRESS": (12, 12),
    "CRYPTO": (26, 62),
    "EMAIL_ADDRESS": (3, 64),
    "STREET_ADDRESS": (1, 9),
    "PERSON": (2, 40),
}
ENTITY_TYPES = frozenset(LENGTHS)
# What is asked for beside something personal and is nobody's secret, an order's number.
PLAIN = ""
# Found only as far as the words around them tell.
CONTEXTUAL = frozenset({"PERSON", "STREET_ADDRESS", "ZIP_CODE"})
# What PCI DSS v4.0.1 requirement 3.3.1 forbids to keep after authorisation, and passwords.
SENSITIVE_AUTHENTICATION = frozenset({"CVV", "PIN", "PASSWORD"})


class Entity(NamedTuple):
    """A span that holds personal data.

    Parameters:
        start: The first character in the given text.
        end: One past the last.
        type: One of `ENTITY_TYPES`.
        score: How sure the detector is, 0 to 1.
        why: The evidence: "cue", "title", "asked", "tagged", "known", "format", "checksum",
            "length", "open" or "fail-closed".
        value: The value in canonical form (digits and letters, an address as written), "" if none.
    """

    start: int
    end: int
    type: str
    score: float = 1.0
    why: str = "format"
    value: str = ""

    def __repr__(self) -> str:
        return f"Entity({self.start}, {self.end}, {self.type!r}, {self.score:.2f}, {self.why!r})"


class Redaction(NamedTuple):
    """A text with its personal data replaced.

    Parameters:
        text: The text that may go on.
        entities: What was replaced, by offsets in the given text, in order.
        failed: The name of the exception that made the redactor fail closed, or "".
        found: What was found, whether or not the policy lets it pass.
        record: The text as a log or a client may have it: all that was found goes.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    failed: str = ""
    found: tuple[Entity, ...] = ()
    record: str = ""


def splice(
    text: str, entities: Iterable[Entity], shown: Callable[[Entity], str], begin: int = 0
) -> str:
    """A text from `begin` on, with what is shown in the place of each entity, in their order."""
    parts = []
    for entity in entities:
        parts += [text[begin : entity.start], shown(entity)]
        begin = entity.end
    return "".join(parts) + text[begin:]


def tagged(text: str, entities: Iterable[Entity]) -> str:
    """A text with its entities, in their order, replaced by their types."""
    return splice(text, entities, lambda entity: f"<{entity.type}>")


def counts_of(entities: Iterable[Entity]) -> dict[str, int]:
    """How many entities there are, by type."""
    return dict(Counter(entity.type for entity in entities))


def merge(found: Iterable[Entity]) -> list[Entity]:
    """One entity for each stretch that entities cover: the most certain gives its type."""
    merged: list[Entity] = []
    for entity in sorted(found):
        if merged and entity.start < merged[-1].end:
            last = merged[-1]
            better = max(last, entity, key=lambda e: (e.score, e.end - e.start))
            merged[-1] = better._replace(start=last.start, end=max(last.end, entity.end))
        else:
            merged.append(entity)
    return merged
