"""A sentence of the agent's, its words, and where in the audio they sound.

Pure. Positions are milliseconds of agent audio. Where a service tells no times, a sentence is laid
over its audio in proportion.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from antiphon.core.sounding import said
from antiphon.processors.interruption.growing import UNSPACED

__all__ = ["Sentence", "Word", "breaks_off", "ends_clause"]

# Of a sentence, as its words' times or its length tell, less sound than this is not all of it.
_SHARE, _MISSING_MS = 0.75, 200.0
_CLAUSE_END = re.compile(r"[.,;:!?…。、，！？；：\u2014]['\")\]]*\s*$")
# Not behind "Dr." and "St.".
_SENTENCE_END = re.compile(r"(?:[?!…。？！]|(?:\w{3}|\d)\.)['\")\]]*\s*$")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_PIECES = re.compile(r"\s*\S+(?:\s+$)?")


@dataclass
class Word:
    """One word of the agent's, and where in the audio it sounds.

    Parameters:
        text: The word, with its punctuation.
        start_ms: Where it begins.
        end_ms: Where it ends.
        joined: Whether `text` brings its own spaces (else words are parted by one).
        source: What it was made from; the ledger only hands it back.
    """

    text: str
    start_ms: float
    end_ms: float
    joined: bool
    source: object

    @property
    def counts_from_ms(self) -> float:
        """From where on it counts as heard: half of it."""
        return (self.start_ms + self.end_ms) / 2


@dataclass
class Sentence:
    """A text and the audio it covers; `words` is filled as soon as either is known.

    Parameters:
        key: Its id.
        text: Its text.
        source: What it was made from.
        joined: Whether the text brings its own spaces.
        start_ms: Where its audio begins.
        closed: Whether its text and its audio are complete.
        timed: Whether the service told the times of its words.
        until_ms: Where another's sound begins: of this sentence there is no more.
        left_ms: The same, if it may go on.
        words: Its words.
        taken: How many of them were handed out.
    """

    key: int
    text: str
    source: object
    joined: bool
    start_ms: float
    closed: bool = False
    timed: bool = False
    until_ms: float = inf
    left_ms: float = inf
    words: list[Word] = field(default_factory=list)
    taken: int = 0

    @property
    def length(self) -> int:
        """How many characters of it are said."""
        return len(said(self.text))

    @property
    def end_ms(self) -> float:
        """Where its last word ends, as far as that is known."""
        return self.words[-1].end_ms if self.words else self.start_ms

    @property
    def sounding(self) -> list[Word]:
        """Its words but for those that another's sound keeps from being said."""
        if self.until_ms == inf:
            return self.words
        return [word for word in self.words if word.start_ms < self.until_ms]

    def lay(self, start_ms: float, end_ms: float) -> None:
        """Lay its words over audio.

        Args:
            start_ms: Where that begins.
            end_ms: Where it ends.
        """
        pieces, joined = _pieces(self.text, joined=self.joined)
        # A clause ends in a short silence. With three characters for it, words of eight eSpeak
        # voices lie within 51 ms of their true place on average, without it within 71 ms.
        weights = [
            len(said(piece.strip())) + 1 + (3 if ends_clause(piece) else 0) for piece in pieces
        ]
        scale = (end_ms - start_ms) / max(1, sum(weights))
        self.start_ms = start_ms
        self.words = []
        for piece, weight in zip(pieces, weights, strict=True):
            word_end_ms = start_ms + weight * scale
            self.words.append(Word(piece, start_ms, word_end_ms, joined, self.source))
            start_ms = word_end_ms

    def cut(self, until_ms: float) -> None:
        """Drop the words that were not said, as the sound breaks off.

        Args:
            until_ms: Where.
        """
        self.words = [word for word in self.words if word.counts_from_ms <= until_ms]

    def take_up(self, position_ms: float) -> None:
        """Go on behind another's sound.

        Args:
            position_ms: Where that ends.
        """
        since_ms, gap_ms = self.left_ms, position_ms - self.left_ms
        self.until_ms = self.left_ms = inf
        if self.start_ms >= since_ms:
            self.start_ms += gap_ms
        for word in self.words:
            if word.start_ms >= since_ms:
                word.start_ms += gap_ms
            if word.end_ms > since_ms:
                word.end_ms += gap_ms

    def heard_by(self, position_ms: float) -> list[Word]:
        """The words not yet taken that sound, where the audio has ended: all, unless it broke off.

        Args:
            position_ms: Where it ended.
        """
        words = self.sounding[self.taken :]
        if not words:
            return words
        # When the last word ends is a guess by its length, and an address is long and soon said.
        if words[-1].start_ms < position_ms:
            return words
        return [word for word in words if word.counts_from_ms <= position_ms]

    def parts(self) -> Iterator[tuple[float, str]]:
        """Where each sentence of the text begins, as far as that is known, and its last word."""
        pieces = _pieces(self.text, joined=False)[0] or [word.text for word in self.words]
        start_ms, begins = self.start_ms, False
        for index, piece in enumerate(pieces):
            if begins:
                start_ms = self.words[index].start_ms if index < len(self.words) else inf
            begins = bool(_SENTENCE_END.search(piece))
            if begins or index == len(pieces) - 1:
                yield start_ms, piece


def breaks_off(sound_ms: float, expected_ms: float) -> bool:
    """Whether sound is too short to be all of a text.

    Args:
        sound_ms: How long it is.
        expected_ms: How long all of it is, at the least.
    """
    return sound_ms < expected_ms * _SHARE and expected_ms - sound_ms > _MISSING_MS


def ends_clause(text: str) -> bool:
    """Whether a clause ends behind a word."""
    return bool(_CLAUSE_END.search(text))


def _pieces(text: str, *, joined: bool) -> tuple[list[str], bool]:
    """Cut a text into words, or characters where a script knows no spaces."""
    if _UNSPACED.search(text):
        return list(text), True
    return (_PIECES.findall(text), True) if joined else (text.split(), False)
