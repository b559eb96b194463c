"""What is masked when detection fails: numbers and address-like words, by the simplest means.

Shares nothing with the scanner and the detectors but the list of number words.
"""

import re

from antiphon.processors.redaction.core.entities import Entity, merge, splice
from antiphon.processors.redaction.core.fields import MEASURES
from antiphon.processors.redaction.core.language import Language
from antiphon.processors.redaction.core.scripts import CJK, split

__all__ = ["WORD", "is_counter", "mask_numbers", "without_numerals"]

FEWEST_NUMERALS = 3
NUMBER_KINDS = frozenset(
    {
        "digit",
        "teen",
        "tens",
        "number",
        "hundred",
        "zero",
        "repeat",
        "multiplier",
        "ordinal",
        "nato",
    }
)
# From here on a letter alone is a word.
FIRST_ALONE = "\u0900"
EDGES = ".,;:!?()[]{}<>\"'"
# "VADParams(stop_secs=0.2,": the name of a field, and a number without more digits than a measure
# of that name has.
SETTING = re.compile(
    r"(?:[A-Za-z_][\w.]*[({])?(?P<name>[A-Za-z_][\w.]*)=(?P<whole>\d{1,6})(?P<part>\.\d{1,6})?[)}.,;:]*"
)
MOST_OF_A_SETTING = 2
# A character of a script without spaces may be a number by itself.
WORD = re.compile(rf"[^\s{CJK}]++|[{CJK}]")
# The type of what is masked without knowing what it is.
KIND = "NUMBER"


def mask_numbers(
    text: str, language: Language, *, fewest: int = FEWEST_NUMERALS, keep: bool = False
) -> list[Entity]:
    """Mask every run of three or more numerals or number words, and every word with an "@".

    Also the words around a spoken "at ... dot".

    Args:
        text: The text.
        language: Whose number words count.
        fewest: How many numerals in a row are masked.
        keep: Spare what a log line is full of: "#12", "2026-01-31T10:00:00", "12.345s".
    """
    words = [m.span() for m in WORD.finditer(text)]
    if not text.isascii():
        words = _joined(text, words, language)
    found: list[Entity] = []
    run: list[tuple[int, int]] = []
    size, sure = 0, False
    for start, end in [*words, (len(text), len(text))]:
        word = text[start:end]
        weight = 0 if keep and is_counter(word) else _numerals(word, language)
        if weight:
            run.append((start, end))
            size += weight
            sure = sure or split(word.strip(EDGES).lower()) not in language.numerals.loose
        elif not (run and word and not any(c.isalnum() for c in word)):
            if size >= fewest and sure:
                found.append(Entity(run[0][0], run[-1][1], KIND, 1.0, "fail-closed"))
            run, size, sure = [], 0, False
    for index, (start, end) in enumerate(words):
        word = text[start:end].lower()
        if "@" in word:
            found.append(Entity(start, end, "EMAIL_ADDRESS", 1.0, "fail-closed"))
        elif _means(word, "@", language) and _dot_follows(text, words[index : index + 6], language):
            first = words[max(0, index - 3)][0]
            last = words[min(len(words) - 1, index + 5)][1]
            found.append(Entity(first, last, "EMAIL_ADDRESS", 1.0, "fail-closed"))
    return merge(found)


def without_numerals(text: str, language: Language) -> str:
    """A text with a star for every run of numerals, for what may be the beginning of a number."""
    return splice(text, mask_numbers(text, language, fewest=1), lambda _: "*")


def _numerals(word: str, language: Language) -> int:
    """How many numerals a word counts for."""
    digits = sum(c.isdecimal() for c in word)
    if digits:
        return digits
    plain = word.strip(EDGES).lower()
    if "-" in plain:
        return sum(_numerals(part, language) for part in plain.split("-"))
    entry = language.lexicon.get(plain)
    if entry and entry.kind in NUMBER_KINDS:
        return 1
    if split(plain) in language.numerals.all:
        return 1
    return int(len(plain) == 1 and plain.isalpha() and plain < FIRST_ALONE and plain not in "ai")


def _joined(text: str, words: list[tuple[int, int]], language: Language) -> list[tuple[int, int]]:
    """The words of a text, those that are one number together in a script without spaces as one."""
    plain = [text[start:end] for start, end in words]
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(words):
        number = language.numerals.phrases.at(plain, index)
        size = number[0] if number else 1
        found.append((words[index][0], words[index + size - 1][1]))
        index += size
    return found


def is_counter(word: str) -> bool:
    """A counter of objects, a time stamp, a decimal below 100, or a setting."""
    if "=" in word and (setting := SETTING.fullmatch(word)):
        measured = setting["name"].rpartition("_")[2].lower() in MEASURES
        return len(setting["whole"]) <= MOST_OF_A_SETTING or measured
    head, mark, count = word.strip(EDGES).rpartition("#")
    if mark and head.isidentifier() and len(count) <= 6:
        return True
    plain = word.strip(EDGES)
    if len(plain) >= 19 and plain[4:5] == plain[7:8] == "-" and plain[10:11] == "T":
        return plain[:4].isdecimal() and plain[13:14] == ":"
    whole, dot, _ = plain.partition(".")
    return bool(dot) and len(whole) <= 2 and whole.isdecimal() and plain.count(".") == 1


def _means(word: str, symbol: str, language: Language) -> bool:
    entry = language.lexicon.get(word)
    return entry is not None and entry.kind == "symbol" and entry.value == symbol


def _dot_follows(text: str, words: list[tuple[int, int]], language: Language) -> bool:
    """Whether a spoken dot, or a word with one inside, is among the next words."""
    for start, end in words:
        word = text[start:end]
        inside = "." in word[:-1] and not is_counter(word)
        if inside or _means(word.lower(), ".", language):
            return True
    return False
