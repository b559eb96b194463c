"""The tokens of a text in any script, and the units that a scanner makes of them."""

import re
import unicodedata

from antiphon.processors.redaction.core.scripts import CJK, LETTER, MARKS

__all__ = ["TOKEN", "Scan", "Unit", "UnitKind"]

# Alternatives that exclude each other by their first character, with possessive quantifiers: the
# expression cannot backtrack.
# What no eye sees belongs to the token before it: a card with a zero-width space in it is a card.
UNSEEN = "\u00ad\u200b-\u200f\u2060\ufeff"
TOKEN = re.compile(
    rf"((?:{LETTER}[{MARKS}]*+)++|[{CJK}]|\d++|[^\s\w{UNSEEN}&]|_|&(?!nbsp;))"
    rf"(?:[{UNSEEN}]|&nbsp;)*+"
)
# The same for a text that has nothing unseen in it.
SEEN_TOKEN = re.compile(r"([^\W\d_]++|\d++|[^\s\w]|_)")


class UnitKind:
    """What a unit is.

    No enumeration: Python 3.11 takes 0.2 µs to name a member of one, and a dozen are named for each
    word that is said.
    """

    WORD = "WORD"
    DIGITS = "DIGITS"
    LETTERS = "LETTERS"
    SYMBOL = "SYMBOL"
    FILLER = "FILLER"
    CORRECTION = "CORRECTION"
    CARDINAL = "CARDINAL"
    ORDINAL = "ORDINAL"
    MONTH = "MONTH"


class Unit:
    """A piece of speech that means something to a detector.

    Parameters:
        kind: What it is.
        value: The digits, letters or symbol meant, or the lower-case word.
        start: The first character it stands on.
        end: One past the last.
        spoken: Said as a word rather than written as a numeral or sign.
        sure: False where the reading as digit or letter needs a neighbour ("oh", "mike", "a").
        digits: Of a quantity, what it is if digits were meant: "5:06" is 506.
    """

    __slots__ = ("digits", "end", "kind", "spoken", "start", "sure", "value")

    def __init__(
        self,
        kind: str,
        value: str,
        start: int,
        end: int,
        spoken: bool,
        sure: bool,
        digits: str = "",
    ) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.end = end
        self.spoken = spoken
        self.sure = sure
        self.digits = digits

    def __repr__(self) -> str:
        return f"<{self.kind} {self.start}-{self.end}>"


class Scan:
    """A text, its tokens in lower case with their offsets, and its units."""

    __slots__ = ("ends", "starts", "text", "units", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.units: list[Unit] = []
        ascii = text.isascii()
        token = SEEN_TOKEN if ascii and "&" not in text else TOKEN
        for match in token.finditer(text):
            self.words.append(match[1].lower())
            self.starts.append(match.start())
            self.ends.append(match.end())
        if not ascii:
            self.words = [word if word.isascii() else _plain(word) for word in self.words]

    def glued(self, index: int) -> bool:
        """Whether the token after `index` starts where that one ends."""
        return index + 1 < len(self.words) and self.starts[index + 1] == self.ends[index]


def _plain(word: str) -> str:
    """A word whose accents are parts of its letters, a number in the digits of all."""
    if word.isdecimal():
        return "".join(str(unicodedata.decimal(c)) for c in word)
    return unicodedata.normalize("NFC", word)
