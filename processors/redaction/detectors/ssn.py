"""United States social security numbers and individual taxpayer numbers, and their last four."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.runs import Segment
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

SSN = "US_SSN"
ITIN = "US_ITIN"
# What nine digits are more likely where nothing is said of such.
OTHER = "PHONE_NUMBER"


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, nine digits grouped 3-2-4, and others while the talk is of such."""
    yield from view.by_context(SSN, view.segments, 4)
    yield from view.by_context(ITIN, view.segments, 4)
    for segment in view.segments:
        if len(segment) != 9 or view.evidence(segment)[0] == "":
            continue
        grouped = segment.groups == [3, 2, 4]
        if _itin(segment):
            score = 0.75 if grouped else 0.5
            kind = ITIN if grouped or view.guarded else OTHER
            yield Entity(segment.start, segment.end, kind, score, "format", segment.digits)
        elif grouped or _issued(segment):
            score = 0.75 if grouped else 0.45
            kind = SSN if grouped or view.guarded else OTHER
            yield Entity(segment.start, segment.end, kind, score, "format", segment.digits)


def _itin(segment: Segment) -> bool:
    """IRS: 9, and a fourth and fifth digit of 50-65, 70-88, 90-92 or 94-99."""
    digits = segment.digits
    middle = int(digits[3:5])
    return (
        digits[0] == "9" and (50 <= middle <= 65 or 70 <= middle <= 99) and middle not in (89, 93)
    )


def _issued(segment: Segment) -> bool:
    """SSA: no part is all zeros, the area is neither 666 nor 9xx."""
    digits = segment.digits
    return (
        digits[0] != "9"
        and digits[:3] not in ("000", "666")
        and digits[3:5] != "00"
        and digits[5:] != "0000"
    )
