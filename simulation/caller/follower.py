"""When a caller does the next thing on the script: the decision, without a clock or audio."""

from collections.abc import Sequence

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.caller.script import PAUSE_SECS, HangUp, Step

__all__ = ["ScriptFollower"]

PATIENCE_SECS = 8.0
"""How long a caller waits for an answer before going on without one."""

KEPT_THE_TURN_SECS = 1.5
"""An agent that still speaks so long after being talked over has not yielded: it is answering."""


class ScriptFollower:
    """Follows a script, step by step, by what is heard of the agent."""

    def __init__(
        self,
        script: Sequence[Step],
        *,
        pause_secs: float = PAUSE_SECS,
        patience_secs: float = PATIENCE_SECS,
    ) -> None:
        """Stand before the first step.

        Args:
            script: The steps.
            pause_secs: How long the agent must be silent to count as done.
            patience_secs: How long to wait, in silence, for a moment that does not come.
        """
        self._script = script
        self._pause_secs = pause_secs
        self._patience_secs = patience_secs
        self._index = 0
        self._since_secs = 0.0

    def begin(self, now_secs: float) -> None:
        """Note the start of the call: the first step waits for what the agent says after it."""
        self._since_secs = now_secs

    def step_done(self, now_secs: float) -> None:
        """Note that the step which was due has been done."""
        self._index += 1
        self._since_secs = now_secs

    def due(self, now_secs: float, agent: Sequence[VoicedSpan]) -> Step | None:
        """Return the next step if its moment has come; after the last one, hang up.

        Args:
            now_secs: The time.
            agent: Where the agent was audible, in order, on the same clock.
        """
        step = self._script[self._index] if self._index < len(self._script) else HangUp()
        if step.after == "step_done":
            return step if now_secs - self._since_secs >= step.after_secs else None
        silent_secs = now_secs - max([self._since_secs, *(span.end_secs for span in agent[-1:])])
        onset = self._answer_onset(agent)
        if onset is None:
            return step if silent_secs >= self._patience_secs else None
        if step.after == "agent_done":
            return step if silent_secs >= self._pause_secs + step.after_secs else None
        # The moment to talk over the agent is missed when the agent is done before it.
        missed = silent_secs >= self._pause_secs
        return step if missed or now_secs - onset >= step.after_secs else None

    def _answer_onset(self, agent: Sequence[VoicedSpan]) -> float | None:
        """Return when the agent began to answer the step before, if it has."""
        onset = None
        for span in reversed(agent):
            if span.start_secs < self._since_secs:
                kept = span.end_secs - self._since_secs >= KEPT_THE_TURN_SECS
                return self._since_secs if kept and onset is None else onset
            onset = span.start_secs
        return onset
