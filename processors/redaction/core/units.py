"""From text to spelled units: what was said, digit by digit and letter by letter, with offsets.

"double five oh, um, b as in boy" becomes the digits 55 and 0, a filler and the letter b, each with
the characters it stands on. A scanner over tokens: each is looked at a bounded number of times, so
the cost is linear in the text whatever it holds. Decides nothing about privacy.
"""

from antiphon.processors.redaction.core.language import Entry, Language, Numerals
from antiphon.processors.redaction.core.tokens import Scan, Unit, UnitKind
from antiphon.processors.redaction.core.written import amount_size, in_a_row, is_date, time_size

__all__ = ["JOINTS", "Scan", "Unit", "UnitKind", "scan"]

# Scripts in which a letter alone is a word.
FIRST_OF_NO_ALPHABET = "\u0900"
# Words that may be numbers, in a row, are.
FEWEST_LOOSE = 4
# As "duemila".
FEWEST_OF_A_COMPOUND = 7
# What stands between the words of a number.
JOINTS = frozenset(",-、，.")
# So many words are looked at for what stands beside a number.
MOST_BETWEEN = 8
# As long as a card, which nobody has in dollars.
FEWEST_OF_A_CARD = 13
NUMERIC = frozenset({"digit", "teen", "tens", "number"})
HUNDRED = Entry("multiplier", "2")
PAUSES = frozenset({"FILLER", "SYMBOL"})
CURRENCY = frozenset("$€£¥")


def scan(text: str | Scan, language: Language) -> Scan:
    """Read a text, or one that is cut into tokens already, into units."""
    return _Scanner(Scan(text) if isinstance(text, str) else text, language).run()


class _Scanner:
    """One pass over the tokens of one text."""

    def __init__(self, result: Scan, language: Language) -> None:
        self.scan = result
        self.words = result.words
        self.language = language
        # The last token of a number of several words, or of one that may be another word.
        self._number_end = -1
        # And of any number.
        self._digits_end = -1

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
        loose, own = self.language.loose, numerals is self.language.numerals
        if (before := self._number_before()) >= 0:
            if before == self._number_end:
                return True
            # "3, sei", but not the particle of "3に".
            if words[index] not in self.language.phrases.by_first and self._number_follows(index):
                return True
            if own and words[before].isdecimal():
                return before < index - 1 or not self.scan.glued(before)
            if (words[before],) in numerals.all and words[before] not in loose:
                return True
        while index < min(len(words), begin + MOST_BETWEEN) and chain < FEWEST_LOOSE:
            if words[index] in JOINTS:
                index += 1
                continue
            pause = self.language.phrases.at(words, index)
            if pause and pause[1].kind == "filler" and index > begin:
                index += pause[0]
                continue
            if own and words[index].isdecimal():
                return not self.scan.glued(index - 1)
            found = numerals.phrases.at(words, index)
            if not found:
                return False
            if words[index] not in loose:
                return True
            chain += 1
            index += found[0]
        # "Um um um um" counts nothing.
        return chain >= FEWEST_LOOSE and len({w for w in words[begin:index] if w in loose}) > 1

    def _number_before(self) -> int:
        """The last token of the number before, if but pauses stand between; else -1."""
        for unit in self.scan.units[: -MOST_BETWEEN - 1 : -1]:
            if unit.kind is UnitKind.DIGITS:
                return self._digits_end
            if unit.kind not in PAUSES:
                break
        return -1

    def _number_follows(self, index: int) -> bool:
        """Whether the next word is a number, of whatever language."""
        following = [word for word in self.words[index + 1 : index + 3] if word not in JOINTS]
        entry = self.language.lexicon.get(following[0]) if following else None
        return entry is not None and entry.kind in NUMERIC

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
        if kind is UnitKind.DIGITS:
            self._digits_end = index + size - 1
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
        for numerals in self.language.compounding if len(word) >= FEWEST_OF_A_COMPOUND else ():
            if amount := numerals.compound(word):
                return self._add(UnitKind.CARDINAL, "", index, 1, digits=str(amount))
        return self._add(UnitKind.WORD, word, index, 1)

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
        if kind == "hundred":
            return self._cardinal(index, index + 1, value)
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
        if kind == "multiplier" and word in self.language.implied:
            return self._cardinal(index, index, "1", implied=True)
        if kind == "multiplier":
            return self._add(UnitKind.CARDINAL, "", index, 1)
        return self._add(_KINDS[kind], value or word, index, 1)

    def _repeat(self, index: int, times: int, size: int = 1) -> int:
        """Digits or letters said once for several: "double five", "triple x"."""
        after = index + size
        if after < len(self.words):
            word = self.words[after]
            # Beside "double" even a word that may be another is a number.
            entry = self.language.lexicon.get(word) or self.language.numerals.all.get((word,))
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
        if index < len(words) and words[index] in self.language.phrases.by_first:
            phrase = self.language.phrases.at(words, index)
            if phrase and phrase[1].kind == "number":
                return phrase[0], phrase[1].value
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

    def _cardinal(self, index: int, after: int, digits: str, *, implied: bool = False) -> int:
        """A quantity: "two hundred and fifty", "four thousand".

        A remainder is taken only if no other number follows it: in "eight hundred five five five"
        the fives are digits of a telephone number.
        """
        words, lexicon = self.words, self.language.lexicon
        zeros, remainder, total, current = 0, False, 0, int(digits)
        while True:
            entry = lexicon.get(words[after]) if after < len(words) else None
            if entry and entry.kind == "multiplier" and not (entry == HUNDRED and current > 99):
                zeros = max(zeros, int(entry.value))
                current = max(current, 1) * 10 ** int(entry.value)
                if int(entry.value) > 2:
                    total, current = total + current, 0
                after += 1
                continue
            if entry and entry.kind == "hundred" and not current:
                current, remainder = int(entry.value), True
                after += 1
                continue
            peek = after
            if peek < len(words) and words[peek] == self.language.cardinal_joiner:
                peek += 1
            size, more = self._small(peek)
            if not size:
                break
            follower = lexicon.get(words[peek + size]) if peek + size < len(words) else None
            more_digits = follower and (follower.kind in NUMERIC or follower.kind == "zero")
            if more_digits and peek == after:
                break
            if (
                follower
                and follower.value == "2"
                and follower.kind == "multiplier"
                and current > 99
            ):
                break  # "three hundred four hundred"
            remainder = True
            current += int(more)
            after = peek + size
            if not (follower and follower.kind == "multiplier"):
                break
        # A round one of a single digit may be part of a telephone number ("1 800", "5 thousand").
        round_digits = not (remainder or implied) and len(digits) == 1 and zeros in (2, 3)
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
            if len(digits) >= FEWEST_OF_A_CARD or in_a_row(text, start):
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
