"""Numbers as they are read out: in figures, in words and in groups, with a pause between."""

import re

from antiphon.processors.sentences.evidence import FIRST_WIDE
from antiphon.processors.sentences.marks import TERMINATORS

__all__ = ["ends_number", "is_number", "joins_numbers", "reads_on"]

_FIGURES = re.compile(r"\d+(?:[.,:/–-]\d+)*")
_LAST_FIGURES = re.compile(r"\d+(?:[.,:/–-]\d+)*$")
_LETTERS = re.compile(r"[^\W\d_]+")
_SEPARATORS = " \u00a0\u202f-–"
# Figures of scripts that write a number without spaces, or its figures as one word.
_FIGURE_LETTERS = frozenset("零〇一二三四五六七八九十百千万兩两幺공영일이삼사오육륙칠팔구")
_HAN = frozenset(letter for letter in _FIGURE_LETTERS if letter < "\uac00")  # before Hangul
_BETWEEN_GROUPS = ",،，、"
_AROUND = " \u00a0,;:.…，、。،—–-()"
_REACH = 24  # characters: the longest word of a number
_FAR = 64  # characters: the longest group


def is_number(word: str, numbers: frozenset[str]) -> bool:
    """Whether a word is part of a number: figures, or all its parts are number words."""
    if not word:
        return False
    if word[0].isdigit():
        return _FIGURES.fullmatch(word) is not None
    low = word.lower()
    if low in numbers or (word[0] >= "\u2e80" and _FIGURE_LETTERS.issuperset(word)):
        return True
    if "-" not in low and "und" not in low:
        return False
    return numbers.issuperset(low.replace("und", "-").split("-"))  # forty-one, einundvierzig


def _word_before(text: str, start: int, end: int) -> str:
    words = text[max(start, end - _REACH) : end].rstrip(_AROUND).split()
    if not words:
        return ""
    word = words[-1].strip(_AROUND)
    figures = _LAST_FIGURES.search(word)
    if figures:
        return figures.group()
    return word[-1] if word[-1:] in _HAN else word


def _is_spelled(word: str) -> bool:
    """Whether a word is one letter or figure, as of a code that is spelled."""
    return len(word) == 1 and (word.isupper() or word.isdigit())


def joins_numbers(
    text: str, start: int, end: int, numbers: frozenset[str], *, final: bool
) -> bool | None:
    """Whether a mark or a space stands inside of a number or a spelled code.

    Args:
        text: The text so far.
        start: From where to look at it.
        end: Where the mark or space stands.
        numbers: The number words of the language.
        final: Whether no more text will come.

    Returns:
        The answer, or None if the word behind is not there yet.
    """
    left = _word_before(text, start, end)
    if not (is_number(left, numbers) or _is_spelled(left)):
        return False
    farthest = min(len(text), end + _REACH)
    place = end
    while place < farthest and (text[place].isspace() or text[place] in _AROUND):
        place += 1
    found = _FIGURES.match(text, place) or _LETTERS.match(text, place)
    if found is None:
        return None if place == len(text) and not final else False
    right = found.group()
    if right[0] in _FIGURE_LETTERS:
        return True
    spelled = _is_spelled(left)
    if left[0].isdigit() != right[0].isdigit() and not spelled:
        return False  # 12 and
    if found.end() == len(text) and not final:
        return None
    if spelled and _is_spelled(right):
        return True
    return is_number(left, numbers) and is_number(right, numbers)


def reads_on(left: str, before: str, numbers: frozenset[str]) -> bool:
    """Whether two words are groups of a number with a full stop between."""
    return (
        before[-1:] in (".", "…")
        and is_number(left, numbers)
        and is_number(before.rstrip(".…"), numbers)
    )


def ends_number(
    text: str, left: str, before: str, proof: int, numbers: frozenset[str], *, final: bool
) -> bool | None:
    """Whether no further group of a number that is read out follows: `415. 555. 0142.`.

    Args:
        text: The text so far.
        left: The word before the full stop.
        before: The word before that.
        proof: Where the next word begins.
        numbers: The number words of the language.
        final: Whether no more text will come.

    Returns:
        The answer, or None if the text ends before what tells.
    """
    if left[-1:] >= FIRST_WIDE:
        left = left[-1]
    if not is_number(left, numbers):
        return True
    if proof == len(text):
        return True if final else None
    inside = reads_on(left, before, numbers)
    if left[-1].isdigit() and text[proof].isupper() and (inside or _is_spelled(before[:-1])):
        # A letter of a code that is spelled: 4. 7. Q. 2.
        behind = text[proof + 1 : proof + 2]
        return None if not (behind or final) else behind != "."
    if left[-1].isdigit() is not text[proof].isdigit() or (left == "Oh" and not inside):
        return True
    follows = _group_follows(text, proof, numbers, inside=inside, final=final)
    return None if follows is None else not follows


def _group_follows(
    text: str, place: int, numbers: frozenset[str], *, inside: bool, final: bool
) -> bool | None:
    """Whether the next group of a number begins at a place: `1990. 30 people` does not."""
    n, end = len(text), place
    pattern = _FIGURES if text[place].isdigit() else _LETTERS
    while end - place < _FAR:
        found = pattern.match(text, end)
        if found is None:
            return False
        end = found.end()
        if end == n and not final:
            return None
        if not is_number(found.group(), numbers):
            return False
        if inside or end == n:
            return True
        mark = text[end]
        if end + 1 == n and not final:
            return None
        behind = text[end + 1 : end + 2]
        if mark in TERMINATORS:
            return not behind.isdigit()
        if mark in _BETWEEN_GROUPS:
            follows = text[end + 1 : end + 3].strip()
            if not follows and not final:
                return None
            return pattern is _LETTERS or follows.isdigit()
        if mark not in _SEPARATORS:
            return False
        end += 1
    return False
