"""The word lists of each language, and the cutting of what a caller said into kinds of words.

Pure: text goes in, kinds come out. A language is one table of `lexicon.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from importlib import resources
from typing import NamedTuple

__all__ = ["Lexicon", "PhraseKind", "PhraseSpan", "languages", "lexicon", "normalize"]


class PhraseKind(Enum):
    """What a word or phrase does in a conversation; the value is its letter in model features."""

    STOP = "K"
    REPAIR = "R"
    REJECT = "N"
    ASK = "Q"
    BACK = "B"
    ASSESS = "A"
    FILLER = "F"
    SOFT = "S"
    CONTENT = "X"


# Where a phrase stands in two lists the later kind wins: "hmm" both hesitates and continues.
_LISTS = (
    ("soft", PhraseKind.SOFT),
    ("filler", PhraseKind.FILLER),
    ("ask", PhraseKind.ASK),
    ("repair", PhraseKind.REPAIR),
    ("reject", PhraseKind.REJECT),
    ("assess", PhraseKind.ASSESS),
    ("back", PhraseKind.BACK),
    ("stop", PhraseKind.STOP),
)
_FOLD = str.maketrans({"’": "'", "‘": "'", "_": " "})
# Vowel signs and tone marks are no letters to `re`; without them Hindi and Thai words fall apart.
# The danda ends a sentence in Hindi.
_LETTER = r"[\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff]"
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(rf"{_LETTER}+(?:['\-]{_LETTER}+)*[\-']?")
# In scripts without spaces two characters make about one word (Japanese and Chinese both).
_CHARS_A_WORD = 2
# Whoever has said this much has taken the turn; what follows changes nothing.
_MAX_WORDS = 12
# "No, sorry, it's fine, go on."
_MAX_EXCUSE = 6


class PhraseSpan(NamedTuple):
    """A stretch of what was said.

    Parameters:
        kind: What it does.
        text: Its words.
        size: How many words it is; in unsegmented scripts, half its characters.
    """

    kind: PhraseKind
    text: str
    size: float


def normalize(words: str | Iterable[str]) -> list[str]:
    """Return the words in lower case without punctuation; a trailing "-" (a cut word) stays."""
    text = words if isinstance(words, str) else " ".join(words)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _WORD.findall(text.lower().translate(_FOLD))


class Lexicon:
    """One language's phrases, ready to be found in what was said."""

    def __init__(
        self,
        phrases: Mapping[str, PhraseKind],
        *,
        go_on: Iterable[str] = (),
        unsegmented: bool = False,
    ) -> None:
        """Index the phrases.

        Args:
            phrases: Each phrase, as a caller says it, and its kind.
            go_on: Those of them that hand the turn back.
            unsegmented: True for scripts written without spaces.
        """
        self.unsegmented = unsegmented
        self._go_on = tuple(go_on)
        self._kinds: dict[str, PhraseKind] = {}
        self._longest: dict[str, int] = {}
        self._unfinished: set[str] = set()
        for phrase, kind in phrases.items():
            units = self._units(normalize(phrase))
            if not units:
                raise ValueError(f"the phrase {phrase!r} holds no word: remove it from its list")
            self._kinds[self._join(units)] = kind
            self._longest[units[0]] = max(self._longest.get(units[0], 1), len(units))
            if kind in (PhraseKind.BACK, PhraseKind.ASSESS):
                self._unfinished.update(self._join(units[:end]) for end in range(1, len(units)))

    def cut(self, words: Sequence[str]) -> list[PhraseSpan]:
        """Cut normalized words into spans, the longest listed phrase first.

        Args:
            words: What `normalize` returned.

        Returns:
            The spans in order, of the first dozen words. Words in no list are
            `PhraseKind.CONTENT`, one span a word.
        """
        per_word = _CHARS_A_WORD if self.unsegmented else 1
        units = self._units(words)[: _MAX_WORDS * per_word]
        size = 1 / per_word
        kinds, longest = self._kinds, self._longest
        spans: list[PhraseSpan] = []
        at, end = 0, len(units)
        while at < end:
            length = min(longest.get(units[at], 0), end - at)
            while length:
                text = self._join(units[at : at + length])
                if (kind := kinds.get(text)) is not None:
                    spans.append(PhraseSpan(kind, text, length * size))
                    break
                length -= 1
            else:
                length = 1
                spans.append(PhraseSpan(PhraseKind.CONTENT, units[at], size))
            at += length
        return spans

    def may_continue(self, spans: Sequence[PhraseSpan]) -> bool:
        """Return whether the last one or two spans could be the start of a listed comment.

        "How" may become "how nice", and "is that" may become "is that right".
        """
        if spans[-1].text in self._unfinished:
            return True
        return self._join([span.text for span in spans[-2:]]) in self._unfinished

    def hands_back(self, spans: Sequence[PhraseSpan]) -> bool:
        """Return whether what was said ends in "go on", whatever excuse or "no" stands before it.

        Args:
            spans: What `cut` returned.
        """
        text = self._join([span.text for span in spans]).removesuffix(" please")
        excused = not any(s.kind in (PhraseKind.ASK, PhraseKind.STOP) for s in spans[:-1])
        return len(spans) <= _MAX_EXCUSE and excused and text.endswith(self._go_on)

    def _units(self, words: Sequence[str]) -> Sequence[str]:
        return "".join(words) if self.unsegmented else words

    def _join(self, units: Sequence[str]) -> str:
        return ("" if self.unsegmented else " ").join(units)


@cache
def _tables() -> dict[str, dict[str, list[str] | bool]]:
    text = (
        resources.files("antiphon.processors.interruption")
        .joinpath("lexicon.toml")
        .read_text(encoding="utf-8")
    )
    return tomllib.loads(text)


def languages() -> tuple[str, ...]:
    """Return the codes of the languages there are lists for."""
    return tuple(_tables())


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lists of a language, loaded once per process.

    Args:
        language: An ISO 639-1 code, with or without a region: "en", "pt-BR".

    Raises:
        ValueError: If there are no lists for that language.
    """
    code = language.lower().replace("_", "-").split("-")[0]
    table = _tables().get(code)
    if table is None:
        raise ValueError(f"no word lists for {language!r}: there are {', '.join(languages())}")
    phrases: dict[str, PhraseKind] = {}
    for name, kind in _LISTS:
        listed = table.get(name, [])
        assert isinstance(listed, list)
        phrases.update(dict.fromkeys(listed, kind))
    go_on = table.get("go_on", [])
    assert isinstance(go_on, list)
    phrases.update(dict.fromkeys(go_on, PhraseKind.BACK))
    for phrase, kind in [*phrases.items()]:
        for written in _unaccented(phrase):
            phrases.setdefault(written, kind)
    unsegmented = bool(table.get("unsegmented", False))
    return Lexicon(phrases, go_on=go_on, unsegmented=unsegmented)


def _unaccented(phrase: str) -> tuple[str, ...]:
    """How a phrase in Latin letters is written by a recogniser that knows no accents."""
    if phrase.isascii() or max(phrase) > "\u024f":
        return ()
    bare = "".join(c for c in unicodedata.normalize("NFD", phrase) if not unicodedata.combining(c))
    return (bare.replace("ß", "ss"), phrase.translate(_GERMAN))
