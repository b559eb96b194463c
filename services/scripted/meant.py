"""Which of the numbers that a caller said is the one that was asked for, if that is clear.

A number that is looked up by mistake tells a caller of somebody else's order; asking costs a turn.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from antiphon.services.scripted.numbers import SpokenNumber, spoken_numbers

__all__ = ["UnclearNumberError", "meant_number"]

# A shorter number is one of something else, unless it is called the number.
_LONG_DIGITS = 3
# Nobody is given a longer one to read out: a recogniser that is stuck writes it, or it is a card's.
_MAX_DIGITS = 12
# A recogniser that is stuck repeats at least as much.
_REPEATED_DIGITS = 3
_I = re.IGNORECASE
_NAMED = re.compile(r"(?:number|no\.?|order|dtmf|#)(?:\s+(?:is|was|it's))?[\s:#]*$", _I)

# What stands before a number of something else: "in 2025", "room 301", "it is not order 427".
_OTHER = re.compile(
    r"\b(?:(?:in|since|from|until|year|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|live in|street|road|flat|apartment|room|floor|door|house|phone"
    r"|customer|account|invoice|member|loyalty|telephone|mobile|cell|callback|zip|post|postal|postcode|code|extension|model|size|aged?)"
    r"(?:\s+(?:code|number|is|number\s+is|of)){0,2}"
    r"|(?:not|isn't|wasn't)(?:\s+(?:it's|order|number|my|the)){0,3})[\s,]*$",
    _I,
)
_OF_AN_ORDER = re.compile(r"\border(?:\s+number)?(?:\s+(?:is|was|it's))?[\s:#]*$", _I)
_KEYED = re.compile(r"\bDTMF:\s*$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATED = re.compile(r"\d(?:st|nd|rd|th)(?:\s+of)?(?:\s+\w+)?[\s,]*$|\bof[\s,]*$", _I)
# What stands behind one: "221 Baker Street", "150 tiles".
_ADDRESS = re.compile(
    r"\s+(?:\w+\s+){0,2}(?:street|road|avenue|lane|drive|boulevard|close|court)\b", _I
)
_COUNTED = re.compile(
    r"\s+(?!(?:is|was|has|as|its|this|yes|does|us|thanks|please|gets|ships|arrives|comes|goes"
    r"|sounds|says|leaves|needs|looks)\b)[a-z]{2,}[^s\W]s\b"
)
# A letter beside a number is of it, and nobody can tell what else was misheard.
_LETTER_BEFORE = re.compile(
    r"(?:[a-z]|\b(?-i:[A-Z]{1,4})-|\bas in \w+\W*|(?<!['’\w])[b-hj-z][\s,-]+)$", _I
)
_LETTER_BEHIND = re.compile(r"[a-z]|-[a-z]\b|[\s,-]+[b-hj-z]\b(?!')", _I)
_LETTER_BETWEEN = re.compile(r"[\s,.-]*[a-z][\s,.-]*", _I)
# Two numbers with a word between are one that was misheard: "600 and 50", "8 or 35". So is one
# behind a word that does not belong there: "order on 984" was 1984.
_SHORT_GAP = re.compile(
    r"[\s,.-]*(?:(?:and|or|all|of|on|to|too|for|at|in|then|a|an|uh|um|er|erm|hmm|mm|so|dash|hyphen"
    r"|minus|space|slash|stroke|point|dot)[\s,.-]+){1,3}",
    _I,
)
_MISHEARD_BEFORE = re.compile(
    r"\b(?:order|number|no),?\s+(?:on|one|won|want|will|all|or|and|at|an|a|in|i'm|to|too|for)\s+$",
    _I,
)
_MISHEARD_BEHIND = re.compile(r"[\s,.-]+(?:to|too|for|fore)[\s,.]*(?:please|thanks|$)", _I)
# What a recogniser writes of digits that were not all heard: "9-4", "8.35", of pairs "66621", of
# 3115 "30 115".
_ODDLY_WRITTEN = re.compile(
    r"\d\D+\d|[2-9]0[\s-]+1\d\d|.*\d\.[1-9].*|.*(?<!\d)\d{3,}[\s,-]+\d(?!\d).*|.*(?<!\d)\d[\s,-]+\d{3,}.*"
    r"|.*\d*(\d)\1\1\d*.*"
)
_PART = re.compile(
    r"(?:\b(?:last|first|final)\s+(?:\w+\s+)?(?:digits?|numbers?|part|half)"
    r"|\b(?:start|begin|end)(?:s|ing)?\s+(?:with|in|on))(?:\s+(?:is|are))?[\s:]*$",
    _I,
)
_CORRECTED = re.compile(
    r"\b(?:no|nope|sorry|mean|meant|actually|rather|correction|wait|make that|scratch that|pardon"
    r"|oops|mistake)\b",
    _I,
)


class UnclearNumberError(ValueError):
    """There is a number, and not one to be looked up.

    Args:
        text: What was said.
        likely: What was heard of it, if it may be right: heard so again, it is.
    """

    def __init__(self, text: str, likely: str = "") -> None:
        super().__init__(text)
        self.likely = likely


def meant_number(text: str, *, any_number: bool = False, looked_up: bool = False) -> str | None:
    """Find the number that was meant: one that was called so, or else the longest.

    Args:
        text: What was said.
        any_number: Whether a number of one or two digits will do.
        looked_up: Whether something is done with it, so that it has to be clear.

    Returns:
        Its digits, or None if there is none.

    Raises:
        UnclearNumberError: If it is to be looked up and may be another.
    """
    numbers = spoken_numbers(text)
    if not looked_up:
        found = [number for number in numbers if any_number or _is_long_or_named(text, number)]
        found = [each for each in found if not _OF_AN_ORDER.search(text, 0, each.start)]
        return max((number.digits for number in found), key=len, default=None)
    for before, after in pairwise(numbers):
        between = text[before.end : after.start]
        if _LETTER_BETWEEN.fullmatch(between):
            raise UnclearNumberError(text)
        if _SHORT_GAP.fullmatch(between) and not _COUNTED.match(text, after.end):
            raise UnclearNumberError(text)
    found = [number for number in numbers if not _is_of_something_else(text, number)]
    found = [number for number in found if any_number or _is_long_or_named(text, number)]
    if not found:
        return None
    number = _last_if_corrected(text, numbers, found)
    if number is None:
        named = [each for each in found if _NAMED.search(text, 0, each.start)]
        longest = max(len(each.digits) for each in found)
        likely = named or [each for each in found if len(each.digits) == longest]
        if len({each.digits for each in likely}) > 1:
            raise UnclearNumberError(text)
        number = likely[0]
    is_long = len(number.digits) > _MAX_DIGITS
    if _is_a_part(text, number) or is_long:
        raise UnclearNumberError(text)
    if number.is_hidden:
        raise UnclearNumberError(text)
    exact = _KEYED.search(text, 0, number.start)
    if not exact and _is_odd(text, number):
        raise UnclearNumberError(text, number.digits)
    return number.digits


def _last_if_corrected(
    text: str, numbers: Sequence[SpokenNumber], found: Sequence[SpokenNumber]
) -> SpokenNumber | None:
    for before, after in pairwise(numbers):
        if before in found and _CORRECTED.search(text, before.end, after.start):
            if len(after.digits) < len(before.digits):  # a part of it was corrected
                raise UnclearNumberError(text)
            if after is found[-1]:
                return after
    return None


def _is_long_or_named(text: str, number: SpokenNumber) -> bool:
    return len(number.digits) >= _LONG_DIGITS or bool(_NAMED.search(text, 0, number.start))


def _is_of_something_else(text: str, number: SpokenNumber) -> bool:
    if _OTHER.search(text, 0, number.start) or _ADDRESS.match(text, number.end):
        return True
    if _YEAR.fullmatch(number.digits) and _DATED.search(text, 0, number.start):
        return True
    is_named = _NAMED.search(text, 0, number.start)
    return not is_named and bool(_COUNTED.match(text, number.end))


def _is_a_part(text: str, number: SpokenNumber) -> bool:
    return bool(
        _LETTER_BEFORE.search(text, 0, number.start)
        or _LETTER_BEHIND.match(text, number.end)
        or _PART.search(text, 0, number.start)
        or _MISHEARD_BEFORE.search(text, 0, number.start)
        or _MISHEARD_BEHIND.match(text, number.end)
    )


def _is_odd(text: str, number: SpokenNumber) -> bool:
    written = text[number.start : number.end]
    size = len(number.digits)
    repeats = any(
        number.digits == number.digits[:part] * (size // part)
        for part in range(_REPEATED_DIGITS, size // 2 + 1)
    )
    return bool(_ODDLY_WRITTEN.fullmatch(written)) or (repeats and not written.isdecimal())
