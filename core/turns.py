"""Where a call's conversation stands: who has the turn, and how often it changed hands.

Pure: events come in, a snapshot comes out. It is here and not with the interruptions that bring the
events, so that a capability which keeps a record of the call can read it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["TurnEvent", "TurnSnapshot", "TurnState", "TurnTracker"]


class TurnState(StrEnum):
    """Who has the turn."""

    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    DUCKED = "ducked"
    INTERRUPTED = "interrupted"


class TurnEvent(StrEnum):
    """What changes it."""

    CALLER_STARTED = "caller started"
    CALLER_STOPPED = "caller stopped"
    AGENT_STARTED = "agent started"
    AGENT_STOPPED = "agent stopped"
    DUCKED = "ducked"
    RESTORED = "restored"


@dataclass(frozen=True, kw_only=True)
class TurnSnapshot:
    """The conversation at one moment.

    Parameters:
        state: Who has the turn.
        turn: How many turns the caller has taken.
        interruptions: How many of them cut the agent off.
        ignored: How often a voice over the agent turned out to be no interruption.
        heard_secs: How much of the reply in progress, or of the last one, the caller heard.
    """

    state: TurnState = TurnState.LISTENING
    turn: int = 0
    interruptions: int = 0
    ignored: int = 0
    heard_secs: float = 0.0


_AGENT_TALKS = (TurnState.SPEAKING, TurnState.DUCKED)


class TurnTracker:
    """The state machine; an event that makes no sense in a state leaves it as it is."""

    def __init__(self) -> None:
        """Start with the agent listening."""
        self.snapshot = TurnSnapshot()

    def take(self, event: TurnEvent, *, heard_secs: float = 0.0) -> TurnSnapshot:
        """Take an event in.

        Args:
            event: What happened.
            heard_secs: How much of the agent's speech the caller has heard.

        Returns:
            The new snapshot, which is the old one if nothing changed.
        """
        now = self.snapshot
        state = now.state
        match event:
            case TurnEvent.CALLER_STARTED:
                cut = state in _AGENT_TALKS
                now = replace(
                    now,
                    state=TurnState.INTERRUPTED if cut else TurnState.LISTENING,
                    turn=now.turn + 1,
                    interruptions=now.interruptions + cut,
                    heard_secs=heard_secs if cut else now.heard_secs,
                )
            case TurnEvent.CALLER_STOPPED:
                now = replace(now, state=TurnState.THINKING)
            case TurnEvent.AGENT_STARTED:
                now = replace(now, state=TurnState.SPEAKING)
            case TurnEvent.AGENT_STOPPED if state in _AGENT_TALKS:
                now = replace(now, state=TurnState.LISTENING, heard_secs=heard_secs)
            case TurnEvent.DUCKED if state is TurnState.SPEAKING:
                now = replace(now, state=TurnState.DUCKED, heard_secs=heard_secs)
            case TurnEvent.RESTORED if state is TurnState.DUCKED:
                now = replace(now, state=TurnState.SPEAKING, ignored=now.ignored + 1)
            case _:
                pass
        self.snapshot = now
        return now
