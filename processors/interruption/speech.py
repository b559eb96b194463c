"""What is known of an utterance over the agent, until it is settled."""

from collections import deque
from dataclasses import dataclass, field

from pipecat.frames.frames import Frame

from antiphon.processors.interruption.decision import AgentState

__all__ = ["Speech"]

# Far more than anybody says over an agent before it is settled.
_MAX_FRAMES = 64


@dataclass
class Speech:
    """One utterance over the agent, from its onset until it is settled."""

    onset: float
    state: AgentState
    asked: bool
    agent_text: str
    ended: float
    speaking: bool = False
    finals: list[str] = field(default_factory=list)
    interim: str = ""
    user_id: str = ""
    timestamp: str = ""
    language: str | None = None
    held_since: float | None = None
    pending: bool = False
    waited: bool = False
    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=_MAX_FRAMES))
    settled: float | None = None

    @property
    def words(self) -> str:
        """All words so far."""
        return " ".join([*self.finals, self.interim]).strip()

    def complete(self, now: float, *, silence_secs: float) -> bool:
        """Whether the words are final and the caller has been silent for so long."""
        final = bool(self.finals) and not self.interim and not self.speaking
        return final and now - self.ended >= silence_secs

    def settle(self, now: float) -> None:
        """Leave it at that, unless more of it is heard."""
        self.settled = now
        self.finals, self.interim, self.held_since = [], "", None
        self.frames.clear()
