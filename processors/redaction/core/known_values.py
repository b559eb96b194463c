"""What a caller has said of themselves is known again where nothing announces it.

"Thank you, Dana" has no word by which a detector would know a name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.tokens import TOKEN
from antiphon.processors.redaction.core.view import View

__all__ = ["KnownValues"]

# A call in which more is said of oneself is none that a person makes.
MOST = 256
FEWEST_LETTERS = 2


class KnownValues:
    """A detector of what was found before in the same call."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._phrases: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._left = MOST

    def note(self, text: str, found: Iterable[Entity]) -> None:
        """Remember what was found in a text: of a name each word, of anything else all of them."""
        for entity in found:
            words = _words(text[entity.start : entity.end])
            if not words or self._left <= 0:
                continue
            if entity.type == "PERSON":
                names = {w for w in words if w.isalpha() and len(w) >= FEWEST_LETTERS}
                self._left -= len(names - self._names)
                self._names |= names
            elif (words, entity.type) not in self._phrases[words[0]]:
                self._left -= 1
                self._phrases[words[0]].append((words, entity.type))

    def clear(self) -> None:
        """Forget everything: the call is over."""
        self._names.clear()
        self._phrases.clear()

    def __call__(self, view: View) -> Iterator[Entity]:
        """Find it again; a name that is a word as well, only where it is written as a name."""
        text, scan = view.text, view.scan
        for index, word in enumerate(scan.words):
            start, end = scan.starts[index], scan.ends[index]
            if word in self._names and (word not in view.language.common or text[start].isupper()):
                yield Entity(start, end, "PERSON", 0.4, "known", text[start:end])
            for words, kind in self._phrases.get(word, ()):
                if tuple(scan.words[index : index + len(words)]) == words:
                    end = scan.ends[index + len(words) - 1]
                    yield Entity(start, end, kind, 0.4, "known", text[start:end])


def _words(text: str) -> tuple[str, ...]:
    return tuple(match[1].lower() for match in TOKEN.finditer(text))
