"""Word times out of a provider's raw result, for muting them in a recording.

Knows the shapes of Deepgram (`channel.alternatives[0].words`), AssemblyAI (`words`, milliseconds)
and of any result that has `words` with a text, a start and an end.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from antiphon.processors.redaction.core.entities import Entity

__all__ = ["TimedWord", "spans_of", "words_of"]


class TimedWord(NamedTuple):
    """A word and when it was said, in seconds of the audio that the STT has received."""

    text: str
    start_s: float
    end_s: float


def words_of(result: Any) -> list[TimedWord]:
    """The words of a provider's result; empty if it has none or is of an unknown shape."""
    channel = _get(result, "channel")
    if isinstance(channel, list | tuple) and channel:
        channel = channel[0]
    alternatives = _get(channel, "alternatives") or _get(result, "alternatives")
    first = alternatives[0] if isinstance(alternatives, list | tuple) and alternatives else None
    words = _get(first, "words") or _get(result, "words")
    if not isinstance(words, list | tuple):
        return []
    found = []
    for word in words:
        text = _get(word, "word") or _get(word, "text")
        start, end = _get(word, "start"), _get(word, "end")
        if not isinstance(text, str) or not _number(start) or not _number(end):
            return []
        # AssemblyAI gives whole milliseconds, the others seconds with a fraction.
        scale = 1e3 if isinstance(start, int) and isinstance(end, int) and end - start >= 10 else 1
        found.append(TimedWord(text, start / scale, end / scale))
    return found


def spans_of(
    text: str, entities: Iterable[Entity], words: list[TimedWord]
) -> tuple[tuple[float, float], ...]:
    """When the words of the entities were said.

    Returns:
        Start and end in seconds by entity; empty unless every entity's words were found.
    """
    places = _places(text, words)
    spans = []
    for entity in entities:
        inside = [w for w, (s, e) in places if s < entity.end and e > entity.start]
        if not inside:
            return ()
        spans.append((inside[0].start_s, inside[-1].end_s))
    return tuple(spans)


def _places(text: str, words: list[TimedWord]) -> list[tuple[TimedWord, tuple[int, int]]]:
    """Where each word stands in the text; none unless all of them are found in order."""
    lower, position, places = text.lower(), 0, []
    for word in words:
        start = lower.find(word.text.lower(), position)
        if start < 0:
            return []
        position = start + len(word.text)
        places.append((word, (start, position)))
    return places


def _get(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    return getattr(value, name, None)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
