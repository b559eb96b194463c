"""What the agent is doing: speaking, at work with a tool, or waiting for the caller."""

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
)

from antiphon.processors.interruption.decision import AgentState

__all__ = ["AgentActivity"]


class AgentActivity:
    """Follows the agent by the frames that tell of it; no clock."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._until = float("-inf")
        self._tools: dict[str, str] = {}

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
        return AgentState.TOOL if self._tools else AgentState.SILENT

    def runs(self, tools: frozenset[str]) -> bool:
        """Return whether one of these functions is running.

        Args:
            tools: Their names.
        """
        return not tools.isdisjoint(self._tools.values())
