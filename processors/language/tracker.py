"""Which language a caller speaks, one utterance after the other.

One foreign name, one title or one loan word is no change of language: what is clear and long is
followed at once, what is not when the next utterance says the same. A tag is believed as far as the
words do not speak against it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from antiphon.core.language_tags import language_of
from antiphon.processors.language.evidence import (
    MOST_CHARS,
    OF_SCRIPT,
    Evidence,
    evidence_of,
    listed_languages,
)

__all__ = ["Heard", "LanguageTracker"]

# Below these nobody is followed at once. Four words alone may be a title, "Cien años de soledad".
FEWEST_WORDS_TAGGED = 4
FEWEST_WORDS = 5
FEWEST_TELLING = 2

# No title has as many articles and prepositions as a long sentence has.
MOST_GLUE = 4.5

# "Gracias" is said in many languages, and by itself is no half of a change.
FEWEST_WORDS_TO_COUNT = 3
FEWEST_WORDS_STRANGE = 2

# Words that only one language has, or twice as many that two have, of an utterance that is sure.
SURE = 1.75

# What who asks for a language calls it: "¿Habla español?" is no title.
OWN_NAMES = {
    "de": ("deutsch",),
    "es": ("español", "espanol", "castellano"),
    "fr": ("français", "francais"),
    "hi": ("hindi", "हिंदी", "हिन्दी"),
    "it": ("italiano",),
    "ja": ("日本語",),
    "pt": ("português", "portugues"),
    "zh": ("中文", "汉语", "漢語", "普通话", "普通話", "国语", "國語"),
}

# Of a language that a caller has left, in words of which no other language has any.
MOST_OF_ANOTHER = 0.6


class Heard(NamedTuple):
    """What an utterance tells.

    Parameters:
        spoken: Its language as an ISO 639-1 code, for whoever looks at this utterance alone; ""
            if nothing tells.
        settled: What the call is held in from here on; "" as long as nothing has told.
        switched: Whether that is another than before.
    """

    spoken: str
    settled: str
    switched: bool


class LanguageTracker:
    """Follows the language of one caller.

    Args:
        languages: Those that the agent speaks, as ISO 639-1 codes; the call begins in the first.
            None for whatever is spoken, beginning in none.

    Attributes:
        settled: What the call is held in, "" as long as nothing has told.
    """

    def __init__(self, languages: Sequence[str] = ()) -> None:
        self._languages = tuple(languages)
        self._among = frozenset(languages)
        self.settled = self._languages[0] if self._languages else ""
        self._next = ""

    def read(self, text: str, tag: object = None) -> str:
        """Tell the language of an utterance, which need not be over, and settle nothing.

        Args:
            text: What was said.
            tag: What the STT calls its language, in whatever form.

        Returns:
            An ISO 639-1 code; what is settled if the utterance tells nothing.
        """
        return self._look(text, tag)[1]

    def hear(self, text: str, tag: object = None, *, predicted: bool = False) -> Heard:
        """Take an utterance.

        Args:
            text: What was said.
            tag: What the STT calls its language, in whatever form.
            predicted: Whether it may come once more, and so settles nothing by itself unless it is
                clear.
        """
        reading, spoken = self._look(text, tag)
        before = self.settled
        if predicted and not reading.is_clear:
            return Heard(spoken, before, switched=False)
        if reading.language and self._speaks(reading.language):
            again = reading.counts and reading.language == self._next
            if reading.is_clear or again or not before:
                self.settled = reading.language
            if reading.counts or reading.language == self.settled:
                self._next = reading.language
        elif reading.is_clear:
            self._next = ""
        return Heard(spoken, self.settled, switched=self.settled != before)

    def _look(self, text: str, tag: object) -> tuple["_Reading", str]:
        told, found = language_of(tag), evidence_of(text)
        reading = _read(found, told, self.settled)
        if reading.language and reading.counts and _asks_for(reading.language, text):
            reading = reading._replace(is_clear=True)
        if not reading.is_clear and self._languages:
            # Spanish has many words that Portuguese has: where nobody speaks that, they tell.
            most = max(found.score, key=lambda language: found.score[language], default="")
            if self._speaks(most):
                among = _read(evidence_of(text, self._among), told, self.settled)
                reading = among if among.language else reading
        if reading.language:
            return reading, reading.language
        if told and (self._speaks(told) or not self.settled):
            return reading, told
        # Whatever it is, it is none that is known here, and whoever redacts had better know.
        foreign = told and not found.score and found.words >= FEWEST_WORDS_STRANGE
        return reading, told if foreign else self.settled

    def _speaks(self, language: str) -> bool:
        return not self._languages or language in self._languages


class _Reading(NamedTuple):
    language: str
    is_clear: bool
    counts: bool = True


_UNSURE = _Reading("", is_clear=False, counts=False)


def _asks_for(language: str, text: str) -> bool:
    """Whether a text in a language names it, in that language."""
    said = text[:MOST_CHARS].casefold()
    return any(name in said for name in OWN_NAMES.get(language, ()))


def _read(found: Evidence, told: str, settled: str) -> _Reading:
    words, score = found.words, dict(found.score)
    listed = listed_languages()
    if not score:
        # Nothing speaks against a tag of a language that is not known by its words.
        untold = words >= FEWEST_WORDS and told and told not in listed
        return _Reading(told, is_clear=True) if untold else _UNSURE
    if settled == "ja" and told != "zh" and set(score) == {"zh"} and words < FEWEST_WORDS:
        return _UNSURE  # a short answer without a kana
    if score.get(told):
        score[told] += 1.0
    best = max(score, key=lambda language: score[language])
    other = max((s for language, s in score.items() if language != best), default=0.0)
    own = score[best] - (1.0 if best == told else 0.0)
    is_title = found.telling[best] < 1 and own < MOST_GLUE
    if own < 1.0 or score[best] < 2 * other or is_title:
        return _UNSURE
    fewest = FEWEST_WORDS_TAGGED if best == told else FEWEST_WORDS
    # Who says "É" or "My name is" goes on in that language, however long the name.
    carried = best != settled and MOST_OF_ANOTHER < found.score[settled] > own / 5
    known = found.known[best] >= min(words / 4, 4.0)
    # With a tag that says the same, one such word will do in an utterance that is no name's length.
    tagged = best == told and words >= FEWEST_WORDS
    speaks = tagged or found.telling[best] >= FEWEST_TELLING or own >= MOST_GLUE
    sure = own >= (1.0 if tagged else SURE)
    clear = words >= fewest and sure and known and speaks and not carried
    if told and told == settled and told not in listed and not clear:
        return _UNSURE
    if best != settled and told in OF_SCRIPT.get(best, ()):
        best = told
    counts = (best == told or words >= FEWEST_WORDS_TO_COUNT) and not carried
    return _Reading(best, is_clear=clear, counts=counts)
