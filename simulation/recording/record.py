"""What a call leaves behind, as data: who said what when, and why each answer took its time.

All times are seconds from the start of the call. A `CallRecord` is what reports, expectations and
comparisons between calls are made from; it knows nothing of how it was recorded.
"""

from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from antiphon.simulation.recording.words import Errors, word_errors

__all__ = [
    "AgentSpeech",
    "BargeIn",
    "CallRecord",
    "CallerSpeech",
    "Contribution",
    "ToolCall",
    "Turn",
    "Waveform",
]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class CallerSpeech(_Fact):
    """One line of the caller.

    Parameters:
        start_secs: When the first audible sample sounded.
        end_secs: When the last audible sample had sounded.
        recognised: What the agent's recogniser made of it.
        script: What was truly said; None where that is not known.
    """

    start_secs: float
    end_secs: float
    recognised: str
    script: str | None = None

    @property
    def errors(self) -> Errors | None:
        """The recognised words against those truly said, where they are known."""
        return None if self.script is None else word_errors(self.script, self.recognised)


class AgentSpeech(_Fact):
    """What the agent said in one turn.

    Parameters:
        spans: Where it was audible, as (start, end) in seconds.
        heard: The text that was played.
        unheard: The text that was to follow, had the caller not interrupted.
    """

    spans: tuple[tuple[float, float], ...]
    heard: str
    unheard: str = ""

    @property
    def seconds(self) -> float:
        """How long it was audible."""
        return sum(end - start for start, end in self.spans)


class Contribution(_Fact):
    """One part of the time that the caller waited for an answer.

    Parameters:
        key: A stage of `TurnLatency`, or "onset" and "leading_silence", which no pipeline sees.
        label: The name to show.
        owner: The service or setting that took the time.
        start_secs: When it began.
        duration_secs: How long it took.
    """

    key: str
    label: str
    owner: str
    start_secs: float
    duration_secs: float


class ToolCall(_Fact):
    """A function that the agent called.

    Parameters:
        name: The function.
        arguments: What it was called with.
        start_secs: When it began to run.
        end_secs: When its result came; None if none did.
        outcome: What became of it.
    """

    name: str
    arguments: Mapping[str, Any]
    start_secs: float
    end_secs: float | None = None
    outcome: Literal["running", "completed", "failed", "timed_out", "cancelled"] = "running"


class BargeIn(_Fact):
    """The caller spoke over the agent.

    Parameters:
        start_secs: When the caller began.
        silence_secs: When the agent's last sample had sounded.
        interrupted: Whether the agent gave way, rather than coming to its end.
    """

    start_secs: float
    silence_secs: float
    interrupted: bool

    @property
    def stop_secs(self) -> float:
        """How long both spoke."""
        return self.silence_secs - self.start_secs


class Turn(_Fact):
    """What the caller said and what the agent answered; the greeting has no caller.

    Parameters:
        index: 0 is the greeting.
        caller: What the caller said.
        agent: What the agent answered.
        ttfa_secs: From the end of the caller's speech to the first agent audio that sounded, both
            as heard on the wire; for the greeting, from the start of the call. None without an
            answer.
        contributions: What that time was spent on, in order; they add up to it.
        tool_calls: The functions called for the answer.
        barge_in: Set if the caller said this over the agent's previous turn.
        node: Of a call that follows a flow, the node in which the caller spoke.
    """

    index: int
    caller: CallerSpeech | None = None
    agent: AgentSpeech | None = None
    ttfa_secs: float | None = None
    contributions: tuple[Contribution, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    barge_in: BargeIn | None = None
    node: str = ""


class Waveform(_Fact):
    """The loudness of both voices.

    Parameters:
        step_secs: The time between two values.
        caller: Peaks between 0 and 1.
        agent: Peaks between 0 and 1.
    """

    step_secs: float
    caller: tuple[float, ...] = ()
    agent: tuple[float, ...] = ()


class CallRecord(_Fact):
    """A call.

    Parameters:
        title: What to call it.
        started_at: When it began, in UTC.
        duration_secs: How long it lasted.
        turns: The greeting and the turns, in order.
        waveform: The loudness of both voices.
    """

    title: str
    started_at: datetime
    duration_secs: float
    turns: tuple[Turn, ...]
    waveform: Waveform

    @property
    def answered_turns(self) -> tuple[Turn, ...]:
        """The turns in which the caller spoke and the agent answered."""
        return tuple(turn for turn in self.turns if turn.caller and turn.ttfa_secs is not None)

    @property
    def caller_turns(self) -> tuple[Turn, ...]:
        """The turns in which the caller spoke."""
        return tuple(turn for turn in self.turns if turn.caller)

    @property
    def ttfa_median_secs(self) -> float | None:
        """The median TTFA of the caller's turns; None without any answer."""
        values = [turn.ttfa_secs for turn in self.answered_turns if turn.ttfa_secs is not None]
        return median(values) if values else None

    @property
    def slowest_turn(self) -> Turn | None:
        """The caller's turn with the longest TTFA; None without any answer."""
        return max(self.answered_turns, key=lambda turn: turn.ttfa_secs or 0.0, default=None)

    @property
    def barge_ins(self) -> tuple[BargeIn, ...]:
        """Each time that the caller spoke over the agent."""
        return tuple(turn.barge_in for turn in self.turns if turn.barge_in)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Each function called."""
        return tuple(call for turn in self.turns for call in turn.tool_calls)

    @property
    def errors(self) -> Errors:
        """The recognised words of the whole call against those truly said."""
        return sum(
            (turn.caller.errors or Errors() for turn in self.caller_turns if turn.caller), Errors()
        )

    @property
    def words_heard(self) -> int:
        """How many words of the agent were played to the caller."""
        return sum(len(turn.agent.heard.split()) for turn in self.turns if turn.agent)
