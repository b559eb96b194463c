"""Numbers as they are written: times, amounts and dates, by the tokens that they take."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antiphon.processors.redaction.core.units import Scan

__all__ = ["amount_size", "in_a_row", "is_date", "time_size"]

# Written dates: 2024-01-15, 1/15/2024, 15.01.2024.
DATE = re.compile(
    r"(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?![-/.]?\w)"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d(?![-/.]?\w)"
)
# The groups of a card, where a recogniser took some for thousands: "4,539 1,488 0343 6467". Whoever
# lists amounts has a comma or a word between them.
ROW = re.compile(r"(?<![\w.,$€£¥-])[2-6]\d*+(?:,\d++)*+(?: \d++(?:,\d++)*+)++")
CARD = range(13, 20)
FEWEST_IN_A_GROUP = 4
# Longer than any card, so that a long text is looked at around an amount only.
MOST_OF_A_CARD = 40


def in_a_row(text: str, at: int) -> bool:
    """Whether what is written at a place is one of several groups of digits that may be a card."""
    begin = max(0, at - MOST_OF_A_CARD)
    for row in ROW.finditer(text, begin, at + MOST_OF_A_CARD):
        if row.start() <= at < row.end():
            groups = [group.replace(",", "") for group in row[0].split(" ")]
            whole = all(len(group) >= FEWEST_IN_A_GROUP for group in groups)
            return whole and sum(map(len, groups)) in CARD
    return False


def is_date(text: str, start: int) -> bool:
    """Whether a date is written at `start`."""
    inside = start > 0 and text[start - 1] in "-/.:"
    return not inside and DATE.match(text, start) is not None


def time_size(scan: "Scan", index: int) -> int:
    """The tokens of a time as written (10:30, 12:30:45), or 0."""
    words, size = scan.words, 1
    if index and words[index - 1] == ":" and scan.glued(index - 1):
        return 0
    while (
        size < 7
        and scan.glued(index + size - 1)
        and words[index + size] == ":"
        and scan.glued(index + size)
        and len(words[index + size + 1]) == 2
        and words[index + size + 1].isdecimal()
    ):
        size += 2
    if size not in (3, 5) or (scan.glued(index + size - 1) and words[index + size] == ":"):
        return 0
    return size


def amount_size(scan: "Scan", index: int) -> int:
    """The tokens of an amount as written (12,345.67 or 12345.67); 1 if it is a plain number."""
    words, size, thousands = scan.words, 1, False
    if index and words[index - 1] in ".," and scan.glued(index - 1):
        return 1
    while _part(scan, index + size, ",", 3):
        size += 2
        thousands = True
    decimals = _part(scan, index + size, ".", 1) or _part(scan, index + size, ".", 2)
    if decimals:
        size += 2
        if scan.glued(index + size - 1) and words[index + size] in ".-":
            tail = index + size + 1
            if tail < len(words) and scan.glued(index + size) and words[tail][0].isdecimal():
                return 1
    if thousands and len(words[index]) > 3:
        return 1
    # "415,555,0142" is grouped as no amount is.
    tail = index + size
    goes_on = tail + 1 < len(words) and words[tail] == "," and scan.glued(tail - 1)
    if thousands and goes_on and scan.glued(tail) and words[tail + 1].isdecimal():
        return 1
    return size


def _part(scan: "Scan", index: int, sign: str, digits: int) -> bool:
    """Whether at `index` there is `sign`, glued on both sides, and then so many digits."""
    return (
        index + 1 < len(scan.words)
        and scan.words[index] == sign
        and scan.glued(index - 1)
        and scan.glued(index)
        and len(scan.words[index + 1]) == digits
        and scan.words[index + 1].isdecimal()
    )
