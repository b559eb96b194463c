"""What the agent is doing: speaking, at work for the caller, or waiting for them."""

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
)

from antiphon.processors.interruption.decision import AgentState

__all__ = ["BUSY", "AgentActivity"]

BUSY = (AgentState.SPEAKING, AgentState.TOOL)
"""What a turn that a service has found would interrupt."""

# After a turn of which no answer has come by then, nobody counts on one.
_ANSWERS_WITHIN_SECS = 8.0
_NOTICED_SECS = 0.5


class AgentActivity:
    """Follows the agent by the frames that tell of it; no clock."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._until = float("-inf")
        self._tools: dict[str, str] = {}
        self._thinks = (float("inf"), float("inf"))
        self._answers_until = float("inf")

    def turn_started(self) -> None:
        """The caller has the turn."""
        self._thinks = (float("inf"), float("inf"))

    def turn_stopped(self, now: float) -> None:
        """The caller has said something, and the agent is about to answer.

        Args:
            now: The time in seconds.
        """
        # A voice that began just before is noticed only now.
        self._answers_until = now + _ANSWERS_WITHIN_SECS
        self._thinks = (now - _NOTICED_SECS, self._answers_until)

    def thinks_on(self) -> None:
        """What the agent said was no answer yet."""
        self._thinks = (self._thinks[0], self._answers_until)

    def see(self, frame: Frame, now: float) -> bool:
        """Take a frame in.

        Args:
            frame: The frame.
            now: The time in seconds.

        Returns:
            Whether something has ended that a turn may have waited for.
        """
        match frame:
            case BotStartedSpeakingFrame():
                self._since = now
                self._thinks = (self._thinks[0], min(self._thinks[1], now))
            case BotStoppedSpeakingFrame():
                self._since, self._until = None, now
                return True
            case FunctionCallInProgressFrame():
                self._tools[frame.tool_call_id] = frame.function_name
            case FunctionCallResultFrame() | FunctionCallCancelFrame():
                return self._tools.pop(frame.tool_call_id, None) is not None
            case _:
                pass
        return False

    @property
    def speaking(self) -> bool:
        """Whether its speech is being sent."""
        return self._since is not None

    def state(self, at: float) -> AgentState:
        """Return what the agent was doing.

        Args:
            at: When, in seconds: now, or since the last word of the agent.
        """
        if (self._since is not None and self._since <= at) or at < self._until:
            return AgentState.SPEAKING
        if self._tools:
            return AgentState.TOOL
        began, until = self._thinks
        return AgentState.THINKING if began <= at < until else AgentState.SILENT

    def has_just_begun(self, now: float) -> bool:
        """Return whether the agent began to speak when the caller may have.

        Args:
            now: The time in seconds, at which the caller's voice is noticed.
        """
        return self._since is not None and now - self._since < _NOTICED_SECS

    def runs(self, tools: frozenset[str]) -> bool:
        """Return whether one of these functions is running.

        Args:
            tools: Their names.
        """
        return not tools.isdisjoint(self._tools.values())
