"""From what was seen of a call to its record: which word, wait and tool belongs to which turn."""

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.caller.caller import SpokenLine
from antiphon.simulation.recording.log import CallLog, HeardWord, Segment, Transcript, Wait
from antiphon.simulation.recording.record import (
    AgentSpeech,
    BargeIn,
    CallerSpeech,
    CallRecord,
    Contribution,
    ToolCall,
    Turn,
)

__all__ = ["account_for", "assemble"]

SHORTEST_PART_SECS = 0.0005
"""Shorter stretches would print as 0 ms."""


def assemble(log: CallLog) -> CallRecord:
    """Make the record of a call, whether it is over or not.

    A turn lasts from the start of the caller's line to the start of the next one; what was seen in
    between belongs to it.
    """
    bounds = [log.start_secs, *(line.start_secs for line in log.lines), float("inf")]
    lines: list[SpokenLine | None] = [None, *log.lines]
    turns = [
        _turn(log, index, line, bounds[index], bounds[index + 1])
        for index, line in enumerate(lines)
    ]
    return CallRecord(
        title=log.title,
        started_at=log.started_at,
        duration_secs=log.end_secs - log.start_secs,
        turns=tuple(turns),
        waveform=log.waveform,
    )


class _Timed(Protocol):
    @property
    def at_secs(self) -> float: ...


TimedT = TypeVar("TimedT", bound=_Timed)


def _turn(
    log: CallLog, index: int, line: SpokenLine | None, from_secs: float, to_secs: float
) -> Turn:
    def within(things: Iterable[TimedT]) -> list[TimedT]:
        return [thing for thing in things if from_secs <= thing.at_secs < to_secs]

    spans = [span for span in log.agent_spans if from_secs <= span.start_secs < to_secs]
    asked_secs = line.end_secs if line else from_secs
    answer_secs = next((span.start_secs for span in spans if span.start_secs >= asked_secs), None)
    waits = [wait for wait in log.waits if asked_secs <= wait.answered_secs < to_secs]
    account = account_for(waits[0], asked_secs, answer_secs) if waits and answer_secs else []
    calls = [
        call.model_copy(update={"arguments": log.tool_arguments.get(call_id, {})})
        for call_id, call in log.tool_calls.items()
        if from_secs <= call.start_secs < to_secs
    ]
    next_line = next((other for other in log.lines if other.start_secs == to_secs), None)
    cut_by = _barge_in(log, next_line) if next_line else None
    return Turn(
        index=index,
        caller=_caller_speech(line, within(log.transcripts), log.start_secs) if line else None,
        agent=_agent_speech(
            spans,
            within(log.segments),
            log.heard,
            log.start_secs,
            cut=cut_by is not None and cut_by.interrupted,
        ),
        ttfa_secs=None if answer_secs is None else answer_secs - asked_secs,
        contributions=tuple(_from_start(part, log.start_secs) for part in account),
        node=waits[0].node if waits else "",
        tool_calls=tuple(_from_start(call, log.start_secs) for call in calls),
        barge_in=_barge_in(log, line) if line else None,
    )


FactT = TypeVar("FactT", Contribution, ToolCall)


def _from_start(fact: FactT, zero: float) -> FactT:
    """Return a fact with its times from the start of the call."""
    times = {"start_secs": fact.start_secs - zero}
    if isinstance(fact, ToolCall) and fact.end_secs is not None:
        times["end_secs"] = fact.end_secs - zero
    return fact.model_copy(update=times)


def _caller_speech(
    line: SpokenLine, transcripts: Sequence[Transcript], zero: float
) -> CallerSpeech:
    return CallerSpeech(
        start_secs=line.start_secs - zero,
        end_secs=line.end_secs - zero,
        recognised=" ".join(transcript.text for transcript in transcripts),
        script=line.text or None,
    )


def _barge_in(log: CallLog, line: SpokenLine) -> BargeIn | None:
    for span in log.agent_spans:
        if span.start_secs < line.start_secs < span.end_secs:
            return BargeIn(
                start_secs=line.start_secs - log.start_secs,
                silence_secs=span.end_secs - log.start_secs,
                interrupted=_gave_way(log, line, span),
            )
    return None


def _gave_way(log: CallLog, line: SpokenLine, span: VoicedSpan) -> bool:
    """Whether the agent stopped for a line, in its voice or in a pause of it."""
    goes_on_secs = min(
        (other.start_secs for other in log.agent_spans if other.start_secs >= span.end_secs),
        default=math.inf,
    )
    cuts = [at for at in log.interruptions if line.start_secs <= at < goes_on_secs]
    if not cuts or cuts[0] <= span.end_secs:
        return bool(cuts)
    # It was silent already: for good, unless there was more to say.
    said = [segment for segment in log.segments if segment.at_secs <= cuts[0]]
    return bool(said) and len(_heard_of(said[-1], log.heard).split()) < len(said[-1].text.split())


def _heard_of(segment: Segment, heard: Sequence[HeardWord]) -> str:
    return " ".join(word.text.strip() for word in heard if word.segment_id == segment.id)


def _agent_speech(
    spans: Sequence[VoicedSpan],
    segments: Sequence[Segment],
    heard: Sequence[HeardWord],
    zero: float,
    *,
    cut: bool,
) -> AgentSpeech | None:
    if not spans:
        return None
    played: list[str] = []
    unheard: list[str] = []
    for segment in segments:
        words = _heard_of(segment, heard)
        played += [words] if words else []
        unheard += segment.text.split()[len(words.split()) :] if cut else []
    return AgentSpeech(
        spans=tuple((span.start_secs - zero, span.end_secs - zero) for span in spans),
        heard=" ".join(played),
        unheard=" ".join(unheard),
    )


def account_for(wait: Wait, asked_secs: float, answer_secs: float) -> list[Contribution]:
    """Return the parts of a wait so that they add up to what the caller felt.

    The pipeline's account begins where the VAD believes that the caller stopped and ends where
    audio leaves the pipeline; the caller's wait begins with the true end of the speech and ends
    with the first audible sample. The two ends and the gaps between are named here.

    Args:
        wait: The pipeline's account.
        asked_secs: The end of the caller's speech.
        answer_secs: The first agent audio that sounded.
    """
    parts: list[Contribution] = []
    at_secs = asked_secs

    def fill(until_secs: float, key: str, label: str, owner: str) -> None:
        nonlocal at_secs
        if until_secs - at_secs >= SHORTEST_PART_SECS:
            parts.append(
                Contribution(
                    key=key,
                    label=label,
                    owner=owner,
                    start_secs=at_secs,
                    duration_secs=until_secs - at_secs,
                )
            )
            at_secs = until_secs

    # What nothing accounts for is a gap.
    named = sorted(
        (part for part in wait.contributions if part.key != "pipeline"),
        key=lambda part: part.start_secs,
    )
    for part in named:
        start_secs = min(part.start_secs, answer_secs)
        if parts:
            fill(start_secs, "pipeline", "pipeline", "pipecat")
        else:
            fill(start_secs, "onset", "end of speech noticed", "VAD")
        end_secs = min(part.start_secs + part.duration_secs, answer_secs)
        fill(end_secs, part.key, part.label, part.owner)
    fill(min(wait.answered_secs, answer_secs), "pipeline", "pipeline", "pipecat")
    fill(answer_secs, "leading_silence", "silence before the first sound", "TTS")
    return parts
