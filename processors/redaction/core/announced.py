"""What may be known of the words of a sentence as a voice says them one by one.

A voice announces a sentence before it says it. So what is hidden in it is known before its first
word, and each word is judged when it comes: none waits for the next.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from antiphon.processors.redaction.core.entities import Entity, splice

__all__ = ["Announced", "Look"]

# Sentences that may be under way at once.
MOST_SENTENCES = 32
# Of the sentence before, as a number may go on in the next.
BEFORE_CHARS = 200


class Look(NamedTuple):
    """What is in a sentence.

    Parameters:
        found: All that is personal, in order.
        hidden: What of it is hidden.
    """

    found: Sequence[Entity]
    hidden: Sequence[Entity]


class _Region(NamedTuple):
    """Whole words that are replaced together."""

    start: int
    end: int
    shown: str


class _Sentence:
    def __init__(self, text: str, regions: list[_Region], found: list[Entity]) -> None:
        self.text = text
        self.regions = regions
        self.found = found
        self.at = 0


class Announced:
    """Sentences that a voice has announced.

    Args:
        look: Says what is in a text.
        replacement: What stands for an entity.
    """

    def __init__(self, look: Callable[[str], Look], replacement: Callable[[Entity], str]) -> None:
        self._look = look
        self._replacement = replacement
        self._sentences: dict[int, _Sentence] = {}
        self._before = ""

    def note(self, key: int, text: str) -> None:
        """Note a sentence that is about to be said.

        Args:
            key: Its id.
            text: Its text, as it is to be remembered.
        """
        skipped = len(self._before) + 1
        seen = self._look(f"{self._before} {text}")
        self._before = f"{self._before} {text}"[-BEFORE_CHARS:]
        regions = _regions(text, _from(skipped, seen.hidden), self._replacement)
        self._sentences[key] = _Sentence(text, regions, _from(skipped, seen.found))
        if len(self._sentences) > MOST_SENTENCES:
            del self._sentences[next(iter(self._sentences))]

    def clear(self) -> None:
        """Forget what was announced, as after an interruption."""
        self._sentences.clear()
        self._before = ""

    def said(self, key: int | None, text: str) -> tuple[str, bool] | None:
        """What may be known of a word, and whether something personal begins with it.

        Args:
            key: The id of its sentence.
            text: The word, or several.

        Returns:
            None for a word of no sentence that was announced. Of the words of one value the first
            is what stands for it and the others are empty.
        """
        sentence = self._sentences.get(key) if key is not None else None
        plain = text.strip()
        start = sentence.text.find(plain, sentence.at) if sentence and plain else -1
        if sentence is None or start < 0:
            return None
        sentence.at = end = start + len(plain)
        begun = [entity for entity in sentence.found if entity.start < end]
        sentence.found = sentence.found[len(begun) :]
        touched = [r for r in sentence.regions if r.start < end and r.end > start]
        if not touched:
            return text, bool(begun)
        parts, at = [], start
        for region in touched:
            parts.append(sentence.text[at : max(at, region.start)] + region.shown)
            at = region.end
        parts.append(sentence.text[at:end])
        sentence.regions = [r._replace(shown="") if r in touched else r for r in sentence.regions]
        shown = "".join(parts)
        at = text.find(plain)
        # A space inside of a value is nobody's.
        lead = text[:at] if shown else ""
        tail = text[at + len(plain) :] if shown or end >= touched[-1].end else ""
        return lead + shown + tail, bool(begun)


def _from(skipped: int, entities: Sequence[Entity]) -> list[Entity]:
    """The entities behind what was skipped; one that began there goes on."""
    return [
        e._replace(start=max(0, e.start - skipped), end=e.end - skipped)
        for e in entities
        if e.end > skipped
    ]


def _regions(
    text: str, hidden: Sequence[Entity], replacement: Callable[[Entity], str]
) -> list[_Region]:
    regions: list[_Region] = []
    inside: list[Entity] = []
    for index, entity in enumerate(hidden):
        inside.append(entity)
        end = _word_end(text, entity.end)
        if index + 1 < len(hidden) and hidden[index + 1].start < end:
            continue
        start = _word_start(text, inside[0].start)
        shown = splice(text[:end], inside, replacement, start)
        regions.append(_Region(start, end, shown))
        inside = []
    return regions


def _word_start(text: str, index: int) -> int:
    while index and not text[index - 1].isspace():
        index -= 1
    return index


def _word_end(text: str, index: int) -> int:
    while index < len(text) and not text[index].isspace():
        index += 1
    return index
