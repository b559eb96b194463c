"""From a call's record to what its page shows: places in per cent, and numbers as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.simulation.recording import CallRecord
from antiphon.simulation.recording.record import AgentSpeech, Contribution, Turn

__all__ = [
    "Block",
    "Figure",
    "Mark",
    "PageView",
    "PartView",
    "TurnView",
    "clock",
    "millis",
    "page_view",
    "waveform_path",
]

MOST_POINTS = 1600
"""More would not be seen on a wide screen at the closest zoom that is of use."""

TICK_STEPS_SECS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
MOST_TICKS = 13


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One of the numbers at the top."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A stretch of the time line, in per cent of the call."""

    left: float
    width: float
    start_secs: float
    tip: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that happened at a moment or over a stretch of the time line."""

    kind: str
    left: float
    width: float
    label: str
    tip: str


@dataclass(frozen=True, kw_only=True)
class PartView:
    """One part of a wait; it starts in seconds after the caller's silence."""

    key: str
    start_secs: float
    secs: float
    tip: str


@dataclass(frozen=True, kw_only=True)
class TurnView:
    """A turn, with its wait."""

    turn: Turn
    name: str
    ttfa: str
    parts: Sequence[PartView]
    starts_at: str
    answers_at: str
    agent_start_secs: float
    misheard: bool
    stop: str


@dataclass(frozen=True, kw_only=True)
class PageView:
    """Everything the template needs."""

    record: CallRecord
    date: str
    duration: str
    figures: Sequence[Figure]
    ticks: Sequence[tuple[float, str]]
    caller_path: str
    agent_path: str
    caller_blocks: Sequence[Block]
    agent_blocks: Sequence[Block]
    waits: Sequence[Mark]
    marks: Sequence[Mark]
    turns: Sequence[TurnView]


def page_view(record: CallRecord) -> PageView:
    """Lay a record out.

    Args:
        record: The call.
    """
    points = max(1, round(record.duration_secs / record.waveform.step_secs))
    return PageView(
        record=record,
        date=f"{record.started_at:%-d %B %Y, %H:%M} UTC",
        duration=clock(record.duration_secs),
        figures=_figures(record),
        ticks=_ticks(record.duration_secs),
        caller_path=waveform_path(record.waveform.caller, points),
        agent_path=waveform_path(record.waveform.agent, points),
        caller_blocks=[
            _block(record, turn.caller.start_secs, turn.caller.end_secs, turn.caller.recognised)
            for turn in record.caller_turns
            if turn.caller
        ],
        agent_blocks=[
            _block(record, start, end, turn.agent.heard)
            for turn in record.turns
            if turn.agent
            for start, end in turn.agent.spans
        ],
        waits=[_wait_mark(record, turn) for turn in record.answered_turns],
        marks=[mark for turn in record.turns for mark in _marks(record, turn)],
        turns=[_turn_view(turn) for turn in record.turns],
    )


def clock(secs: float) -> str:
    """Return a time as minutes and seconds: 0:07."""
    whole = int(secs)
    return f"{whole // 60}:{whole % 60:02d}"


def millis(secs: float | None) -> str:
    """Return a duration in milliseconds, a long one in seconds."""
    if secs is None:
        return "–"
    return f"{secs * 1000:.0f} ms" if abs(secs) < 9.9995 else f"{secs:.1f} s"


