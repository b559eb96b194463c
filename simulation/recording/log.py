"""What was seen of a call, in the order it was seen; times are the event loop's, in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.recording.record import Contribution, ToolCall, Waveform

__all__ = ["CallLog", "HeardWord", "Segment", "Transcript", "Wait"]


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """Text that the agent's recogniser delivered."""

    at_secs: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Text that the agent was about to speak."""

    id: int
    at_secs: float
    text: str


@dataclass(frozen=True, kw_only=True)
class HeardWord:
    """A word, or more where the synthesiser gives no word times, that was played."""

    at_secs: float
    text: str
    segment_id: int | None


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The pipeline's account of one wait for the agent.

    Parameters:
        answered_secs: When the agent's audio left the pipeline, which ends the account.
        contributions: Its parts, on the loop's clock.
        node: Of a call that follows a flow, the node in which the caller spoke.
    """

    answered_secs: float
    contributions: Sequence[Contribution]
    node: str = ""


@dataclass(kw_only=True)
class CallLog:
    """Everything seen; `assemble` makes a `CallRecord` of it, at any time during the call."""

    title: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    start_secs: float = 0.0
    end_secs: float = 0.0
    lines: list[SpokenLine] = field(default_factory=list)
    agent_spans: Sequence[VoicedSpan] = ()
    transcripts: list[Transcript] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    heard: list[HeardWord] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    interruptions: list[float] = field(default_factory=list)
    tool_calls: dict[str, ToolCall] = field(default_factory=dict)
    tool_arguments: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    waveform: Waveform = field(default_factory=lambda: Waveform(step_secs=0.02))
