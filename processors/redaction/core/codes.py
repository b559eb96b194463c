"""Digits that are no number of anybody's: part of a written code, or counted."""

import re
from itertools import pairwise

from antiphon.processors.redaction.core.runs import Segment

__all__ = ["FEWEST_OF_A_CARD", "UUID", "coded", "counted"]

FEWEST_OF_A_CARD = 13
MOST_OF_A_CODE = 40
CODE_PARTS = re.compile("[-_]+")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Letters between digits, but for the x of an extension.
MIXED = re.compile(r"\d(?!x\d)[^\W\d_]+\d", re.IGNORECASE)
EXTENDED = re.compile(r"\d*x\d+", re.IGNORECASE)
# So many numbers in a row, each larger than the one before it, are counted.
FEWEST_IN_ORDER = 5


def coded(text: str, segment: Segment) -> bool:
    """Whether digits are part of a written code: "v20260806T0050", "hosted-eu-20260812".

    What is as long as a card is one, whatever it is glued to.

    Args:
        text: All of what was written.
        segment: The digits in it.
    """
    start, end = segment.start, segment.end
    least, most = max(0, start - MOST_OF_A_CODE), min(len(text), end + MOST_OF_A_CODE)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "-_"):
        start -= 1
    while end < most and (text[end].isalnum() or text[end] in "-_"):
        end += 1
    code = text[start:end]
    if UUID.fullmatch(code):
        return True
    if len(segment) >= FEWEST_OF_A_CARD:
        return False
    parts = CODE_PARTS.split(code)
    if len(parts) == 1:
        return MIXED.search(parts[0]) is not None
    return any(
        len(p) > 1 and any(c.isalpha() for c in p) and not EXTENDED.fullmatch(p) for p in parts
    )


def counted(segment: Segment) -> bool:
    """Whether it is numbers of which each is larger: "one two three four five", "4, 8, 15, 16".

    Args:
        segment: The digits.
    """
    if len(segment.units) < FEWEST_IN_ORDER:
        return False
    numbers = [int(u.value) if u.value.isdecimal() else -1 for u in segment.units]
    sizes = set(segment.groups)
    steps = {after - before for before, after in pairwise(numbers)}
    if min(steps) < 1:
        return False
    # From nought nobody counts past a step: "zéro six, douze, treize" is a telephone's.
    return steps == {1} or (numbers[0] > 0 and sizes == {1, 2})
