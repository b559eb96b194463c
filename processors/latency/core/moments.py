"""What can be seen in a call: the one vocabulary of timeline, watchdogs and conversation."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["LATE", "SHORTEST_SPEECH_SECS", "Mark", "Moment", "voice_of_words"]

SHORTEST_SPEECH_SECS = 0.6
"""A shorter voice may be a cough or an "mhm" that a recognizer rightly makes nothing of."""

LATE = "late"
"""The key of a `SPOKE` that comes of words, which may be those of the turn before."""


class Moment(enum.StrEnum):
    """Something seen in a call, at one time."""

    CONNECTED = enum.auto()
    CALLER_STARTED = enum.auto()
    CALLER_STOPPED = enum.auto()
    INTERIM = enum.auto()
    TRANSCRIPT = enum.auto()
    SPOKE = enum.auto()
    """To a model that hears for itself the caller has said something: by the length of the voice,
    by what the vendor tells, or by words that may come long after the answer."""
    TURN_STARTED = enum.auto()
    TURN_ENDED = enum.auto()
    BACKCHANNEL = enum.auto()
    DUCKED = enum.auto()
    INTERRUPTED = enum.auto()
    CANCELLED = enum.auto()
    CONTEXT = enum.auto()
    LLM_STARTED = enum.auto()
    FIRST_CHUNK = enum.auto()
    """A metric: how long after its request an LLM sent anything."""
    MARKER = enum.auto()
    """The LLM has judged whether the caller is done."""
    TOKEN = enum.auto()
    LLM_FAILED = enum.auto()
    """The LLM has reported an error, in the midst of its answer or before."""
    LLM_ENDED = enum.auto()
    TEXT_UNDER_WAY = enum.auto()
    """The LLM is done, and its end has yet to reach the voice, which waits for it."""
    TEXT_GIVEN = enum.auto()
    SHOWN = enum.auto()
    """The answer is there to be read, and no voice says it."""
    MODEL_SPOKE = enum.auto()
    """The LLM gives sound itself."""
    SENTENCE = enum.auto()
    AGGREGATED = enum.auto()
    """A metric: how long a TTS service gathered tokens into a sentence."""
    TOOLS_CALLED = enum.auto()
    """The LLM has called tools; each starts on its own, perhaps after the LLM has ended."""
    TOOL_STARTED = enum.auto()
    TOOL_ENDED = enum.auto()
    TOOLS_AWAITED = enum.auto()
    TOOLS_DONE = enum.auto()
    TTS_STARTED = enum.auto()
    AUDIO = enum.auto()
    TO_WRITE = enum.auto()
    TTS_STOPPED = enum.auto()
    WRITTEN = enum.auto()
    HEARD = enum.auto()
    FILLER_WRITTEN = enum.auto()
    BOT_STARTED = enum.auto()
    BOT_STOPPED = enum.auto()
    STAMP = enum.auto()
    CALL_ENDED = enum.auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One moment.

    Parameters:
        moment: What was seen.
        at: When, in seconds of the pipeline's clock.
        owner: The processor it was seen at; of `CALLER_STOPPED`, that which owes the transcript;
            of a metric, the processor that it is about.
        secs: For `CALLER_STARTED` and `CALLER_STOPPED`, how long the VAD had waited to be sure;
            the sound itself began or ended that much earlier. For a metric, what it says.
        key: What tells this mark from others: the id of a tool call, the name of a probe.
        name: What a person calls it: the tool's name.
    """

    moment: Moment
    at: float
    owner: str = ""
    secs: float = 0.0
    key: str = ""
    name: str = ""


def voice_of_words(marks: Iterable[Mark]) -> Mark | None:
    """The end of the first voice that was long enough for words, if there was one.

    Args:
        marks: What was seen, in order.
    """
    began: float | None = None
    for mark in marks:
        if mark.moment is Moment.CALLER_STARTED:
            began = mark.at
        elif mark.moment is Moment.CALLER_STOPPED and began is not None:
            if mark.at - began >= SHORTEST_SPEECH_SECS - 1e-6:
                return mark
            began = None
    return None
