"""Frames and metrics of this capability, what it writes into others, and how it replaces one."""

import copy
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipecat.frames.frames import ControlFrame, Frame, SystemFrame, TranscriptionFrame
from pipecat.metrics.metrics import MetricsData
from pipecat.utils.utils import obj_count, obj_id

from antiphon.core.unclear import UNCLEAR
from antiphon.processors.redaction.core.asks import TURNS
from antiphon.processors.redaction.core.entities import Entity, counts_of
from antiphon.processors.redaction.core.tally import Tally
from antiphon.processors.redaction.recording.word_times import spans_of, words_of

__all__ = [
    "FOR_THE_CLIENT",
    "RECORD",
    "STT_SECOND",
    "PIIExpectFrame",
    "PIIMetricsData",
    "PIIRedactedFrame",
    "renewed",
]

F = TypeVar("F", bound=Frame)

# Where a redacted frame's metadata has its text as a log or a client may have it.
RECORD = "redacted_for_the_record"

# In the metadata of a message in which nothing personal is left.
FOR_THE_CLIENT = "antiphon_for_the_client"

STT_SECOND = "antiphon_stt_s"
"""A packet's metadata: how many seconds its STT had got before it; None if it did not get it."""


@dataclass
class PIIExpectFrame(ControlFrame):
    """The application says what the caller is about to give.

    Parameters:
        kinds: Entity types or spoken names ("card_number"); empty clears the expectation.
        turns: Turns of the caller after which it is forgotten.
    """

    kinds: tuple[str, ...] = ()
    turns: int = TURNS


@dataclass
class PIIRedactedFrame(SystemFrame):
    """A final transcript, a key or the agent's speech was looked at; holds no content.

    It tells of all personal data, also of what the policy lets the model read.

    Parameters:
        counts: How many entities were found, by type; empty if there was nothing personal.
        spans_s: Start and end of the words, in seconds of the audio that the STT has received;
            empty where the provider gave no word times.
        words_s: Start of the transcript's first word and end of its last, told likewise.
        keyed: True if it was keyed in; also pushed, without counts, at each single key.
        agent: True if the agent said it.
        unclear: True if the recogniser did not understand all of it, so that it may be anything.
    """

    counts: dict[str, int] = field(default_factory=dict)
    spans_s: tuple[tuple[float, float], ...] = ()
    words_s: tuple[float, float] | None = None
    keyed: bool = False
    agent: bool = False
    unclear: bool = False

    @classmethod
    def of(cls, frame: TranscriptionFrame, found: Collection[Entity]) -> "PIIRedactedFrame":
        """What was found in a final transcript."""
        words = words_of(frame.result)
        return cls(
            counts=counts_of(found),
            spans_s=spans_of(frame.text, found, words),
            words_s=(words[0].start_s, words[-1].end_s) if words else None,
            keyed=frame.text.startswith("DTMF:"),
            unclear=UNCLEAR in frame.text,
        )


class PIIMetricsData(MetricsData):
    """What one redactor has hidden and given back in the call.

    Parameters:
        counts: How many values, by destination ("model", "record", "ear", "tools") and type: hidden
            from the model and the record, given to the ear and to tools.
        failures: How often detection failed and everything numeric was masked.
        open_ways: How many ways out were unguarded when the call began.
    """

    counts: dict[str, dict[str, int]]
    failures: int
    open_ways: int

    @classmethod
    def of(cls, tally: Tally, processor: str) -> "PIIMetricsData":
        """What a tally has counted."""
        return cls(
            processor=processor,
            counts=tally.by_destination(),
            failures=tally.failures,
            open_ways=tally.open_ways.total(),
        )


def renewed(frame: F, **changes: Any) -> F:
    """A copy of a frame with an identity of its own; a frame whose content stays is not copied."""
    if all(_same(getattr(frame, name), value) for name, value in changes.items()):
        return frame
    new = copy.copy(frame)
    new.id = obj_id()
    new.name = f"{type(frame).__name__}#{obj_count(new)}"
    new.metadata = dict(frame.metadata)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def _same(value: Any, new: Any) -> bool:
    # What is not redacted is the same object; foreign types may not compare to a plain truth.
    return value is new or (isinstance(new, str | list | type(None)) and bool(value == new))
