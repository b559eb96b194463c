"""Keeping a cancelled function call from hanging in the conversation.

An interruption cancels a call by a system frame, which overtakes the data frame that announces the
call; Pipecat's aggregator then waits for its result for ever (pipecat#5779, #3661). So the guard
turns a cancellation that could overtake into a result that keeps its place in the queue.
"""

from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
)

__all__ = ["ToolCallGuard"]

_MAX_CALLS = 64
# What is announced reaches the aggregator within a chunk or two of audio; this is far beyond it.
_SETTLED_SECS = 1.0
_NOT_ANNOUNCED = float("inf")


class ToolCallGuard:
    """Follows the calls that pass a processor."""

    def __init__(self) -> None:
        """Know of no call."""
        self._announced_at: dict[str, float] = {}
        self._cancelled: dict[str, FunctionCallCancelFrame] = {}

    def passing(self, frame: Frame, now: float) -> Frame | None:
        """Return what to push in a frame's place: itself, another, or nothing for now.

        Args:
            frame: A frame that arrives going downstream.
            now: The time in seconds.
        """
        match frame:
            case FunctionCallsStartedFrame():
                for call in frame.function_calls:
                    self._announced_at[call.tool_call_id] = _NOT_ANNOUNCED
                while len(self._announced_at) > _MAX_CALLS:
                    del self._announced_at[next(iter(self._announced_at))]
            case FunctionCallResultFrame():
                self._announced_at.pop(frame.tool_call_id, None)
            case FunctionCallCancelFrame():
                announced_at = self._announced_at.pop(frame.tool_call_id, None)
                if announced_at == _NOT_ANNOUNCED:
                    self._cancelled[frame.tool_call_id] = frame
                    return None
                if announced_at is not None and now - announced_at < _SETTLED_SECS:
                    return _result(frame)
            case _:
                pass
        return frame

    def announced(self, frame: FunctionCallInProgressFrame, now: float) -> Frame | None:
        """Note that a call's announcement went out; return what must follow it.

        Args:
            frame: The announcement.
            now: The time in seconds.
        """
        if cancelled := self._cancelled.pop(frame.tool_call_id, None):
            return _result(cancelled)
        if frame.tool_call_id in self._announced_at:
            self._announced_at[frame.tool_call_id] = now
        return None


def _result(frame: FunctionCallCancelFrame) -> FunctionCallResultFrame:
    return FunctionCallResultFrame(
        function_name=frame.function_name,
        tool_call_id=frame.tool_call_id,
        arguments={},
        result="CANCELLED",
        properties=FunctionCallResultProperties(run_llm=frame.run_llm),
    )
