"""Numbers in what a caller said, however a recogniser writes them: "4-2-7", "four two seven".

Pure text. What is part of a time, a price or a count of something is no number of its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SpokenNumber", "is_tag", "mask_numbers", "spoken_numbers"]

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = (
    {word: value for value, word in enumerate(_SMALL.split())}
    | {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
    | {"oh": 0, "o": 0, "nought": 0}
)
_SCALES = {"hundred": 100, "thousand": 1_000}
_REPEATS = {"double": 2, "triple": 3}
# What a recogniser makes of digits, and what is one only between two others: "4 to 7".
_HOMOPHONES = {"to": "2", "too": "2", "for": "4", "fore": "4", "ate": "8", "won": "1"}
# "Not that one, 427."
_BEFORE_A_PRONOUN = {"that", "this", "which", "wrong", "right", "another", "other", "no"}

_PLACEHOLDER = r"[\[<][A-Z]\w*[\]>]"
_TOKEN = re.compile(rf"(?P<hidden>{_PLACEHOLDER})|(?P<digits>\d+)|(?P<word>[^\W\d_]+)")
_COUNTED = re.compile(
    r"\s*(?:%|percent|(?:st|nd|rd|th)\b|(?:am|pm|a\.m|p\.m|o'?clock|hours?|minutes?|days?|weeks?"
    r"|months?|years?|times?|dollars?|euros?|pounds?|bucks|cents?|items?|pieces?|people)\b)",
    re.IGNORECASE,
)
_PRICED_OR_TIMED = re.compile(r"(?:[$€£]\s*|\d:)$")


@dataclass(frozen=True)
class SpokenNumber:
    """A number that was said.

    Parameters:
        digits: Its digits, "427"; or the placeholder that a redactor put in its place.
        start: Where it begins in the text.
        end: Where it ends.
    """

    digits: str
    start: int
    end: int

    @property
    def is_hidden(self) -> bool:
        """Whether a redactor put a placeholder in its place."""
        return not self.digits.isdecimal()


@dataclass
class _Token:
    digits: str | None
    value: int | None
    word: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        """Whether it is of a number, or of one that has begun."""
        return self.begins or self.value is not None or self.word in _SCALES

    @property
    def begins(self) -> bool:
        """Whether a number may begin with it."""
        return self.digits is not None or (self.value is not None and self.word not in ("o", "oh"))

    @property
    def is_digit(self) -> bool:
        """Whether it is a single digit, written or as a word."""
        return len(self.digits or "") == 1 or (self.value is not None and self.value < 10)


def spoken_numbers(text: str) -> list[SpokenNumber]:
    """Find the numbers in a text, in order.

    Args:
        text: What was said: "4-2-7", "427", "four two seven", "four hundred and twenty seven".
    """
    found = []
    for run in _runs(text):
        start, end = run[0].start, run[-1].end
        if _COUNTED.match(text, end) or _PRICED_OR_TIMED.search(text, 0, start):
            continue
        if re.match(r":\d", text[end : end + 2]):
            continue
        found.append(SpokenNumber(_digits(run), start, end))
    return found


def is_tag(value: str) -> bool:
    """Tell whether a value is what a redactor puts in the place of a number, or has one in it.

    Args:
        value: What was said for it.
    """
    return bool(re.search(_PLACEHOLDER, value))


def mask_numbers(text: str) -> str:
    """Put "#" in the place of each number, so that all numbers are alike.

    Args:
        text: What was said.
    """
    pieces, at = [], 0
    for number in spoken_numbers(text):
        # One is also a pronoun.
        if text[number.start : number.end].lower() == "one":
            continue
        pieces += [text[at : number.start], "#"]
        at = number.end
    return "".join(pieces) + text[at:]


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        word = match[0].lower()
        digits = match[0] if match["hidden"] or match["digits"] else None
        value = _VALUES.get(word) if match["word"] else None
        yield _Token(digits, value, word, match.start(), match.end())


def _runs(text: str) -> Iterator[list[_Token]]:
    """Neighbours that are read together: digits, number words, and what joins them."""
    run: list[_Token] = []
    loose: list[_Token] = []  # what may join the run to a number that follows
    word, before = "", 0
    for token in [*_tokens(text), _Token(None, None, "", len(text), len(text))]:
        if token.word == "one" and word in _BEFORE_A_PRONOUN:
            token.value = None
        near = not run or _are_near(text, (loose or run)[-1], token)
        if near and (token.is_number if run else token.begins):
            run, loose = [*run, *loose, token], []
        elif near and run and not loose and _joins(token.word, run[-1]):
            loose = [token]
        else:
            if run:
                yield run
            run = [token] if token.begins else []
            two = token.word in ("to", "too") and word in ("order", "number")  # "order to 7 1"
            zero = token.word in ("o", "oh") and word in ("order", "number", "is", "s")
            after_word = zero and not text[before : token.start].strip()  # no "Oh, four"
            loose = [token] if two or after_word or token.word in _REPEATS else []
        word, before = token.word, token.end


def _are_near(text: str, before: _Token, after: _Token) -> bool:
    between = text[before.end : after.start]
    if between == ".":  # "12.05"
        return before.digits is not None and after.digits is not None
    if between.strip() == ".":  # "Seven. Three."
        return before.is_digit and after.is_digit
    return not between.strip(" \t\n,#*-")


def _joins(word: str, before: _Token) -> bool:
    if word == "and":
        return before.word in _SCALES
    if word in _HOMOPHONES:
        return before.is_digit
    return word in _REPEATS


def _digits(run: list[_Token]) -> str:
    """The digits of a run: each number in it written out, one after the other."""
    pieces: list[str] = []
    total: int | None = None  # of the number word that is being read
    whole = 0
    repeat = 1

    def close() -> None:
        nonlocal total, whole
        if total is not None or whole:
            pieces.append(str(whole + (total or 0)))
        total, whole = None, 0

    for token in run:
        if token.word in _REPEATS:
            close()
            repeat = _REPEATS[token.word]
        elif token.word == "and":
            continue
        elif token.word in _SCALES:
            if total is None and not whole and pieces and pieces[-1].isdecimal():
                total = int(pieces.pop())
            scale = _SCALES[token.word]
            if scale == 1_000:
                whole, total = ((total or 0) + whole) * scale, None
            else:
                whole, total = whole + (total or 1) * scale, None
        elif token.value is not None:
            joins = total is not None and total >= 20 and total % 10 == 0 and 0 < token.value < 10
            if joins and total is not None:
                total += token.value
            elif whole and total is None and token.value < 100 and token.value:
                total = token.value
            else:
                close()
                total = token.value
            if repeat > 1:
                pieces.append(str(token.value) * repeat)
                total, whole, repeat = None, 0, 1
        elif whole and total is None and token.digits and len(token.digits) < 3:
            total = int(token.digits)
        else:
            close()
            written = token.digits or _HOMOPHONES[token.word]
            pieces.append(written * repeat)
            repeat = 1
    close()
    return "".join(pieces)
