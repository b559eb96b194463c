"""From text to spelled units: what was said, digit by digit and letter by letter, with offsets.

"double five oh, um, b as in boy" becomes the digits 55 and 0, a filler and the letter b, each with
the characters it stands on. A scanner over tokens: each is looked at a bounded number of times, so
the cost is linear in the text whatever it holds. Decides nothing about privacy.
"""

import re
from enum import IntEnum

from antiphon.processors.redaction.core.language import Language

__all__ = ["Scan", "Unit", "UnitKind", "scan"]

# Alternatives that exclude each other by their first character, with possessive quantifiers: the
# expression cannot backtrack.
TOKEN = re.compile(r"[^\W\d_]++|\d++|[^\s\w]|_")
NUMERIC = frozenset({"digit", "teen", "tens", "number"})
CURRENCY = frozenset("$€£¥")


class UnitKind(IntEnum):
    """What a unit is."""

    WORD = 0
    DIGITS = 1
    LETTERS = 2
    SYMBOL = 3
    FILLER = 4
    CORRECTION = 5
    CARDINAL = 6
    ORDINAL = 7
    MONTH = 8


class Unit:
    """A piece of speech that means something to a detector.

    Parameters:
        kind: What it is.
        value: The digits, letters or symbol meant, or the lower-case word.
        start: The first character it stands on.
        end: One past the last.
        spoken: Said as a word rather than written as a numeral or sign.
        sure: False where the reading as digit or letter needs a neighbour ("oh", "mike", "a").
    """

    __slots__ = ("end", "kind", "spoken", "start", "sure", "value")

    def __init__(
        self, kind: UnitKind, value: str, start: int, end: int, spoken: bool, sure: bool
    ) -> None:
        self.kind = kind
        self.value = value
        self.start = start
        self.end = end
        self.spoken = spoken
        self.sure = sure

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.start}-{self.end}>"


