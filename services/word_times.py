"""When each word of a text is spoken, from what an engine tells of some of them.

An engine reports where in the text a spoken word begins, but not one event for each word as we
write it: "4821" gives eSpeak five, "on the" one. Here they become one timing for each
whitespace-delimited word, so that the words joined by spaces are the text again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["WordTimer", "WordTiming"]


@dataclass(frozen=True, kw_only=True)
class WordTiming:
    """One word and when it sounds.

    Parameters:
        text: The word as written, with its punctuation.
        start_secs: Where it begins, from the first sample of the utterance.
        end_secs: Where the next word begins, or the utterance ends: a pause belongs to the word
            before it.
    """

    text: str
    start_secs: float
    end_secs: float


class WordTimer:
    """Turns the word events of one utterance, as they come, into word timings.

    Args:
        text: The text being spoken.
    """

    def __init__(self, text: str) -> None:
        self._words = [(match.group(), match.end()) for match in re.finditer(r"\S+", text)]
        self._current = 0
        self._since_secs = 0.0

    def feed(self, position: int, at_secs: float) -> Iterator[WordTiming]:
        """Take one word event, and yield the words that ended with it.

        Args:
            position: Index of the character (from 0) where the spoken word begins.
            at_secs: When it begins, from the first sample of the utterance.
        """
        reached = self._current
        while reached < len(self._words) - 1 and self._words[reached][1] <= position:
            reached += 1
        # An event on the space behind a word still belongs to that word ("4821 " is "4 8 2 1").
        if reached > self._current and self._word_start(reached) > position:
            reached -= 1
        if reached > self._current:
            yield from self._close(reached, at_secs)

    def finish(self, at_secs: float) -> Iterator[WordTiming]:
        """Yield the words that are left when the utterance ends.

        Args:
            at_secs: The length of the utterance.
        """
        yield from self._close(len(self._words), at_secs)

    def _word_start(self, index: int) -> int:
        text, end = self._words[index]
        return end - len(text)

    def _close(self, until: int, at_secs: float) -> Iterator[WordTiming]:
        """Words that were spoken under one event share its time by their length."""
        words = self._words[self._current : until]
        characters = sum(len(text) for text, _ in words)
        start_secs, span_secs = self._since_secs, max(0.0, at_secs - self._since_secs)
        spoken = 0
        for text, _ in words:
            begin = start_secs + span_secs * spoken / characters
            spoken += len(text)
            end = start_secs + span_secs * spoken / characters
            yield WordTiming(text=text, start_secs=begin, end_secs=end)
        self._current, self._since_secs = until, start_secs + span_secs
