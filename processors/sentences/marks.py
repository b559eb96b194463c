"""The marks of the world's scripts, and how long a text is to say. Data for the scanner."""

import re

__all__ = [
    "BULLETS",
    "CLAUSE_END",
    "CLAUSE_MARKS",
    "CLAUSE_MARKS_WITHOUT_SPACE",
    "CLOSERS",
    "LATIN",
    "LIST_MARKER",
    "OPENING_ITEM",
    "OPENING_LABELS",
    "SPEECH",
    "STRONG",
    "TERMINATORS",
    "WIDE",
    "next_labels",
    "spoken_length",
]

# Marks that end a sentence and mean nothing else in their script (Unicode's Sentence_Terminal).
STRONG = "。！？｡।॥؟۔።፧፨။។៕།༎։"
LATIN = ".!?…‽⁇⁈⁉．"
TERMINATORS = STRONG + LATIN
CLOSERS = ")]}）］｝】〕》〉」』”’»›\"'*_`~"
BULLETS = "•⁃‣◦▪●"
CLAUSE_MARKS = ",;:—–،؛、，；：၊፣፤"
CLAUSE_MARKS_WITHOUT_SPACE = "、，；：—"
CLAUSE_END = re.compile(r"[,;:—–،؛၊፣፤](?=\s)|[、，；：]")
SPEECH = re.compile(r"[^\W_]")
WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
LIST_MARKER = re.compile(
    rf"\s*[-*#>{BULLETS}]*\s*\(?(?P<label>\d{{1,3}}|[A-Za-z]|[ivx]{{2,4}})(?P<close>\.?\)|\.)"
)
# The first item of a list that a colon announces: "two options: 1. Keep it. 2. Drop it."
OPENING_LABELS = "1aAi."  # what stands before its mark
OPENING_ITEM = re.compile(r"(?::\s{1,3}|：\s{0,3})\(?(?P<label>1|[aAi](?!\.$))(?P<close>\.?\)|\.)$")
_ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


def spoken_length(text: str) -> int:
    """Length in characters, where one of Chinese, Japanese or Korean counts as three."""
    if text.isascii():
        return len(text)
    return len(text) + 2 * len(WIDE.findall(text))


def next_labels(label: str) -> tuple[str, ...]:
    """What the next item of a list may be called: 2 after 1, b after a, ii after i."""
    if label.isdigit():
        return (str(int(label) + 1),)
    following = []
    if label in _ROMANS[:-1]:
        following.append(_ROMANS[_ROMANS.index(label) + 1])
    if len(label) == 1 and label not in "zZ":
        following.append(chr(ord(label) + 1))
    return tuple(following)