class Scan:
    """A text, its tokens in lower case with their offsets, and its units."""

    __slots__ = ("ends", "starts", "text", "units", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.units: list[Unit] = []
        for match in TOKEN.finditer(text):
            self.words.append(match.group().lower())
            self.starts.append(match.start())
            self.ends.append(match.end())


def scan(text: str, language: Language) -> Scan:
    """Read a text into units."""
    return _Scanner(Scan(text), language).run()


class _Scanner:
    """One pass over the tokens of one text."""

    def __init__(self, result: Scan, language: Language) -> None:
        self.scan = result
        self.words = result.words
        self.language = language

    def run(self) -> Scan:
        words, lexicon = self.words, self.language.lexicon
        phrases = self.language.phrases.by_first
        index, count = 0, len(words)
        while index < count:
            word = words[index]
            first = word[0]
            if first.isdecimal():
                index = self._numeral(index)
            elif word in phrases and (phrase := self.language.phrases.at(words, index)):
                size, entry = phrase
                if entry.kind == "letter" or entry.kind == "nato":
                    index = self._letter(index, size, entry.value, True)
                else:
                    index = self._add(_KINDS[entry.kind], entry.value or word, index, size)
            elif word in lexicon:
                index = self._known(index)
            elif len(word) == 1 and first.isalpha() and not self._ending(index):
                index = self._letter(index, 1, word, word not in "ai")
            elif first.isalpha():
                index = self._word(index)
            else:
                index = self._add(UnitKind.SYMBOL, word, index, 1, spoken=False)
        return self.scan

    def _ending(self, index: int) -> bool:
        """Whether a letter is the end of a contraction ("it's")."""
        return (
            index > 1
            and self.words[index - 1] in "'’"
            and self._glued(index - 1)
            and self._glued(index - 2)
        )

    def _add(
        self,
        kind: UnitKind,
        value: str,
        index: int,
        size: int,
        spoken: bool = True,
        sure: bool = True,
    ) -> int:
        found = self.scan
        last = index + size - 1
        found.units.append(Unit(kind, value, found.starts[index], found.ends[last], spoken, sure))
        return index + size

    def _glued(self, index: int) -> bool:
        """Whether the token after `index` starts where that one ends."""
        return index + 1 < len(self.words) and self.scan.starts[index + 1] == self.scan.ends[index]

    def _word(self, index: int) -> int:
        """A word, or letters that belong to a code: by digits, or a short group in capitals."""
        word = self.words[index]
        raw = self.scan.text[self.scan.starts[index] : self.scan.ends[index]]
        before = index > 0 and self._glued(index - 1) and self.words[index - 1][0].isdecimal()
        after = self._glued(index) and self.words[index + 1][0].isdecimal()
        if (before or after) and len(word) <= 34:
            return self._add(UnitKind.LETTERS, word, index, 1, spoken=False)
        if raw.isupper() and len(word) <= 5:
            units = self.scan.units
            near = bool(units) and units[-1].kind in (UnitKind.DIGITS, UnitKind.LETTERS)
            near = near or (index + 1 < len(self.words) and self.words[index + 1][0].isdecimal())
            if near:
                return self._add(UnitKind.LETTERS, word, index, 1, spoken=False, sure=False)
        kind = UnitKind.CARDINAL if self._compound(word) else UnitKind.WORD
        return self._add(kind, "" if kind is UnitKind.CARDINAL else word, index, 1)

    def _compound(self, word: str) -> bool:
        """A quantity written as one word ("neunzehnhundertachtzig")."""
        parts = self.language.compounds
        return any(word.endswith(p) or p in word[2:-3] for p in parts) if parts else False

    def _letter(self, index: int, size: int, value: str, sure: bool) -> int:
        """A letter, with its "as in boy" if that follows."""
        after = index + size
        if after < len(self.words) - 1:
            spelling = self.language.spelling.at(self.words, after)
            if spelling and after + spelling[0] < len(self.words):
                word = self.words[after + spelling[0]]
                if word.startswith(value) and len(word) > 1:
                    size += spelling[0] + 1
                    sure = True
        spoken = not (self._glued(index) and self.words[index + 1][0].isdecimal())
        return self._add(UnitKind.LETTERS, value, index, size, spoken=spoken, sure=sure)

    def _known(self, index: int) -> int:
        """A word of the lexicon."""
        word = self.words[index]
        kind, value = self.language.lexicon[word]
        if kind in NUMERIC or (kind == "zero" and len(word) > 1):
            return self._number(index)
        if kind == "zero":
            return self._add(UnitKind.DIGITS, "0", index, 1, sure=False)
        if kind == "repeat":
            return self._repeat(index, int(value))
        if kind == "nato":
            return self._letter(index, 1, value, False)
        if kind == "letter":
            return self._letter(index, 1, value, True)
        if kind == "multiplier":
            return self._add(UnitKind.CARDINAL, "", index, 1)
        return self._add(_KINDS[kind], value or word, index, 1)

    def _repeat(self, index: int, times: int) -> int:
        """Digits or letters said once for several: "double five", "triple x"."""
        if index + 1 < len(self.words):
            word = self.words[index + 1]
            entry = self.language.lexicon.get(word)
            if entry and entry.kind in ("digit", "zero"):
                return self._add(UnitKind.DIGITS, entry.value * times, index, 2)
            if len(word) == 1 and word.isalnum():
                kind = UnitKind.DIGITS if word.isdecimal() else UnitKind.LETTERS
                return self._add(kind, word * times, index, 2)
            if entry and entry.kind == "nato":
                return self._add(UnitKind.LETTERS, entry.value * times, index, 2)
        return self._add(UnitKind.WORD, self.words[index], index, 1)

    def _small(self, index: int) -> tuple[int, str]:
        """A number below one hundred in words: how many tokens it takes, and its digits."""
        words, lexicon = self.words, self.language.lexicon
        entry = lexicon.get(words[index]) if index < len(words) else None
        if entry is None or entry.kind not in NUMERIC:
            return 0, ""
        if entry.kind != "tens":
            return 1, entry.value
        after = index + 1
        joiner = self.language.tens_joiner
        if after < len(words) and (words[after] == "-" or (joiner and words[after] == joiner)):
            after += 1
        unit = lexicon.get(words[after]) if after < len(words) else None
        if unit and unit.kind == "digit" and unit.value != "0":
            return after - index + 1, entry.value[0] + unit.value
        return 1, entry.value

    def _number(self, index: int) -> int:
        """A number word: digits, unless a hundred or thousand makes a quantity of it."""
        words, lexicon = self.words, self.language.lexicon
        if lexicon[words[index]].kind == "zero":
            return self._add(UnitKind.DIGITS, "0", index, 1, sure=False)
        size, digits = self._small(index)
        after = index + size
        following = lexicon.get(words[after]) if after < len(words) else None
        if following and following.kind == "multiplier":
            return self._cardinal(index, after, digits)
        tens = size == 1 and lexicon[words[index]].kind == "tens"
        if tens and following and following.kind == "ordinal" and int(following.value) < 10:
            return self._add(UnitKind.ORDINAL, digits[0] + following.value, index, 2)
        return self._add(UnitKind.DIGITS, digits, index, size)

    def _cardinal(self, index: int, after: int, digits: str) -> int:
        """A quantity: "two hundred and fifty", "four thousand".

        A remainder is taken only if no other number follows it: in "eight hundred five five five"
        the fives are digits of a telephone number.
        """
        words, lexicon = self.words, self.language.lexicon
        zeros, remainder = 0, False
        while True:
            entry = lexicon.get(words[after]) if after < len(words) else None
            if entry and entry.kind == "multiplier":
                zeros = max(zeros, int(entry.value))
                after += 1
                continue
            peek = after
            if peek < len(words) and words[peek] == self.language.cardinal_joiner:
                peek += 1
            size, _ = self._small(peek)
            if not size:
                break
            follower = lexicon.get(words[peek + size]) if peek + size < len(words) else None
            if follower and (follower.kind in NUMERIC or follower.kind == "zero"):
                break
            remainder = True
            after = peek + size
            if not (follower and follower.kind == "multiplier"):
                break
        # A round one of a single digit may be part of a telephone number ("1 800", "5 thousand").
        round_digits = not remainder and len(digits) == 1 and zeros in (2, 3)
        value = digits + "0" * zeros if round_digits else ""
        return self._add(UnitKind.CARDINAL, value, index, after - index)

    def _numeral(self, index: int) -> int:
        """Digits as written, with what makes a time, price, ordinal or quantity of them."""
        words = self.words
        text, start = self.scan.text, self.scan.starts[index]
        word = words[index]
        glued = words[index + 1] if self._glued(index) else ""
        if glued in self.language.ordinal_suffixes and len(word) <= 2:
            return self._add(UnitKind.ORDINAL, word, index, 2, spoken=False)
        if (start and text[start - 1] in CURRENCY) or glued == "%":
            return self._add(UnitKind.CARDINAL, "", index, self._amount(index))
        if glued == ":" and len(word) <= 2 and (size := self._time(index)):
            return self._add(UnitKind.CARDINAL, "", index, size)
        if glued in (",", ".") and (size := self._amount(index)) > 1:
            return self._add(UnitKind.CARDINAL, "", index, size)
        following = words[index + 1] if index + 1 < len(words) else ""
        entry = self.language.lexicon.get(following)
        if entry and entry.kind == "multiplier" and not glued and len(word) <= 3:
            return self._cardinal(index, index + 1, word)
        return self._add(UnitKind.DIGITS, word, index, 1, spoken=False)

    def _time(self, index: int) -> int:
        """The tokens of a time as written (10:30, 12:30:45), or 0."""
        words, size = self.words, 1
        if index and words[index - 1] == ":" and self._glued(index - 1):
            return 0
        while (
            size < 7
            and self._glued(index + size - 1)
            and words[index + size] == ":"
            and self._glued(index + size)
            and len(words[index + size + 1]) == 2
            and words[index + size + 1].isdecimal()
        ):
            size += 2
        if size not in (3, 5) or (self._glued(index + size - 1) and words[index + size] == ":"):
            return 0
        return size

    def _amount(self, index: int) -> int:
        """The tokens of an amount as written (12,345.67 or 12345.67); 1 if it is a plain number."""
        words, size, thousands = self.words, 1, False
        if index and words[index - 1] in ".," and self._glued(index - 1):
            return 1
        while self._part(index + size, ",", 3):
            size += 2
            thousands = True
        decimals = self._part(index + size, ".", 1) or self._part(index + size, ".", 2)
        if decimals:
            size += 2
            if self._glued(index + size - 1) and words[index + size] in ".-":
                tail = index + size + 1
                if tail < len(words) and self._glued(index + size) and words[tail][0].isdecimal():
                    return 1
        if thousands and len(words[index]) > 3:
            return 1
        return size

    def _part(self, index: int, sign: str, digits: int) -> bool:
        """Whether at `index` there is `sign`, glued on both sides, and then so many digits."""
        return (
            index + 1 < len(self.words)
            and self.words[index] == sign
            and self._glued(index - 1)
            and self._glued(index)
            and len(self.words[index + 1]) == digits
            and self.words[index + 1].isdecimal()
        )


_KINDS = {
    "number": UnitKind.DIGITS,
    "word": UnitKind.WORD,
    "symbol": UnitKind.SYMBOL,
    "filler": UnitKind.FILLER,
    "correction": UnitKind.CORRECTION,
    "ordinal": UnitKind.ORDINAL,
    "month": UnitKind.MONTH,
    "multiplier": UnitKind.CARDINAL,
}
