"""Names, as far as the words around them tell; `tagged` knows them by themselves as well."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.tagger_words import IN_DICTIONARY, PROPER
from antiphon.processors.redaction.core.units import Unit, UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

PERSON = "PERSON"
MOST_NAMES = 4


def detect(view: View) -> Iterator[Entity]:
    """What follows "my name is" or a title, or answers a question for a name.

    Where a tagger knows names, answers are left to it.
    """
    words = view.scan.words
    introductions = view.language.name_introductions
    index = 0
    plain = ["'" if w == "’" else w for w in words] if "’" in view.text else words
    while index < len(words):
        found = (
            introductions.at(_apart(plain, index), 0)
            if plain[index] in introductions.by_first
            else None
        )
        if found:
            size = _consumed(plain, index, found[0])
            if entity := _names(view, index + size, "cue", titled=_strict(words, index, size)):
                yield entity
            index += size
        elif words[index] in view.language.titles:
            skip = 2 if words[index + 1 : index + 2] == ["."] else 1
            if entity := _names(view, index + skip, "title", titled=True):
                yield entity
            index += skip
        else:
            index += 1
    asked = view.expected[:1] == (PERSON,) and len(words) <= 8 and view.language.tagger is None
    if asked and (entity := _answer(view)):
        yield entity


def _apart(words: list[str], index: int) -> list[str]:
    """The next words without apostrophes, as phrases are kept."""
    return [w for w in words[index : index + 8] if w != "'"]


def _consumed(words: list[str], index: int, size: int) -> int:
    taken = 0
    while size:
        size -= words[index + taken] != "'"
        taken += 1
    return taken


def _strict(words: list[str], index: int, size: int) -> bool:
    """Whether only a word in capitals is a name: after "this is", not after "my name is"."""
    return "name" not in words[index : index + size]


def _names(view: View, token: int, why: str, *, titled: bool) -> Entity | None:
    """Up to four words from a token on that may be a name."""
    text, starts, ends, words = view.text, view.scan.starts, view.scan.ends, view.scan.words
    common = view.language.common
    first = token
    while first < len(words) and words[first] in (":", "is", "s"):
        first += 1
    last = first
    while last < len(words) and last - first < MOST_NAMES * 2:
        word = words[last]
        if word in ("-", "'", "’", "."):
            if starts[last] != ends[last - 1] or (word == "." and len(words[last - 1]) > 1):
                break
            last += 1
            continue
        if not word[0].isalpha() or word in common:
            break
        capital = text[starts[last]].isupper()
        if titled and not (capital or (why == "title" and _unknown(view, word))):
            break
        if last > first and "\n" in text[ends[last - 1] : starts[last]]:
            break
        last += 1
    while last > first and not words[last - 1][0].isalpha():
        last -= 1
    if last == first:
        return None
    span = text[starts[first] : ends[last - 1]]
    return Entity(starts[first], ends[last - 1], PERSON, 0.5, why, span)


def _unknown(view: View, word: str) -> bool:
    """Whether a word is known to be in no dictionary, which tells a name in lower case."""
    tagger = view.language.tagger
    return tagger is not None and not tagger.words[word] & (IN_DICTIONARY | PROPER)


def _answer(view: View) -> Entity | None:
    """The words of a short answer that are not mere politeness."""
    lead_ins, common = view.language.lead_ins, view.language.common

    def named(unit: Unit) -> bool:
        if unit.kind is UnitKind.LETTERS:
            return unit.sure
        return (
            unit.kind is UnitKind.WORD and unit.value not in lead_ins and unit.value not in common
        )

    spans = [u for u in view.scan.units if named(u)]
    if not spans:
        return None
    value = view.text[spans[0].start : spans[-1].end]
    return Entity(spans[0].start, spans[-1].end, PERSON, 0.5, "asked", value)
