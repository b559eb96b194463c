"""One wait for the agent, taken apart, as exporters and statistics read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from antiphon.processors.latency.core.turn import TurnKind

__all__ = ["Service", "Stage", "Tool", "TurnLatency"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """Who is behind a processor.

    Parameters:
        provider: Such as "deepgram".
        model: Such as "nova-3", if the service tells.
    """

    provider: str = ""
    model: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A part of one wait.

    Parameters:
        name: What the time was spent on: a key of Pipecat's `LatencyContribution`, or one of
            `context`, `playout` and `pipeline`.
        secs: How long.
        start_secs: When it began, in seconds since the caller fell silent.
        owner: The processor, tool or setting that took the time.
        provider: The provider behind the owner, if it is a service.
        model: Its model.
    """

    name: str
    secs: float
    start_secs: float
    owner: str = ""
    provider: str = ""
    model: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool call within a wait; tools that run together each have their own time here.

    Parameters:
        name: The tool.
        start_secs: When it began, in seconds since the caller fell silent.
        secs: How long it ran; None if it had not ended when the answer began.
    """

    name: str
    start_secs: float
    secs: float | None


@dataclass(frozen=True, kw_only=True)
class TurnLatency:
    """One wait for the agent, taken apart.

    Parameters:
        number: The turn's number in its call, from 1.
        kind: How the wait ended.
        started_at: When the caller fell silent, in seconds of the pipeline's clock; of words that
            no VAD heard, when they were known. None if neither was seen.
        total_secs: From the caller's silence to the first of the answer that was heard, or, of a
            transport that does not acknowledge, written. None if there was no answer.
        first_sound_secs: To the first sound of any kind: less than the total if a filler was
            spoken.
        stages: The parts, in order; they add up to `total_secs`.
        tools: The tool calls.
        marks: Each moment's first time in seconds since the caller's silence: for a picture.
        stamps: What the probes of this call saw first, the same way, by probe and kind.
        flags: `clock_jump`, or `missing:` and a moment that every answer should have. A flagged
            stage is left out, never shown as zero.
        transport: The kind of transport that wrote the answer.
        node: Of a call that follows a flow, the node in which the caller spoke.
    """

    number: int
    kind: TurnKind
    started_at: float | None
    total_secs: float | None
    first_sound_secs: float | None
    stages: tuple[Stage, ...]
    tools: tuple[Tool, ...]
    marks: Mapping[str, float]
    stamps: Mapping[str, float]
    flags: tuple[str, ...]
    transport: str = ""
    node: str = ""

    @property
    def counts(self) -> bool:
        """Whether the turn belongs into statistics of answers."""
        return (
            self.kind is TurnKind.ANSWERED
            and self.total_secs is not None
            and "clock_jump" not in self.flags
        )

    def secs_of(self, stage: str) -> float | None:
        """Return the whole time of one stage, None if the turn had none of it."""
        found = [part.secs for part in self.stages if part.name == stage]
        return sum(found) if found else None
