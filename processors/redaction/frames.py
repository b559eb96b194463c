"""Frames of this capability."""

from dataclasses import dataclass, field

from pipecat.frames.frames import ControlFrame, SystemFrame

__all__ = ["FOR_THE_CLIENT", "RECORD", "STT_SECOND", "PIIExpectFrame", "PIIRedactedFrame"]

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
    turns: int = 5


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
    """

    counts: dict[str, int] = field(default_factory=dict)
    spans_s: tuple[tuple[float, float], ...] = ()
    words_s: tuple[float, float] | None = None
    keyed: bool = False
    agent: bool = False
