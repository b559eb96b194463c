"""Language tables: the number words, spelling words and cues of one language, from a JSON file.

The tables are data to be reviewed by speakers, not code; see `languages/`. Each is read once per
process. A caller may go over to another language in the middle of a number, so each knows the
number words of the others as well.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import product
from typing import Any, NamedTuple

from antiphon.processors.redaction.core.scripts import plain, split, spoken_script
from antiphon.processors.redaction.core.tagger import load_tagger

__all__ = ["LANGUAGES", "Entry", "Language", "Numerals", "has_table", "load_language"]

FOLDER = os.path.join(os.path.dirname(__file__), "languages")
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "hi", "ja", "zh")
# The tables of number words, and of what multiplies or repeats them.
NUMBERS = ("digits", "teens", "tens", "numbers", "hundreds")
SMALL = frozenset({"digit", "teen", "tens", "number"})
TIMES = ("multipliers", "repeats")
# Cues for these are looked for in every language; others are words of too many meanings.
ASKED_ANYWHERE = frozenset({"CREDIT_CARD", "CVV", "PIN", "PHONE_NUMBER", "NATIONAL_ID"})
FEWEST_OF_A_CUE = 5
# One foreign word does not make a text foreign.
FEWEST_VOTES = 2


class Entry(NamedTuple):
    """What a word means to the scanner.

    Parameters:
        kind: One of `digit`, `teen`, `tens`, `number`, `hundred`, `zero`, `multiplier`, `repeat`,
            `ordinal`, `month`, `nato`, `letter`, `symbol`, `filler`, `correction`, `word`.
        value: The digits, letter or symbol meant; empty where it has none.
    """

    kind: str
    value: str


class Phrases:
    """Multi-word phrases, found by their first word; the longest wins."""

    def __init__(self) -> None:
        self.by_first: dict[str, list[tuple[tuple[str, ...], Any]]] = {}

    def add(self, phrase: str, value: Any) -> None:
        """Add a phrase of one or more words, which means `value`."""
        self.put(split(phrase), value)

    def put(self, words: tuple[str, ...], value: Any) -> None:
        """Add a phrase by its tokens."""
        options = self.by_first.setdefault(words[0], [])
        at = len(options)
        while at and len(options[at - 1][0]) < len(words):
            at -= 1
        options.insert(at, (words, value))

    def drop(self, words: tuple[str, ...]) -> None:
        """Leave a phrase out again."""
        options = self.by_first.get(words[0], [])
        self.by_first[words[0]] = [option for option in options if option[0] != words]

    def at(self, words: list[str], index: int) -> tuple[int, Any] | None:
        """The phrase that starts at `index`: how many words it takes, and its value."""
        for option, value in self.by_first.get(words[index], ()):
            size = len(option)
            if size == 1 or tuple(words[index : index + size]) == option:
                return size, value
        return None


class Numerals:
    """The number words of one language.

    Parameters:
        all: By the tokens of each.
        phrases: The same, to be found in a text.
        compounds: The parts by which a quantity is known that is written as one word.
        loose: Those of them that are ordinary words as well.
    """

    def __init__(self, code: str) -> None:
        table = _table(code)
        self.all: dict[tuple[str, ...], Entry] = {}
        self.loose = frozenset(map(split, table["loose"]))
        for name in (*NUMBERS, *TIMES):
            kind = name if name == "tens" else name[:-1]
            for word, value in table[name].items():
                for written in (word, *plain(word)):
                    self.all.setdefault(split(written), Entry(kind, str(value)))
        joiner = table["tens_joiner"]
        for tens, value in table["tens"].items() if joiner else ():
            for digit, unit in table["digits"].items():
                if unit != "0":
                    number = Entry("number", f"{value[0]}{unit}")
                    self.all[(tens, joiner, digit)] = number
        for phrase, (kind, value) in table["phrases"].items():
            if kind == "number":
                for words in _hyphenated(phrase):
                    self.all[words] = Entry(kind, value)
        for word in table["zeros"]:
            if len(word) > 1:
                self.all[word,] = Entry("zero", "0")
        self.compounds: tuple[str, ...] = tuple(table["compounds"])
        self._joiner: str = table["cardinal_joiner"]
        self.phrases = Phrases()
        for words, entry in self.all.items():
            self.phrases.put(words, entry)

    def compound(self, word: str) -> int:
        """A quantity written as one word ("neunzehnhundertachtzig"); 0 if it is none."""
        for part in self.compounds:
            head, found, tail = word.partition(part)
            if found:
                many = self.compound(head) if head else 1
                rest = self.compound(tail.removeprefix(self._joiner))
                if not many or (tail and not rest):
                    return 0
                size: int = 10 ** int(self.all[part,].value)
                return many * size + rest
        entry = self.all.get((word,))
        return int(entry.value) if entry and entry.kind in SMALL else 0


class Language:
    """One language's tables, arranged for look-up by the word as it stands in lower case."""

    def __init__(self, code: str, table: dict[str, Any]) -> None:
        self.code = code
        self.lexicon: dict[str, Entry] = {}
        self.phrases = Phrases()
        for kind in (*NUMBERS, "ordinals", "nato", "letters"):
            name = {"tens": "tens", "nato": "nato"}.get(kind, kind[:-1])
            for word, value in table[kind].items():
                self._add(word, Entry(name, str(value)))
        for word in table["zeros"]:
            self._add(word, Entry("zero", "0"))
        for word, size in table["multipliers"].items():
            self._add(word, Entry("multiplier", str(size)))
        for word, times in table["repeats"].items():
            self._add(word, Entry("repeat", str(times)))
        for word in table["months"]:
            self._add(word, Entry("month", word))
        for word, symbol in table["symbols"].items():
            self._add(word, Entry("symbol", symbol))
        for phrase, (kind, value) in table["phrases"].items():
            for words in _hyphenated(phrase):
                self.phrases.put(words, Entry(kind, value))
        for kind in ("fillers", "corrections"):
            for phrase in _unaccented(table[kind]):
                self.phrases.add(phrase, Entry(kind[:-1], ""))
        self.conjunctions = frozenset(table["conjunctions"])
        self.amends = frozenset(table.get("amends", ()))
        self.joins = frozenset(table.get("joins", table["conjunctions"]))
        self.months = frozenset(table["months"])
        self.spells = frozenset(table.get("spells", ()))
        self.homophones: dict[str, str] = table.get("homophones", {})
        self.identities = frozenset(table.get("identities", ()))
        self.things = frozenset(table.get("things", ()))
        self.things_of = frozenset(table.get("things_of", ()))
        # Multipliers that may begin a number: "cent dix".
        self.implied = frozenset(table["implied"])
        self.tens_joiner: str = table["tens_joiner"]
        self.cardinal_joiner: str = table["cardinal_joiner"]
        self.ordinal_suffixes = frozenset(table["ordinal_suffixes"])
        self.clock = self._phrases(table["clock"])
        self.measures = self._phrases(table["measures"])
        self.backchannels = frozenset(" ".join(split(p)) for p in table["backchannels"])
        self.lead_ins = self._words(table["lead_ins"])
        self.requests = self._words(table["requests"])
        self.extensions = frozenset(table["extensions"])
        self.continuations = self._phrases(table["continuations"])
        self.states = self._words(table["states"])
        self.payments = self._words(table["payments"])
        self.titles = frozenset(table["titles"])
        self.name_introductions = self._phrases(table["name_introductions"])
        self.street_words = frozenset(table["street_words"])
        self.common = frozenset(_unaccented(table["common"]))
        # Months but for those that are other words as often.
        self.dates = self.months - self.common
        self.spelling = self._phrases(table["spelling"])
        self.cues = Phrases()
        for kind, phrases in table["cues"].items():
            for phrase in _unaccented(phrases):
                self.cues.add(phrase, kind)
        for phrase in _unaccented(table["negative"]):
            self.cues.add(phrase, "")
        # With the tables, as reading it takes longer than an utterance may.
        self.tagger = load_tagger(self)  # pyright: ignore[reportArgumentType]
        self.numerals = _numerals(code)
        every = (self.numerals, *(_numerals(other) for other in LANGUAGES if other != code))
        # Those in which a quantity is one word.
        self.compounding = tuple(numerals for numerals in every if numerals.compounds)
        self._vocabulary = _vocabulary(code)
        # What may be a number beside another: by its first token, the languages it is one of.
        self.loose: dict[str, tuple[Numerals, ...]] = {}
        self._foreign: dict[str, tuple[str, ...]] = {}
        self._learn(table["homographs"])

    def of(
        self,
        text: str,
        words: Sequence[str],
        asked: "Language | None" = None,
        *,
        fewest: int = FEWEST_VOTES,
    ) -> "Language":
        """The language that a text is in: this one, unless its words are plainly of another.

        Args:
            text: The text.
            words: Its tokens in lower case.
            asked: That of the question before it, in which most answer.
            fewest: How many words of another must be in it.
        """
        if not text.isascii() and (script := spoken_script(text)):
            # A Japanese text may be without kana.
            return self if script == "zh" and self.code == "ja" else load_language(script)
        votes: Counter[str] = Counter()
        for word in words:
            if word in self._foreign:
                votes.update(self._foreign[word])
        if asked is not None and asked is not self:
            votes[asked.code] += 1
            fewest = 1
            words = [word for word in words if len(word) > 1]  # "j e a n point" is spelt
        code, most = votes.most_common(1)[0] if votes else ("", 0)
        if most < fewest:
            return self
        other = load_language(code)
        # "Code", "mail" and "SMS" are words of both.
        own = sum(word in self._vocabulary and word not in other._vocabulary for word in words)
        return other if most > own else self

    def _add(self, word: str, entry: Entry) -> None:
        for written in (word, *plain(word)):
            self._put(split(written), entry)

    def _put(self, tokens: tuple[str, ...], entry: Entry) -> None:
        """Add a word; one that is several tokens is a phrase."""
        if len(tokens) == 1:
            self.lexicon.setdefault(tokens[0], entry)
        else:
            kind = "number" if entry.kind in ("digit", "teen", "tens") else entry.kind
            self.phrases.put(tokens, Entry(kind, entry.value))

    def _learn(self, homographs: Iterable[str]) -> None:
        """Learn the number words, the pauses and the cues of the other languages."""
        ordinary = self._vocabulary | frozenset(homographs)
        mine = frozenset(self.lexicon)
        for code in LANGUAGES:
            numerals = _numerals(code)
            loose = {tokens[0] for tokens in numerals.loose}
            if code != self.code:
                loose |= {tokens[0] for tokens, e in numerals.all.items() if e.kind == "zero"}
            for tokens, entry in numerals.all.items() if code != self.code else ():
                first = tokens[0]
                if first in mine and len(tokens) == 1:
                    same = self.lexicon[first].value == entry.value
                    loose |= set() if same else {first}
                elif first in ordinary and first not in mine:
                    loose.add(first)
                elif first not in loose:
                    self._put(tokens, entry)
            for tokens in numerals.loose if code == self.code else ():
                self.lexicon.pop(" ".join(tokens), None)
                self.phrases.drop(tokens)
            for first in loose:
                self.loose[first] = (*self.loose.get(first, ()), numerals)
            for month in _table(code)["months"] if code != self.code else ():
                if month not in ordinary and len(month) >= FEWEST_OF_A_CUE:
                    self._add(month, Entry("month", month))
            for phrase in _table(code)["fillers"] if code != self.code else ():
                words = split(phrase)
                known = words[0] in mine or ordinary.issuperset(words)
                if not known and len(phrase) > 1 and not self.phrases.at([*words], 0):
                    self.phrases.put(words, Entry("filler", ""))
            for word in _vocabulary(code) - ordinary if code != self.code else ():
                self._foreign[word] = (*self._foreign.get(word, ()), code)
            for kind, phrases in _table(code)["cues"].items() if code != self.code else ():
                for phrase in phrases if kind in ASKED_ANYWHERE else ():
                    words = split(phrase)
                    if len(words[0]) >= FEWEST_OF_A_CUE and ordinary.isdisjoint(words):
                        self.cues.put(words, kind)

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """The beginnings of all words that mean something to the scanner."""
        words = {*self.lexicon, *self.phrases.by_first, *self.extensions, *self.loose}
        return frozenset(w[:n] for w in words for n in range(1, len(w) + 1))

    @staticmethod
    def _words(phrases: list[str]) -> frozenset[str]:
        return frozenset(w for p in _unaccented(phrases) for w in split(p))

    @staticmethod
    def _phrases(phrases: list[str]) -> Phrases:
        found = Phrases()
        for phrase in _unaccented(phrases):
            found.add(phrase, phrase)
        return found


