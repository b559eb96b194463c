"""What is known of an utterance over the agent, until it is settled."""

from dataclasses import dataclass, field

from antiphon.processors.interruption.decision import AgentState

__all__ = ["Speech"]


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
    settled: float | None = None

    @property
    def words(self) -> str:
        """All words so far."""
        return " ".join([*self.finals, self.interim]).strip()

    def settle(self, now: float) -> None:
        """Leave it at that, unless more of it is heard."""
        self.settled = now
        self.finals, self.interim, self.held_since = [], "", None
