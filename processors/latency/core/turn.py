"""One wait for the agent, and one barge-in, with what was seen of each."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from antiphon.processors.latency.core.moments import Mark, Moment

__all__ = ["BargeIn", "Turn", "TurnKind"]


class TurnKind(enum.StrEnum):
    """How a wait for the agent ended."""

    ANSWERED = enum.auto()
    """The caller spoke, and heard an answer."""
    GREETING = enum.auto()
    """The agent spoke first, to a caller who had connected."""
    INTERRUPTED = enum.auto()
    """The caller spoke again before there was an answer."""
    EMPTY = enum.auto()
    """No word of the caller's was recognized."""
    UNANSWERED = enum.auto()
    """The call ended before there was an answer."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One wait for the agent, from the caller's last words to the agent's.

    Parameters:
        kind: How it ended.
        marks: What was seen, in order.
        ended_at: When it was over, in seconds of the pipeline's clock.
        clock_jumped: Whether the clock went back, or stood still for so long that the machine
            must have slept; the times are then not to be trusted.
        transcribed: Whether the answer waited for a transcript.
    """

    kind: TurnKind
    marks: tuple[Mark, ...]
    ended_at: float
    clock_jumped: bool = False
    transcribed: bool = True

    def all(self, moment: Moment) -> Iterator[Mark]:
        """Return the marks of one moment, in order."""
        return (mark for mark in self.marks if mark.moment is moment)

    def first(self, moment: Moment) -> Mark | None:
        """Return the first mark of a moment, if there is one."""
        return next(self.all(moment), None)

    def last(self, moment: Moment) -> Mark | None:
        """Return the last mark of a moment, if there is one."""
        return next((mark for mark in reversed(self.marks) if mark.moment is moment), None)


@dataclass(frozen=True, kw_only=True)
class BargeIn:
    """The caller spoke over the agent, and the agent was cut off.

    All times are in seconds of the pipeline's clock, None where it was not seen.

    Parameters:
        onset_at: When the caller's voice began.
        vad_at: When the VAD was sure of it.
        ducked_at: When the agent was made quieter.
        decided_at: When it was decided to be an interruption.
        silent_at: When no more of the agent's audio went out.
    """

    onset_at: float | None = None
    vad_at: float | None = None
    ducked_at: float | None = None
    decided_at: float | None = None
    silent_at: float | None = None

    @property
    def total_secs(self) -> float | None:
        """From the caller's voice to the agent's silence."""
        if self.onset_at is None or self.silent_at is None:
            return None
        return max(0.0, self.silent_at - self.onset_at)
