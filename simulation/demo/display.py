"""The call in the terminal, while it goes on and when it is over."""

import asyncio
from contextlib import suppress

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from antiphon.simulation.recording import CallRecord, CallRecorder
from antiphon.simulation.recording.record import Turn
from antiphon.simulation.report.view import clock, millis

__all__ = ["follow", "print_summary"]

FRAMES_PER_SEC = 10
SETTLED_SECS = 2.0
"""How long after the caller's next line a turn may still change."""

HEAD_ROWS = 6
METER_WIDTH = 28
QUIETEST_DBFS = -54.0

STYLES = {"caller": "bright_blue", "agent": "dark_orange", "tool": "yellow"}


async def follow(console: Console, recorder: CallRecorder, lines: int) -> None:
    """Show a call until this is cancelled: live in a terminal, line by line elsewhere.

    Args:
        console: Where to.
        recorder: What records the call.
        lines: How many lines the caller is going to say.
    """
    if console.is_terminal:
        await _follow_live(console, recorder, lines)
    else:
        await _follow_plainly(console, recorder)


async def _follow_live(console: Console, recorder: CallRecorder, lines: int) -> None:
    loop = asyncio.get_running_loop()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        try:
            while True:
                levels = recorder.levels_dbfs(loop.time())
                live.update(_screen(recorder.record(), levels, lines, console.height), refresh=True)
                await asyncio.sleep(1 / FRAMES_PER_SEC)
        finally:
            live.update(Text())
            console.print(_conversation(recorder.record().turns))


async def _follow_plainly(console: Console, recorder: CallRecorder) -> None:
    printed = 0
    with suppress(asyncio.CancelledError):
        while True:
            record = recorder.record()
            for turn in record.turns[printed : _finished(record)]:
                _print_turn(console, turn)
                printed += 1
            await asyncio.sleep(0.5)
    for turn in recorder.record().turns[printed:]:
        _print_turn(console, turn)


def _finished(record: CallRecord) -> int:
    """Return how many turns will not change any more."""
    starts = [turn.caller.start_secs for turn in record.turns if turn.caller]
    return sum(start + SETTLED_SECS < record.duration_secs for start in starts)


def _print_turn(console: Console, turn: Turn) -> None:
    for who, text, note in _rows(turn):
        console.print(
            f"{_at(turn, who)}  {who:<6}  {text}{f'  [{note}]' if note else ''}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _screen(
    record: CallRecord, levels: tuple[float, float], lines: int, height: int
) -> RenderableType:
    spoken = len(record.caller_turns)
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(
        Text(f"antiphon demo · {record.title}", style="bold"),
        ProgressBar(total=lines, completed=spoken),
        f"line {spoken} of {lines} · {clock(record.duration_secs)}",
    )
    meters = Table.grid(padding=(0, 2))
    for who, level in zip(("caller", "agent"), levels, strict=True):
        meters.add_row(Text(who, style=f"bold {STYLES[who]}"), _meter(level, STYLES[who]))
    last = max(4, height - HEAD_ROWS)
    return Group(head, Text(), meters, Text(), _conversation(record.turns, last=last))


def _meter(level_dbfs: float, style: str) -> Text:
    share = max(0.0, min(1.0, 1 - level_dbfs / QUIETEST_DBFS))
    filled = round(share * METER_WIDTH)
    meter = Text("█" * filled, style=style).append("─" * (METER_WIDTH - filled), style="dim")
    return meter.append("  speaking" if filled else "")


def _conversation(turns: tuple[Turn, ...], *, last: int | None = None) -> Table:
    """Return the lines of a call; the last so many, unwrapped, where the room is scarce."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=last is not None, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    lines = [(turn, *row) for turn in turns for row in _rows(turn)]
    for turn, who, text, note in lines[-last:] if last else lines:
        table.add_row(_at(turn, who), Text(who, style=STYLES[who]), Text(text), Text(note))
    return table


def _rows(turn: Turn) -> list[tuple[str, str, str]]:
    """Return who did what in a turn, with a note."""
    rows: list[tuple[str, str, str]] = []
    if turn.caller:
        note = ""
        if turn.barge_in:
            stop = millis(turn.barge_in.stop_secs)
            note = f"barge-in, agent silent in {stop}" if turn.barge_in.interrupted else "barge-in"
        rows.append(("caller", turn.caller.recognised or "…", note))
    for call in turn.tool_calls:
        arguments = ", ".join(f"{name}={value}" for name, value in call.arguments.items())
        rows.append(("tool", f"{call.name}({arguments})", call.outcome))
    if turn.agent:
        text = turn.agent.heard + (" —" if turn.agent.unheard else "")
        ttfa = f"TTFA {millis(turn.ttfa_secs)}" if turn.caller and turn.ttfa_secs else ""
        rows.append(("agent", text or "…", ttfa))
    return rows


def _at(turn: Turn, who: str) -> str:
    if who == "agent" and turn.agent:
        return clock(turn.agent.spans[0][0])
    return clock(turn.caller.start_secs if turn.caller else 0.0)


def print_summary(console: Console, record: CallRecord) -> None:
    """Print the figures of a call."""
    median, slowest = record.ttfa_median_secs, record.slowest_turn
    errors = record.errors
    stops = [barge_in.stop_secs for barge_in in record.barge_ins if barge_in.interrupted]
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(style="dim")
    table.add_column(style="bold")
    table.add_column(style="dim")
    rows = [
        ("turns", f"{len(record.answered_turns)} of {len(record.caller_turns)} answered", ""),
        ("TTFA median", millis(median), "end of speech to first agent audio"),
        (
            "TTFA worst",
            millis(slowest.ttfa_secs if slowest else None),
            f"turn {slowest.index}" if slowest else "",
        ),
        (
            "barge-ins",
            str(len(record.barge_ins)),
            f"agent silent in {millis(max(stops))}" if stops else "",
        ),
        ("words heard", str(record.words_heard), "of the agent, by the caller"),
    ]
    if errors.words:
        rows.append(
            (
                "words understood",
                f"{max(0, errors.words - errors.wrong)} of {errors.words}",
                f"word error rate {errors.rate:.1%}",
            )
        )
    for row in rows:
        table.add_row(*row)
    console.print(table)
