"""Frames of this capability."""

from dataclasses import dataclass, field

from pipecat.frames.frames import ControlFrame, SystemFrame

__all__ = ["PIIExpectFrame", "PIIRedactedFrame"]


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

    Parameters:
        counts: How many entities were redacted, by type; empty if there was nothing to hide.
        spans_s: Start and end of the words, in seconds of the audio that the STT has received;
            empty where the provider gave no word times.
        keyed: True if it was keyed in; also pushed, without counts, at each single key.
        agent: True if the agent said it, giving a value back.
    """

    counts: dict[str, int] = field(default_factory=dict)
    spans_s: tuple[tuple[float, float], ...] = ()
    keyed: bool = False
    agent: bool = False
