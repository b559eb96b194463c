"""Whether what was heard is the agent's own voice, come back through the caller's phone.

Pure: words and the times at which they sounded.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from antiphon.processors.interruption.decision import (
    Action,
    Decision,
    Utterance,
    is_command,
)
from antiphon.processors.interruption.lexicon import normalize

__all__ = ["ECHO", "OwnWords", "judge_echo", "without_echo"]

ECHO = "echo"
_KEPT_WORDS = 200  # more than a minute of speech
# The share of an echo's words that a speech service mishears.
_MISHEARD = 0.25
# So short an answer may well repeat the question: "tea or coffee?" "coffee".
_SHORT_ANSWER = 3
# How long before a voice the words may have sounded that it repeats,
_BEFORE_VOICE_SECS = 2.0
# and those that it begins with: the way there and back, and what the VAD takes to notice.
_BEGINS_WITH_SECS = 0.8
# Whoever answers does not begin sooner after the middle of the question's last word.
_ANSWER_AFTER_SECS = 0.3
# What a redactor has put in place of words.
_MASKED = re.compile(r"<[A-Z_]+>|\*+")


class OwnWords:
    """What the agent has said of late."""

    def __init__(self) -> None:
        self._words: deque[tuple[float, str]] = deque(maxlen=_KEPT_WORDS)

    def sounded(self, text: str, now: float) -> None:
        """Note words as they sound.

        Args:
            text: One or more.
            now: The time in seconds.
        """
        self._words.extend((now, word) for word in normalize(text))

    def around(self, onset: float) -> tuple[tuple[str, float], ...]:
        """Return the words that a voice may repeat, and how long after its onset they sounded.

        Args:
            onset: When it began, in seconds.
        """
        return tuple(
            (word, at - onset) for at, word in self._words if at - onset >= -_BEFORE_VOICE_SECS
        )


def without_echo(words: Sequence[str], own: Sequence[str]) -> list[str]:
    """Leave out runs of two words and more that the agent has said in the same order.

    Args:
        words: What was heard.
        own: What the agent has said.

    Returns:
        The words that are left, in their order. A single word is left out if it is all there is.
    """
    if len(words) == 1:
        return [] if words[0] in own else list(words)
    places: dict[str, list[int]] = {}
    for place, word in enumerate(own):
        places.setdefault(word, []).append(place)
    left: list[str] = []
    at = 0
    while at < len(words):
        longest = max(
            (_run(words, at, own, place) for place in places.get(words[at], ())), default=0
        )
        if longest < 2:
            left.append(words[at])
            longest = 1
        at += longest
    return left


def _run(words: Sequence[str], at: int, own: Sequence[str], place: int) -> int:
    length = 0
    while (
        at + length < len(words)
        and place + length < len(own)
        and words[at + length] == own[place + length]
    ):
        length += 1
    return length


def _commands(words: Sequence[str], utterance: Utterance) -> bool:
    """Whether it is a command of one word, and not the one that the agent has said just then."""
    if len(words) > 1 or not is_command(words, utterance.language):
        return False
    just_then = (w for w, at in utterance.own_words if abs(at) <= _BEGINS_WITH_SECS)
    return words[0] not in just_then


def judge_echo(utterance: Utterance) -> Decision | Utterance:
    """Decide about an utterance that is the agent's own voice, and about nothing else.

    Args:
        utterance: All that is known so far.

    Returns:
        The decision that it is an echo, or what is left to be decided about: the words of a caller
        who speaks over the echo.
    """
    text = utterance.words if isinstance(utterance.words, str) else " ".join(utterance.words)
    words = normalize(_MASKED.sub(" ", text))
    left = without_echo(words, [word for word, _ in utterance.own_words])
    echoed = len(words) - len(left)
    if not echoed or is_command(left, utterance.language):
        return replace(utterance, words=left) if echoed else utterance
    if utterance.is_final:
        over = utterance.own_words[-1][1] > -_ANSWER_AFTER_SECS
        short_answer = utterance.agent_asked and len(words) <= _SHORT_ANSWER and not over
        if short_answer or _commands(words, utterance):
            return utterance
    misheard = _MISHEARD * len(words) if utterance.is_final else max(1.0, _MISHEARD * len(words))
    if len(left) <= misheard:
        return Decision(Action.IGNORE if utterance.is_final else Action.WAIT, ECHO)
    return replace(utterance, words=left) if echoed >= len(left) else utterance
