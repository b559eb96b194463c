"""Values that were said in one breath, without a word between them."""

import re
from collections.abc import Callable

from antiphon.processors.redaction.core.checksums import is_card
from antiphon.processors.redaction.core.runs import Segment

__all__ = ["month_and_year", "parted"]

EXPIRY, CODE, ZIP = "CARD_EXPIRY", "CVV", "ZIP_CODE"
LENGTHS_OF_A_CARD = (15, 16)
MONTH_AND_YEAR = re.compile(r"(?:0[1-9]|1[0-2])(?:20)?[2-4]\d|[1-9][2-4]\d")
CODES = (3, 4)


def parted(segment: Segment, expected: tuple[str, ...]) -> list[Segment]:
    """The values of a number: "4539 1488 0343 6467 09 27 917" is a card, a date and a code.

    A whole card is told by its check digit, a date by its month; whatever reads otherwise stays
    one number, as do digits that a correction may have added.

    Args:
        segment: The number.
        expected: The types asked for.
    """
    units, values = segment.units, list[Segment]()
    size = len(segment)
    if size > LENGTHS_OF_A_CARD[0] and not (size <= 19 and is_card(segment.digits)):
        cut = _cut(segment, lambda head, rest: _beside_a_card(head, rest, expected))
        if cut:
            values.append(Segment(units[:cut], segment.run))
            segment = Segment(units[cut:], segment.run)
    if values or {EXPIRY, CODE}.issubset(expected):
        cut = _cut(segment, _date_and_code)
        if cut:
            values.append(Segment(segment.units[:cut], segment.run))
            segment = Segment(segment.units[cut:], segment.run)
    return [*values, segment]


def _cut(segment: Segment, fits: Callable[[str, str], bool]) -> int:
    """How many units the first value has, 0 if nothing fits."""
    size, digits = 0, segment.digits
    for index, unit in enumerate(segment.units):
        if index and fits(digits[:size], digits[size:]):
            return index
        size += len(unit.value)
    return 0


def _beside_a_card(head: str, rest: str, expected: tuple[str, ...]) -> bool:
    if len(head) not in LENGTHS_OF_A_CARD or not is_card(head):
        return False
    zip_code = len(rest) == 5 and ZIP in expected
    dated = MONTH_AND_YEAR.match(rest)
    date_and_code = dated is not None and len(rest) - dated.end() in CODES
    return len(rest) in CODES or zip_code or date_and_code or month_and_year(rest)


def month_and_year(digits: str) -> bool:
    """Whether digits may be all of an expiry date of these decades: "0927", "092027", "927"."""
    return MONTH_AND_YEAR.fullmatch(digits) is not None


def _date_and_code(head: str, rest: str) -> bool:
    return month_and_year(head) and len(rest) in CODES
