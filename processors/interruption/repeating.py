"""Whether what a caller says only follows along: the agent's own words, or that they are done.

Pure: words in, a verdict out. English words are looked for by name; in other languages who follows
is known by their repeating what was said, with "right" or its like.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from antiphon.processors.interruption.lexicon import PhraseKind, PhraseSpan, normalize

__all__ = ["follows_along"]

_MAX_REPEATED = 5
_LEAD = (PhraseKind.FILLER, PhraseKind.BACK, PhraseKind.SOFT)
_OBJECTS = {
    PhraseKind.STOP,
    PhraseKind.ASK,
    PhraseKind.REPAIR,
    PhraseKind.REJECT,
}
_NUMBERS = {"one", "two"}
_CHOOSING = {"that", "this", "both", "all"} | _NUMBERS
# "Your left" is repeated as "my left", "the very bottom" as "the bottom".
_SMALL = {"the", "a", "an", "my", "your", "very", "just", "it"}
# A place on the way; what lies there is no choice.
_WAYS = {
    "above",
    "across",
    "along",
    "alongside",
    "around",
    "before",
    "behind",
    "below",
    "beneath",
    "beside",
    "between",
    "beyond",
    "by",
    "down",
    "into",
    "near",
    "onto",
    "opposite",
    "over",
    "past",
    "round",
    "through",
    "toward",
    "towards",
    "under",
    "underneath",
    "up",
}
_PLACES = _WAYS | {"at", "in", "on", "to", "with"}
# What they say of themselves as they follow: "okay, I've got the old mill".
_DONE = re.compile(
    r"\b(?:i've (?:got|\w+ed)|i have(?: got)?|i (?:can )?see|i'm (?:going|just|at|in|on)"
    rf"|i'm (?:{'|'.join(sorted(_WAYS))}))\b"
)
_OF_THEMSELVES = {"i've", "got", "have", "going", "now", "see", "can"}
_AGAINST = {"or", "not", "but", "no"}
_ENDING = re.compile(r"(?:([bdgmnprt])\1|(?<=..))(?:ing|ed)$")


def follows_along(spans: Sequence[PhraseSpan], heard_text: str, *, is_final: bool) -> bool:
    """Return whether it says what the agent has just said, but for "right" and the like.

    Args:
        spans: What the caller said, cut by a `Lexicon`.
        heard_text: What the agent has just said.
        is_final: Whether the caller has said all.
    """
    kinds = [span.kind for span in spans]
    said = " ".join(span.text for span in spans).split()
    if _AGAINST.intersection(said) or _OBJECTS.intersection(kinds):
        return False
    content = [span.text for span in spans if span.kind is PhraseKind.CONTENT]
    told = [word for word in content if word not in _OF_THEMSELVES]
    if len(told) > _MAX_REPEATED or not content:
        return False
    heard = _stems(heard_text)
    if not all(_stem(word) in heard for word in told):
        return False
    if _DONE.search(" ".join(said)):
        # Of "I've got the …" it is not known yet whether the agent named it.
        return bool(told) or not is_final
    if not told:
        return False
    firm = [kind for kind in kinds if kind not in (PhraseKind.FILLER, PhraseKind.SOFT)]
    if PhraseKind.BACK in (firm[0], firm[-1]):
        return True
    opens = next(
        place for place, span in enumerate(spans) if span.kind not in _LEAD or span.text in _PLACES
    )
    stretch = [word for span in spans[opens:] for word in span.text.split()]
    if stretch[0] in _PLACES and _stem(stretch[0]) in heard:
        return True
    # "The first one" chooses: without a word of agreement it has to be a stretch of what was said.
    first = next(place for place, kind in enumerate(kinds) if kind not in _LEAD)
    lead = [span.text for span in spans[: first + 1]]
    choosing = _CHOOSING if len(told) == 1 else _CHOOSING - _NUMBERS
    chooses = not choosing.isdisjoint(lead)
    place = _place([_stem(word) for word in stretch if word not in _SMALL], heard)
    if place is None or chooses:
        return False
    if "the" in lead:
        return place > 0 and heard[place - 1] in _WAYS | {"to"}
    return len(told) > 1 or not is_final


def _place(stretch: Sequence[str], heard: Sequence[str]) -> int | None:
    """Return where the last such stretch begins."""
    for place in range(len(heard) - len(stretch), -1, -1):
        if list(heard[place : place + len(stretch)]) == list(stretch):
            return place
    return None


# One utterance is judged many times over the same words of the agent.
@lru_cache(maxsize=64)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in normalize(text) if word not in _SMALL)


def _stem(word: str) -> str:
    """Return a word without "-ing" and the like: who is told to tap says "tapping"."""
    return _ENDING.sub(lambda match: match[1] or "", word)
