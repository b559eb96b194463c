"""From text to spelled units: what was said, digit by digit and letter by letter, with offsets.

"double five oh, um, b as in boy" becomes the digits 55 and 0, a filler and the letter b, each with
the characters it stands on. A scanner over tokens: each is looked at a bounded number of times, so
the cost is linear in the text whatever it holds. Decides nothing about privacy.
"""

import re
import unicodedata

from antiphon.processors.redaction.core.language import Entry, Language, Numerals
from antiphon.processors.redaction.core.scripts import CJK, LETTER, MARKS
from antiphon.processors.redaction.core.written import amount_size, is_date, time_size

__all__ = ["Scan", "Unit", "UnitKind", "scan"]

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
# Scripts in which a letter alone is a word.
FIRST_OF_NO_ALPHABET = "\u0900"
# Words that may be numbers, in a row, are.
FEWEST_LOOSE = 4
# As long as a card, which nobody has in dollars.
FEWEST_OF_A_CARD = 13
NUMERIC = frozenset({"digit", "teen", "tens", "number"})
CURRENCY = frozenset("$€£¥")


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


def scan(text: str | Scan, language: Language) -> Scan:
    """Read a text, or one that is cut into tokens already, into units."""
    return _Scanner(Scan(text) if isinstance(text, str) else text, language).run()


def _plain(word: str) -> str:
    """A word whose accents are parts of its letters, a number in the digits of all."""
    if word.isdecimal():
        return "".join(str(unicodedata.decimal(c)) for c in word)
    return unicodedata.normalize("NFC", word)


