"""What is masked when detection fails: numbers and address-like words, by the simplest means.

Shares nothing with the scanner and the detectors but the list of number words.
"""

from antiphon.processors.redaction.entities import Entity
from antiphon.processors.redaction.language import Language

__all__ = ["mask_numbers"]

FEWEST_NUMERALS = 3
NUMBER_KINDS = frozenset(
    {"digit", "teen", "tens", "number", "zero", "repeat", "multiplier", "ordinal", "nato"}
)
EDGES = ".,;:!?()[]{}<>\"'"
# The type of what is masked without knowing what it is.
KIND = "BANK_ACCOUNT"


def mask_numbers(text: str, language: Language) -> list[Entity]:
    """Mask every run of three or more numerals or number words, and every word with an "@".

    Also the words around a spoken "at ... dot".
    """
    found: list[Entity] = []
    words = _words(text)
    run: list[tuple[int, int]] = []
    size = 0
    for start, end in [*words, (len(text), len(text))]:
        weight = _numerals(text[start:end], language)
        if weight:
            run.append((start, end))
            size += weight
            continue
        if size >= FEWEST_NUMERALS:
            found.append(Entity(run[0][0], run[-1][1], KIND, 1.0, "fail-closed"))
        run, size = [], 0
    for index, (start, end) in enumerate(words):
        word = text[start:end].lower()
        if "@" in word:
            found.append(Entity(start, end, "EMAIL_ADDRESS", 1.0, "fail-closed"))
        elif _symbol(word, language) == "@" and _dot_follows(text, words[index : index + 6], language):
            first = words[max(0, index - 3)][0]
            last = words[min(len(words) - 1, index + 5)][1]
            found.append(Entity(first, last, "EMAIL_ADDRESS", 1.0, "fail-closed"))
    return _merged(found)


def _words(text: str) -> list[tuple[int, int]]:
    spans, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        spans.append((start, position))
    return spans


def _numerals(word: str, language: Language) -> int:
    """How many numerals a word counts for."""
    digits = sum(c.isdecimal() for c in word)
    if digits:
        return digits
    plain = word.strip(EDGES).lower()
    entry = language.lexicon.get(plain)
    if entry and entry.kind in NUMBER_KINDS:
        return 1
    return int(len(plain) == 1 and plain.isalpha() and plain not in "ai")


def _symbol(word: str, language: Language) -> str:
    entry = language.lexicon.get(word)
    return entry.value if entry and entry.kind == "symbol" else ""


def _dot_follows(text: str, words: list[tuple[int, int]], language: Language) -> bool:
    return any(_symbol(text[s:e].lower(), language) == "." or "." in text[s : e - 1] for s, e in words)


def _merged(found: list[Entity]) -> list[Entity]:
    merged: list[Entity] = []
    for entity in sorted(found):
        if merged and entity.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, entity.end))
        else:
            merged.append(entity)
    return merged