def has_table(code: str) -> bool:
    """Whether a language has a table of its own; a region is ignored ("en-GB" is "en")."""
    return _short(code) in LANGUAGES


@cache
def load_language(code: str) -> Language:
    """Load a language's tables, once per process.

    Args:
        code: An ISO 639 code; a region is ignored ("en-GB" is "en"). A language without a table is
            read with the English one: ask `has_table`.

    Raises:
        ValueError: If it is no code of a language.
    """
    short = _short(code)
    if not (short.isascii() and short.isalpha() and len(short) in (2, 3)):
        raise ValueError(f"{code!r} is no language; it must be a code as {', '.join(LANGUAGES)}")
    if short != code:
        return load_language(short)
    return Language(short, _table(short)) if short in LANGUAGES else load_language("en")


def _short(code: str) -> str:
    return code.replace("_", "-").split("-")[0].lower()


@cache
def _table(code: str) -> dict[str, Any]:
    with open(os.path.join(FOLDER, f"{code}.json"), encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table


@cache
def _numerals(code: str) -> Numerals:
    return Numerals(code)


@cache
def _vocabulary(code: str) -> frozenset[str]:
    """The words of a language by which it is known."""
    table = _table(code)
    phrases = [phrase for listed in table["cues"].values() for phrase in listed]
    for name in ("common", "lead_ins", "requests", "negative", "fillers", "measures", "months"):
        phrases += table[name]
    phrases += [word for name in NUMBERS for word in table[name]]
    return frozenset(w for p in _unaccented(phrases) for w in split(p))


def _unaccented(phrases: Iterable[str]) -> Iterator[str]:
    """Phrases, and how else they are written."""
    for phrase in phrases:
        yield phrase
        if phrase.isascii():
            continue
        words = [(word, *plain(word)[:1]) for word in phrase.split()]
        if any(len(forms) > 1 for forms in words):
            yield " ".join(forms[-1] for forms in words)


def _hyphenated(phrase: str) -> Iterator[tuple[str, ...]]:
    """The tokens of a phrase with each of its spaces as a hyphen or not."""
    words = split(phrase)
    if len(words) == len(phrase):  # a script without spaces
        yield words
        return
    for joints in product(((), ("-",)), repeat=len(words) - 1):
        yield sum(
            ((*joint, word) for joint, word in zip(joints, words[1:], strict=True)), words[:1]
        )
