"""`antiphon watch`: the live calls of a running process, in the terminal."""

import json
import time
import urllib.request
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["render", "watch"]

# A line of figures fits into 80 columns: the id of the call gives way. The stage at fault and the
# stalls stand below it.
_WIDTHS: dict[str, int | None] = {
    "call": None,
    "transport": 9,
    "time": 6,
    "turns": 5,
    "P50": 8,
    "P95": 8,
    "last": 8,
    "barge-ins": 9,
}


def watch(
    url: Annotated[
        str, typer.Argument(help="Where the process shows its latency.")
    ] = "http://127.0.0.1:9464/latency",
    every: Annotated[float, typer.Option(help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option(help="Look once, and print.")] = False,
) -> None:
    """Show live calls: turns, TTFA, the stage at fault, barge-ins and loop lag."""
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is not an http:// or https:// address")
    if not urlsplit(url).path.strip("/"):
        url = f"{url.rstrip('/')}/latency"
    console = Console()
    if once:
        console.print(_look(url))
        return
    with Live(_look(url), console=console, auto_refresh=False, screen=True) as live:
        try:
            while True:
                time.sleep(max(0.1, every))
                live.update(_look(url), refresh=True)
        except KeyboardInterrupt:
            pass


def _look(url: str) -> Group | Text:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return render(json.load(answer))
    except (OSError, ValueError) as error:
        return Text(f"{url}: {error}", style="red")


def render(snapshot: dict[str, Any]) -> Group:
    """Draw what a process shows.

    Args:
        snapshot: What `antiphon.processors.latency.live.snapshot` returns.
    """
    process, lag = snapshot["process"], snapshot["loop_lag"]
    counts: dict[str, float] = {}
    for row in process["counts"]:
        counts[row["what"]] = counts.get(row["what"], 0) + row["number"]
    head = Text.assemble(
        (f"{len(snapshot['calls'])} calls", "bold"),
        f"   TTFA P50 {_ms(process['ttfa_5_min']['p50'])} P95 {_ms(process['ttfa_5_min']['p95'])}",
        " (5 min)",
        f"   since start P50 {_ms(process['ttfa']['p50'])} P95 {_ms(process['ttfa']['p95'])}",
        f" of {process['ttfa']['count']}",
        f"   barge-ins {counts.get('barge_ins', 0):.0f}",
        f"   stalls {counts.get('stalls', 0):.0f}",
        f"   loop lag P95 {_ms(lag['p95'])} max {_ms(lag['max'])}",
    )
    calls: list[RenderableType] = [_line(*_WIDTHS, style="bold")]
    for call in snapshot["calls"]:
        figures = [
            call["call_id"],
            call["transport"],
            f"{call['seconds']:.0f} s",
            str(call["turns"]),
            _ms(call["ttfa"]["p50"]),
            _ms(call["ttfa"]["p95"]),
            _ms(call["last_secs"]),
            str(call["barge_ins"]),
        ]
        calls.append(_line(*figures, style="yellow" if call["waiting"] else ""))
        if told := _fault(call):
            calls.append(Padding(told, (0, 0, 0, 2)))
    return Group(head, "", *calls)


def _line(*cells: str, style: str = "") -> Table:
    line = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for name, width in _WIDTHS.items():
        justify: JustifyMethod = "left" if name in ("call", "transport") else "right"
        line.add_column(justify=justify, no_wrap=True, width=width, ratio=None if width else 1)
    # A call's id is anybody's text, and no markup.
    line.add_row(*map(Text, cells), style=style)
    return line


def _fault(call: dict[str, Any]) -> Text:
    """The node that it is in, what took longest in the last turn, and what was overdue."""
    told = Text()
    if node := call.get("node"):
        told.append(f"{node}  ")
    if call["last_stage"]:
        secs = _ms(call["last_stage_secs"])
        told.append(f"{call['last_stage']} {secs} {call['last_owner']}  ", style="dim")
    stalls = ", ".join(f"{kind} {number:.0f}" for kind, number in call["stalls"].items())
    return told.append(stalls, style="red")


def _ms(secs: float | None) -> str:
    return "–" if secs is None else f"{secs * 1000:.0f} ms"
