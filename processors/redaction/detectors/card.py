"""Payment card numbers (ISO/IEC 7812): 12 to 19 digits, and the last four where they are named."""

import re
from collections.abc import Iterator

from antiphon.processors.redaction.core.checksums import is_card, luhn
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.runs import Segment
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "CREDIT_CARD"
# Shorter runs are telephone numbers more often than cards.
FEWEST_UNNAMED = 13
# A card's first digits by brand (ISO/IEC 7812), in a turn that is nothing but a part of a card.
PIECE = range(7, 12)
# The same in answer to what is to be paid, where a card may begin with its first group.
DUE_PIECE = range(4, 12)
STARTS = re.compile(r"3[4-9]|4|5[0-5]|6|2[2-7]")
# A telephone number with its area code; a card's first pause is not behind its tenth digit.
AMERICAN = re.compile(r"[2-9]\d\d[2-9]\d{6}")


def detect(view: View) -> Iterator[Entity]:
    """Every long run of digits; Luhn only says how sure it is.

    A Luhn gate would let a card pass that was misheard, or that an expiry date follows.
    """
    yield from view.by_context(TYPE, view.segments, 4)
    for segment in view.segments:
        kind, _ = view.evidence(segment)
        if kind is None and _piece(view, segment):
            yield Entity(segment.start, segment.end, TYPE, 0.46, "length", segment.digits)
        if kind == "" or len(segment) < FEWEST_UNNAMED:
            continue
        valid = len(segment) <= 19 and luhn(segment.digits)
        score, why = (0.85, "checksum") if valid else (0.6, "length")
        # A question may be misread as one for a plate; what is a whole card is one all the same.
        score = 0.95 if is_card(segment.digits) else score
        yield Entity(segment.start, segment.end, TYPE, score, why, segment.digits)


def _piece(view: View, segment: Segment) -> bool:
    """Whether a turn is digits that nobody asked for and that may go on to be a card.

    Only while the call is about paying: elsewhere they are a telephone or an order number that the
    agent has asked for in words of its own, and which the model needs.
    """
    sizes = DUE_PIECE if view.due else PIECE
    if not (view.paying and view.bare) or len(segment) not in sizes or len(view.segments) > 1:
        return False
    if view.text[: segment.start].rstrip(" (")[-1:] == "+" or AMERICAN.fullmatch(segment.digits):
        return False
    groups = segment.groups
    spoken = all(unit.spoken for unit in segment.units)
    single = spoken or max(groups) == 1
    if not (single or groups in ([4], [8]) or (len(groups) > 1 and {4}.issuperset(groups[:-1]))):
        return False
    return STARTS.match(segment.digits) is not None
