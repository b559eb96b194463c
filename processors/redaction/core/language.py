"""Language tables: the number words, spelling words and cues of one language, from a JSON file.

The tables are data to be reviewed by speakers, not code; see `languages/`. A table is read once per
process.
"""

import json
import os
from functools import cache, cached_property
from typing import Any, NamedTuple

from antiphon.processors.redaction.core.tagger import load_tagger

__all__ = ["LANGUAGES", "Entry", "Language", "load_language"]

FOLDER = os.path.join(os.path.dirname(__file__), "languages")
LANGUAGES = ("en", "es", "fr", "de")


class Entry(NamedTuple):
    """What a word means to the scanner.

    Parameters:
        kind: One of `digit`, `teen`, `tens`, `number`, `zero`, `multiplier`, `repeat`, `ordinal`,
            `month`, `nato`, `letter`, `symbol`, `filler`, `correction`, `word`.
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
        self.put(tuple(phrase.replace("'", " ").replace("-", " ").split()), value)

    def put(self, words: tuple[str, ...], value: Any) -> None:
        """Add a phrase by its tokens."""
        options = self.by_first.setdefault(words[0], [])
        options.append((words, value))
        options.sort(key=lambda option: -len(option[0]))

    def at(self, words: list[str], index: int) -> tuple[int, Any] | None:
        """The phrase that starts at `index`: how many words it takes, and its value."""
        for option, value in self.by_first.get(words[index], ()):
            size = len(option)
            if size == 1 or tuple(words[index : index + size]) == option:
                return size, value
        return None


class Language:
    """One language's tables, arranged for look-up by the word as it stands in lower case."""

    def __init__(self, code: str, table: dict[str, Any]) -> None:
        self.code = code
        self.lexicon: dict[str, Entry] = {}
        put = self.lexicon.setdefault
        for kind in ("digits", "teens", "tens", "numbers", "ordinals", "nato", "letters"):
            name = {"tens": "tens", "nato": "nato"}.get(kind, kind[:-1])
            for word, value in table[kind].items():
                put(word, Entry(name, str(value)))
        for word in table["zeros"]:
            put(word, Entry("zero", "0"))
        for word, size in table["multipliers"].items():
            put(word, Entry("multiplier", str(size)))
        for word, times in table["repeats"].items():
            put(word, Entry("repeat", str(times)))
        for word in table["months"]:
            put(word, Entry("month", word))
        for word, symbol in table["symbols"].items():
            put(word, Entry("symbol", symbol))
        self.phrases = Phrases()
        for phrase, (kind, value) in table["phrases"].items():
            self.phrases.add(phrase, Entry(kind, value))
            self.phrases.put((*phrase.replace(" ", " - ").split(),), Entry(kind, value))
        for kind in ("fillers", "corrections"):
            for phrase in table[kind]:
                self.phrases.add(phrase, Entry(kind[:-1], ""))
        self.compounds: tuple[str, ...] = tuple(table["compounds"])
        self.conjunctions = frozenset(table["conjunctions"])
        self.homophones: dict[str, str] = table.get("homophones", {})
        self.identities = frozenset(table.get("identities", ()))
        self.things = frozenset(table.get("things", ()))
        self.things_of = frozenset(table.get("things_of", ()))
        self.tens_joiner: str = table["tens_joiner"]
        self.cardinal_joiner: str = table["cardinal_joiner"]
        self.ordinal_suffixes = frozenset(table["ordinal_suffixes"])
        self.clock = self._phrases(table["clock"])
        self.measures = self._phrases(table["measures"])
        self.backchannels = frozenset(
            " ".join(p.replace("'", " ").replace("-", " ").split()) for p in table["backchannels"]
        )
        self.lead_ins = self._words(table["lead_ins"])
        self.requests = self._words(table["requests"])
        self.extensions = frozenset(table["extensions"])
        self.continuations = self._phrases(table["continuations"])
        self.states = frozenset(table["states"])
        self.payments = frozenset(table["payments"])
        self.titles = frozenset(table["titles"])
        self.name_introductions = self._phrases(table["name_introductions"])
        self.street_words = frozenset(table["street_words"])
        self.common = frozenset(table["common"])
        self.spelling = self._phrases(table["spelling"])
        self.cues = Phrases()
        for kind, phrases in table["cues"].items():
            for phrase in phrases:
                self.cues.add(phrase, kind)
        for phrase in table["negative"]:
            self.cues.add(phrase, "")
        # With the tables, as reading it takes longer than an utterance may.
        self.tagger = load_tagger(self)  # pyright: ignore[reportArgumentType]

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """The beginnings of all words that mean something to the scanner."""
        words = {*self.lexicon, *self.phrases.by_first, *self.extensions}
        return frozenset(w[:n] for w in words for n in range(1, len(w) + 1))

    @staticmethod
    def _words(phrases: list[str]) -> frozenset[str]:
        return frozenset(w for p in phrases for w in p.replace("'", " ").replace("-", " ").split())

    @staticmethod
    def _phrases(phrases: list[str]) -> Phrases:
        found = Phrases()
        for phrase in phrases:
            found.add(phrase, phrase)
        return found


@cache
def load_language(code: str) -> Language:
    """Load a language's tables, once per process.

    Args:
        code: One of `LANGUAGES`; a region is ignored ("en-GB" is "en").

    Raises:
        ValueError: If there is no table for the language.
    """
    short = code.replace("_", "-").split("-")[0].lower()
    if short not in LANGUAGES:
        raise ValueError(f"no language table for {code!r}; there are {', '.join(LANGUAGES)}")
    with open(os.path.join(FOLDER, f"{short}.json"), encoding="utf-8") as table:
        return Language(short, json.load(table))
