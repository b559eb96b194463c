"""Passwords, memorable words, answers to security questions: what a cue or question reveals."""

from collections.abc import Iterator, Sequence

from antiphon.processors.redaction.core.cues import Cue
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.units import Unit, UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "PASSWORD"
MOST_TOKENS = 8
MOST_WORDS_OF_AN_ANSWER = 8
SAID = frozenset({UnitKind.WORD, UnitKind.DIGITS, UnitKind.LETTERS, UnitKind.CARDINAL})


def detect(view: View) -> Iterator[Entity]:
    """What follows "my password is", and the words of a short answer to a question for one."""
    for cue in view.cues:
        if cue.type == TYPE and (found := _after(view, cue)):
            yield found
    if TYPE in view.expected and (found := _answer(view)):
        yield found


def _after(view: View, cue: Cue) -> Entity | None:
    """The words after a cue, if they are no sentence about it ("my password is wrong")."""
    scan, language = view.scan, view.language
    words, first = scan.words, cue.last
    while first < len(words) and _links(words, first):
        first += 1
    linked = first > cue.last
    last = first
    while last < len(words) and last - first < MOST_TOKENS:
        word = words[last]
        glued = last > first and scan.starts[last] == scan.ends[last - 1]
        if not glued and (not word[0].isalnum() or _plain(view, word)):
            break
        if not word[0].isalnum() and not _inside(view, last):
            break
        last += 1
    if last == first or words[first] in language.states:
        return None
    start, end = scan.starts[first], scan.ends[last - 1]
    value = view.text[start:end]
    # "the password bluefish22" needs no more words, "the password page" is none.
    if not linked and not any(c.isdecimal() for c in value):
        return None
    return Entity(start, end, TYPE, 0.9, "cue", value)


LINKS = frozenset(
    {"is", "s", "was", ":", "=", "'", "’", "es", "est", "cest", "ist", "lautet", "heißt", "è", "é"}
    | {"hai", "है", "是", "は"}
)


def _links(words: Sequence[str], at: int) -> bool:
    """Whether a word stands between the cue and what it announces; "c'est" is three."""
    elided = words[at] == "c" and at + 1 < len(words) and words[at + 1] in "'’"
    return elided or words[at] in LINKS


def _inside(view: View, token: int) -> bool:
    """Whether a sign has something behind it: the dot of "blue.fish", not the one of a sentence."""
    end = view.scan.ends[token]
    return end < len(view.text) and not view.text[end].isspace()


def _plain(view: View, word: str) -> bool:
    """A word of the sentence around, no number word."""
    language = view.language
    common = word in language.common or word in language.states
    return common and word not in language.lexicon


def _answer(view: View) -> Entity | None:
    language, units = view.language, view.scan.units
    words = [u for u in units if u.kind is UnitKind.WORD]
    if len(words) > MOST_WORDS_OF_AN_ANSWER or view.text.rstrip().endswith("?"):
        return None
    if any(u.value in language.states for u in words):
        return None

    def given(unit: Unit) -> bool:
        ordinary = unit.value in language.lead_ins or unit.value in language.common
        return unit.kind in SAID and not (unit.kind is UnitKind.WORD and ordinary)

    spans = [u for u in units if given(u)]
    if not spans:
        return None
    value = view.text[spans[0].start : spans[-1].end]
    return Entity(spans[0].start, spans[-1].end, TYPE, 0.5, "asked", value)
