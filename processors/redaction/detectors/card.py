"""Payment card numbers (ISO/IEC 7812): 12 to 19 digits, and the last four where they are named."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.checksums import luhn
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "CREDIT_CARD"
# Shorter runs are telephone numbers more often than cards.
FEWEST_UNNAMED = 13


def detect(view: View) -> Iterator[Entity]:
    """Every long run of digits; Luhn only says how sure it is.

    A Luhn gate would let a card pass that was misheard, or that an expiry date follows.
    """
    yield from view.by_context(TYPE, view.segments, 4)
    for segment in view.segments:
        kind, _ = view.evidence(segment)
        if kind == "" or len(segment) < FEWEST_UNNAMED:
            continue
        valid = len(segment) <= 19 and luhn(segment.digits)
        score, why = (0.85, "checksum") if valid else (0.6, "length")
        yield Entity(segment.start, segment.end, TYPE, score, why, segment.digits)