def waveform_path(peaks: Sequence[float], points: int) -> str:
    """Return an SVG path that is mirrored about the middle of a box of 1000 by 100.

    Args:
        peaks: Values between 0 and 1.
        points: How many values fill the width; those that are missing at the end are silence.
    """
    group = -(-points // MOST_POINTS)
    heights = [
        # The square root shows quiet speech as well: loudness is not heard linearly.
        min(1.0, max(peaks[index : index + group])) ** 0.5 * 48
        for index in range(0, min(points, len(peaks)), group)
    ]
    if not heights:
        return ""
    step = 1000 * group / points
    upper = [f"{index * step:.1f} {50 - high:.0f}" for index, high in enumerate(heights)]
    lower = [f"{index * step:.1f} {50 + high:.0f}" for index, high in enumerate(heights)]
    return f"M{'L'.join(upper)}L{'L'.join(reversed(lower))}Z"


def _percent(record: CallRecord, secs: float) -> float:
    return round(100 * secs / max(record.duration_secs, 0.001), 3)


def _block(record: CallRecord, start_secs: float, end_secs: float, text: str) -> Block:
    return Block(
        left=_percent(record, start_secs),
        width=_percent(record, end_secs - start_secs),
        start_secs=round(start_secs, 2),
        tip=f"{clock(start_secs)} · {end_secs - start_secs:.1f} s · {text or 'not understood'}",
    )


def _wait_mark(record: CallRecord, turn: Turn) -> Mark:
    assert turn.caller is not None
    assert turn.ttfa_secs is not None
    return Mark(
        kind="wait",
        left=_percent(record, turn.caller.end_secs),
        width=_percent(record, turn.ttfa_secs),
        label=millis(turn.ttfa_secs),
        tip=f"the caller waited {millis(turn.ttfa_secs)} for turn {turn.index}"
        + (f", in node {turn.node}" if turn.node else ""),
    )


def _marks(record: CallRecord, turn: Turn) -> list[Mark]:
    marks: list[Mark] = []
    if turn.barge_in:
        stopped = "the agent stopped after" if turn.barge_in.interrupted else "both spoke for"
        marks.append(
            Mark(
                kind="barge-in",
                left=_percent(record, turn.barge_in.start_secs),
                width=_percent(record, turn.barge_in.stop_secs),
                label="barge-in",
                tip=f"barge-in: {stopped} {millis(turn.barge_in.stop_secs)}",
            )
        )
    marks += [
        Mark(
            kind="tool",
            left=_percent(record, call.start_secs),
            width=_percent(record, (call.end_secs or call.start_secs) - call.start_secs),
            label=call.name,
            tip=f"{call.name}: {call.outcome}"
            + (f" in {millis(call.end_secs - call.start_secs)}" if call.end_secs else ""),
        )
        for call in turn.tool_calls
    ]
    return marks


def _turn_view(turn: Turn) -> TurnView:
    waited_from = turn.caller.end_secs if turn.caller else 0.0
    errors = turn.caller.errors if turn.caller else None
    return TurnView(
        turn=turn,
        name=turn.caller.recognised or "(not understood)" if turn.caller else "greeting",
        ttfa=millis(turn.ttfa_secs) if turn.ttfa_secs is not None else "no answer",
        parts=[
            PartView(
                key=part.key,
                start_secs=part.start_secs - waited_from,
                secs=part.duration_secs,
                tip=f"{part.label} · {millis(part.duration_secs)} · {_owner(part)}",
            )
            for part in turn.contributions
        ],
        starts_at=clock(turn.caller.start_secs) if turn.caller else "",
        answers_at=clock(_first(turn.agent)),
        agent_start_secs=round(_first(turn.agent), 2),
        misheard=bool(errors and errors.wrong),
        stop=millis(turn.barge_in.stop_secs) if turn.barge_in else "",
    )


def _first(agent: AgentSpeech | None) -> float:
    return agent.spans[0][0] if agent else 0.0


def _owner(part: Contribution) -> str:
    """Return an owner without Pipecat's instance number and marker."""
    return part.owner.partition("#")[0].removeprefix("config: ")


def _figures(record: CallRecord) -> list[Figure]:
    slowest = record.slowest_turn
    errors = record.errors
    greeting = record.turns[0].ttfa_secs if record.turns else None
    stops = [barge_in.stop_secs for barge_in in record.barge_ins if barge_in.interrupted]
    figures = [
        Figure(
            name="TTFA, median",
            value=millis(record.ttfa_median_secs),
            note="end of speech to first answer",
        ),
        Figure(
            name="TTFA, worst",
            value=millis(slowest.ttfa_secs if slowest else None),
            note=f"turn {slowest.index}" if slowest else "",
        ),
        Figure(
            name="Turns",
            value=f"{len(record.answered_turns)}/{len(record.caller_turns)}",
            note="answered / spoken",
        ),
        Figure(
            name="Barge-ins",
            value=str(len(record.barge_ins)),
            note=f"agent silent in {millis(max(stops))}" if stops else "",
        ),
        Figure(
            name="Words understood",
            value=f"{max(0, errors.words - errors.wrong)}/{errors.words}" if errors.words else "–",
            note=f"word error rate {errors.rate:.1%}" if errors.words else "no script to compare",
        ),
        Figure(
            name="Words heard",
            value=str(record.words_heard),
            note="of the agent, by the caller",
        ),
        Figure(
            name="Tool calls",
            value=str(len(record.tool_calls)),
            note=", ".join(sorted({call.name for call in record.tool_calls})),
        ),
        Figure(name="Greeting after", value=millis(greeting), note="from the connection"),
    ]
    return figures


def _ticks(duration_secs: float) -> list[tuple[float, str]]:
    step = next((s for s in TICK_STEPS_SECS if duration_secs / s <= MOST_TICKS), 1800)
    return [
        (round(100 * at / max(duration_secs, 0.001), 3), clock(at))
        for at in range(0, int(duration_secs * 0.98) + 1, step)
    ]
