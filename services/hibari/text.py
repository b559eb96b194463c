"""What a text is cut into before it is spoken, and which of its letters can be.

A piece is synthesised as a whole. So the first is short, for the caller to hear something soon, and
later ones are whole sentences, for these sound best.
"""

import re
import unicodedata
from collections.abc import Iterator

from antiphon.services.hibari.written import spell_out

__all__ = ["cut", "sayable"]

FIRST_PIECE_CHARS = 100
"""Takes 45 ms of one core; a character takes 0.4 ms (measured)."""

PIECE_CHARS = 240
"""The model saw nothing over 400 phonemes when it was trained."""

WORD_CHARS = 32
"""hibari's search for a word's pronunciation takes time by the third power of its length."""

# Not behind "Dr.", "Mrs." or an initial.
_SENTENCES = re.compile(
    r"(?:[!?…]|(?<!\b[A-Z])(?<!\b[DMS][rst])(?<!\bMrs)\.)[\"”’)\]]*\s+(?![a-z])|\n+"
)
_CLAUSES = re.compile(r"(?<=[,;:—])\s+|\s+(?=[–—-]\s)")
_SPACES = re.compile(r"\s+")
_LONG_WORD = re.compile(rf"\S{{{WORD_CHARS}}}(?=\S)")
_LONG_NUMBER = re.compile(r"\d{13,}")


def cut(text: str) -> Iterator[str]:
    """Cut a text into pieces, which are the text again when nothing but spaces is lost.

    Args:
        text: What is to be spoken.

    Yields:
        Sentences; of a long one clauses, or what else is no longer than it may be.
    """
    limit = FIRST_PIECE_CHARS
    for sentence in _split(text, _SENTENCES):
        rest = sentence
        while rest:
            piece = rest if len(rest) <= limit else _head(rest, limit)
            yield piece
            rest = rest[len(piece) :].lstrip()
            limit = PIECE_CHARS


def sayable(text: str) -> tuple[str, bool]:
    """Write a text in what hibari can read.

    Args:
        text: A piece.

    Returns:
        The text, its words in the same order; and whether it lacks words, for their script is not
        Latin.
    """
    lacks = False

    def read(char: str) -> str:
        nonlocal lacks
        if char.isascii():
            return char if char.isprintable() else " "
        if char.isdecimal():
            return str(unicodedata.decimal(char))
        if not char.isalpha() or _is_latin(char):
            return char if char.isprintable() else " "
        plain = unicodedata.normalize("NFKC", char)
        if all(_is_latin(letter) for letter in plain):
            return plain
        lacks = True
        return " "

    text = "".join(read(char) for char in unicodedata.normalize("NFC", text))
    text = spell_out(text)
    # `[word](/sounds/)` is a pronunciation to hibari, and a link to everybody else.
    text = text.replace("](", "] (")
    text = _LONG_NUMBER.sub(lambda number: " ".join(number.group()), text)
    return _LONG_WORD.sub(r"\g<0> ", text), lacks


def _split(text: str, at: re.Pattern[str]) -> Iterator[str]:
    since = 0
    for mark in at.finditer(text):
        if piece := text[since : mark.end()].strip():
            yield piece
        since = mark.end()
    if piece := text[since:].strip():
        yield piece


def _head(text: str, limit: int) -> str:
    """What is said first of a longer text: whole clauses if it has any, else whole words."""
    for marks in (_CLAUSES, _SPACES):
        ends = [mark.start() for mark in marks.finditer(text, 0, limit + 1)]
        # A short clause ahead of a long one would be over before the long one is there.
        if ends and ends[-1] > limit // 4:
            return text[: ends[-1]]
    return text[:limit]


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN") or letter == "µ"
