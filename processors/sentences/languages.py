"""The language tables: which words with a dot do not end a sentence, and which words begin one."""

import tomllib
import unicodedata
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

__all__ = ["LanguageTable", "has_word", "language_table"]


@dataclass(frozen=True, slots=True)
class LanguageTable:
    """The words of one language that the scanner asks for; see `languages.toml` for each set."""

    titles: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    numbered_endings: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    months: frozenset[str] = frozenset()
    ordinal_after: frozenset[str] = frozenset()
    times_not_after: frozenset[str] = frozenset()
    time_openers: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    hesitations: frozenset[str] = frozenset()
    pointers: frozenset[str] = frozenset()

    def __or__(self, other: "LanguageTable") -> "LanguageTable":
        """The words of both tables."""
        return LanguageTable(
            *(getattr(self, f.name) | getattr(other, f.name) for f in fields(self))
        )


def has_word(words: frozenset[str], low: str, written: str) -> bool:
    """Whether a word, given in lower case and as written, is among those of a table."""
    return low in words or (written[:1].isupper() and low[:1].upper() + low[1:] in words)


@cache
def _tables() -> dict[str, LanguageTable]:
    text = (
        files("antiphon.processors.sentences")
        .joinpath("languages.toml")
        .read_text(encoding="utf-8")
    )
    return {
        code: LanguageTable(**{kind: frozenset(words.split()) for kind, words in table.items()})
        for code, table in tomllib.loads(text).items()
    }


def _is_latin(table: LanguageTable) -> bool:
    return all(
        unicodedata.name(word[0], "LATIN").startswith("LATIN")
        for word in table.titles | table.abbreviations
    )


@cache
def _every_script() -> LanguageTable:
    """What holds whatever the language: the common words, and all scripts but Latin."""
    tables = _tables()
    merged = tables["common"]
    for code, table in tables.items():
        if code not in ("common", "unknown") and not _is_latin(table):
            merged |= table
    return merged


@cache
def language_table(language: str | None) -> LanguageTable:
    """Give the words for a language.

    Args:
        language: A BCP 47 code such as `de` or `pt-BR`. None, `auto` and a code without a table
            give a table that works by script, with English words for Latin.

    Returns:
        The table, shared by all who ask for it.
    """
    base = (language or "").replace("_", "-").split("-")[0].lower()
    own = _tables().get("no" if base in ("nb", "nn") else base)  # Bokmål and Nynorsk
    if own is None or base in ("common", "unknown"):
        own = _tables()["en"] | _tables()["unknown"]
    elif not _is_latin(own):
        own |= _tables()["en"]
    return _every_script() | own