class _Scanner:
    """One pass over the tokens of one text."""

    def __init__(self, result: Scan, language: Language) -> None:
        self.scan = result
        self.words = result.words
        self.language = language
        # The last token of a number of several words, or of one that may be another word.
        self._number_end = -1

    def run(self) -> Scan:
        words, lexicon, loose = self.words, self.language.lexicon, self.language.loose
        phrases = self.language.phrases.by_first
        index, count = 0, len(words)
        while index < count:
            word = words[index]
            first = word[0]
            if first.isdecimal():
                index = self._numeral(index)
            elif word in loose and (found := self._loose(index)):
                index = self._numbered(index, *found)
            elif word == "no" and self._country(index):
                index = self._add(UnitKind.LETTERS, word, index, 1, spoken=False, sure=False)
            elif word in phrases and (phrase := self.language.phrases.at(words, index)):
                size, entry = phrase
                if entry.kind == "letter" or entry.kind == "nato":
                    index = self._letter(index, size, entry.value, True)
                elif entry.kind == "number" or entry.kind == "repeat":
                    index = self._numbered(index, size, entry)
                else:
                    index = self._add(_KINDS[entry.kind], entry.value or word, index, size)
            elif word in lexicon:
                index = self._known(index)
            elif (
                len(word) == 1
                and first.isalpha()
                and first < FIRST_OF_NO_ALPHABET
                and not self._ending(index)
            ):
                index = self._letter(index, 1, word, word not in "ai")
            elif first.isalpha():
                index = self._word(index)
            else:
                index = self._add(UnitKind.SYMBOL, word, index, 1, spoken=False)
        return self.scan

    def _loose(self, index: int) -> tuple[int, Entry] | None:
        """The number that a word is which may be another word, if others stand beside it."""
        for numerals in self.language.loose[self.words[index]]:
            found = numerals.phrases.at(self.words, index)
            if found and found[1].kind != "multiplier" and self._beside(index, numerals):
                return found
        return None

    def _beside(self, index: int, numerals: Numerals) -> bool:
        """Whether a number of a language stands before or after a word that may be one of it."""
        words, begin, chain = self.words, index, 0
        before = index - 1
        while before >= 0 and index - before < 3 and words[before] in ",-、":
            before -= 1
        if before == self._number_end and before >= 0:
            return True
        loose = self.language.loose
        if before >= 0 and (words[before],) in numerals.all and words[before] not in loose:
            return True
        while index < len(words) and chain < FEWEST_LOOSE:
            if words[index] in ",-、":
                index += 1
                continue
            found = numerals.phrases.at(words, index)
            if not found:
                return False
            if words[index] not in loose:
                return True
            chain += 1
            index += found[0]
        # "Um um um um" counts nothing.
        return chain >= FEWEST_LOOSE and len(set(words[begin:index]) - {",", "-", "、"}) > 1

    def _numbered(self, index: int, size: int, entry: Entry) -> int:
        """A number, or what repeats the next, of any language."""
        self._number_end = index + size - 1
        if entry.kind == "repeat":
            return self._repeat(index, int(entry.value), size)
        return self._add(UnitKind.DIGITS, entry.value, index, size)

    def _country(self, index: int) -> bool:
        """Whether it is the NO of a Norwegian account ("NO93 8601 1117 947"), not a correction."""
        begin, end = self.scan.starts[index], self.scan.ends[index]
        if index + 1 >= len(self.words):
            return False
        following = self.words[index + 1]
        written = self.scan.text[begin:end].isupper() and len(following) in (2, 4, 13)
        return following.isdecimal() and (written or self.scan.glued(index))

    def _ending(self, index: int) -> bool:
        """Whether a letter is the end of a contraction ("it's")."""
        return (
            index > 1
            and self.words[index - 1] in "'’"
            and self.scan.glued(index - 1)
            and self.scan.glued(index - 2)
        )

    def _add(
        self,
        kind: str,
        value: str,
        index: int,
        size: int,
        spoken: bool = True,
        sure: bool = True,
        digits: str = "",
    ) -> int:
        found = self.scan
        start, end = found.starts[index], found.ends[index + size - 1]
        found.units.append(Unit(kind, value, start, end, spoken, sure, digits))
        return index + size

    def _quantity(self, index: int, size: int) -> int:
        """What is written as a time, a price or an amount, and its digits."""
        digits = "".join(w for w in self.words[index : index + size] if w.isdecimal())
        return self._add(UnitKind.CARDINAL, "", index, size, spoken=False, digits=digits)

    def _word(self, index: int) -> int:
        """A word, or letters that belong to a code: by digits, or a short group in capitals."""
        word = self.words[index]
        found = self.scan
        before = index > 0 and self.words[index - 1].isdecimal()
        after = index + 1 < len(self.words) and self.words[index + 1].isdecimal()
        glued = (before and found.glued(index - 1)) or (after and found.glued(index))
        if glued and len(word) <= 34:
            return self._add(UnitKind.LETTERS, word, index, 1, spoken=False)
        if len(word) <= 5 and found.text[found.starts[index] : found.ends[index]].isupper():
            units = found.units
            if after or (units and units[-1].kind in (UnitKind.DIGITS, UnitKind.LETTERS)):
                return self._add(UnitKind.LETTERS, word, index, 1, spoken=False, sure=False)
        if self._compound(word):
            return self._add(UnitKind.CARDINAL, "", index, 1)
        return self._add(UnitKind.WORD, word, index, 1)

    def _compound(self, word: str) -> bool:
        """A quantity written as one word ("neunzehnhundertachtzig")."""
        parts = self.language.compounds
        return bool(parts) and any(word.endswith(p) or p in word[2:-3] for p in parts)

    def _letter(self, index: int, size: int, value: str, sure: bool) -> int:
        """A letter, with its "as in boy" if that follows."""
        if named := self._named(index + size, value):
            size += named
            sure = True
        spoken = not (self.scan.glued(index) and self.words[index + 1][0].isdecimal())
        return self._add(UnitKind.LETTERS, value, index, size, spoken=spoken, sure=sure)

    def _named(self, index: int, letter: str) -> int:
        """The tokens of an "as in boy" that is at `index`, or 0."""
        if index >= len(self.words) - 1:
            return 0
        spelling = self.language.spelling.at(self.words, index)
        if not spelling or index + spelling[0] >= len(self.words):
            return 0
        word = self.words[index + spelling[0]]
        return spelling[0] + 1 if word.startswith(letter) and len(word) > 1 else 0

    def _known(self, index: int) -> int:
        """A word of the lexicon."""
        word = self.words[index]
        kind, value = self.language.lexicon[word]
        if kind in NUMERIC or (kind == "zero" and len(word) > 1):
            return self._number(index)
        if kind == "zero":
            if len(word) == 1 and self._named(index + 1, word):
                return self._letter(index, 1, word, True)
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

    def _repeat(self, index: int, times: int, size: int = 1) -> int:
        """Digits or letters said once for several: "double five", "triple x"."""
        after = index + size
        if after < len(self.words):
            word = self.words[after]
            entry = self.language.lexicon.get(word)
            if entry and entry.kind in ("digit", "zero"):
                sure = entry.kind == "digit" or len(word) > 1
                return self._add(UnitKind.DIGITS, entry.value * times, index, size + 1, sure=sure)
            if len(word) == 1 and word.isalnum():
                kind = UnitKind.DIGITS if word.isdecimal() else UnitKind.LETTERS
                return self._add(kind, word * times, index, size + 1)
            if entry and entry.kind == "nato":
                return self._add(UnitKind.LETTERS, entry.value * times, index, size + 1)
        return self._add(UnitKind.WORD, self.words[index], index, size)

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
        zeros, remainder, total, current = 0, False, 0, int(digits)
        while True:
            entry = lexicon.get(words[after]) if after < len(words) else None
            if entry and entry.kind == "multiplier":
                zeros = max(zeros, int(entry.value))
                current *= 10 ** int(entry.value)
                if int(entry.value) > 2:
                    total, current = total + current, 0
                after += 1
                continue
            peek = after
            if peek < len(words) and words[peek] == self.language.cardinal_joiner:
                peek += 1
            size, more = self._small(peek)
            if not size:
                break
            follower = lexicon.get(words[peek + size]) if peek + size < len(words) else None
            if follower and (follower.kind in NUMERIC or follower.kind == "zero"):
                break
            remainder = True
            current += int(more)
            after = peek + size
            if not (follower and follower.kind == "multiplier"):
                break
        # A round one of a single digit may be part of a telephone number ("1 800", "5 thousand").
        round_digits = not remainder and len(digits) == 1 and zeros in (2, 3)
        value = digits + "0" * zeros if round_digits else ""
        meant = str(total + current)
        return self._add(UnitKind.CARDINAL, value, index, after - index, digits=meant)

    def _numeral(self, index: int) -> int:
        """Digits as written, with what makes a time, price, ordinal or quantity of them."""
        words = self.words
        text, start = self.scan.text, self.scan.starts[index]
        word = words[index]
        glued = words[index + 1] if self.scan.glued(index) else ""
        if glued in self.language.ordinal_suffixes and len(word) <= 2:
            return self._add(UnitKind.ORDINAL, word, index, 2, spoken=False)
        if (start and text[start - 1] in CURRENCY) or glued == "%":
            return self._quantity(index, amount_size(self.scan, index))  # pyright: ignore[reportArgumentType]
        if glued in ("-", "/", ".") and is_date(text, start):
            return self._add(UnitKind.CARDINAL, "", index, 5, spoken=False)
        if glued == ":" and len(word) <= 2 and (size := time_size(self.scan, index)):  # pyright: ignore[reportArgumentType]
            return self._quantity(index, size)
        if glued in (",", ".") and (size := amount_size(self.scan, index)) > 1:  # pyright: ignore[reportArgumentType]
            digits = "".join(words[index : index + size : 2])
            if len(digits) >= FEWEST_OF_A_CARD:
                return self._add(UnitKind.DIGITS, digits, index, size, spoken=False)
            return self._quantity(index, size)
        following = words[index + 1] if index + 1 < len(words) else ""
        entry = self.language.lexicon.get(following)
        if entry and entry.kind == "multiplier" and not glued and len(word) <= 3:
            return self._cardinal(index, index + 1, word)
        return self._add(UnitKind.DIGITS, word, index, 1, spoken=False)


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
