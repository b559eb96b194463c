"""`antiphon load`: many callers against a server, what they felt, and what it cost."""

import asyncio
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from antiphon.simulation.load.figures import Quantiles, ServerCost, Summary, summarise
from antiphon.simulation.private_files import FILE_MODE, write_file

__all__ = ["load"]


def load(
    url: Annotated[
        str,
        typer.Argument(
            help="The server's webhook, https://…, as Twilio calls it (signed with "
            "TWILIO_AUTH_TOKEN), or its media stream, wss://…"
        ),
    ],
    calls: Annotated[int, typer.Option(min=1, help="How many callers at once.")] = 10,
    secs: Annotated[float, typer.Option("--for", min=5, help="Seconds that each call lasts.")] = 60,
    pid: Annotated[
        list[int] | None,
        typer.Option(
            help="A process of the server, for its CPU and memory, children included; may be "
            "given again. By default what listens on the port, on this machine."
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="A JSON file for the figures.")] = None,
) -> None:
    """Phone a server with many callers at once; exit 1 if a call failed or got no answer."""
    console = Console()
    try:
        if report:
            report.touch(FILE_MODE)  # told before the calls, not after
        summary = asyncio.run(_load(console, url, calls, secs, pid))
        if report:
            write_file(report, json.dumps(asdict(summary), indent=2) + "\n")
    except KeyboardInterrupt:
        _fail("interrupted", code=130)
    except ProcessLookupError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write {error.filename or report}: {error.strerror or error}")
    except (ImportError, ValueError) as error:
        _fail(str(error))
    if summary.answers:
        _print(console, summary)
    for reason, count in summary.failures.items():
        told = f"✗ {count} of {summary.calls} calls: {reason}"
        console.print(told, style="red", markup=False, soft_wrap=True)
    if not summary.answers and not summary.failures:
        console.print("✗ the server took the calls, and no line got an answer", style="red")
    if summary.failures or not summary.answers:
        raise typer.Exit(1)


async def _load(
    console: Console, url: str, calls: int, secs: float, pids: list[int] | None
) -> Summary:
    from antiphon.simulation.lines.twilio_stream import TwilioStream
    from antiphon.simulation.load.run import run_load
    from antiphon.simulation.load.server import ServerMeter, find_server

    TwilioStream(url)  # an address that nobody can call is told first
    progress = Progress(
        SpinnerColumn(),
        TextColumn(f"{calls} calls of {secs:g} s"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    )
    task = progress.add_task("calling", total=secs + 1)

    def follow(passed_secs: float, under_way: int, so_far: Summary) -> None:
        told = f"{under_way} going on, {so_far.answers} answers"
        if so_far.ttfa:
            told += f", TTFA P50 {so_far.ttfa.p50 * 1000:.0f} ms"
        if failed := sum(so_far.failures.values()):
            told += f", {failed} failed"
        progress.update(task, completed=passed_secs, description=told)

    meter = None
    try:
        meter = ServerMeter(pids or find_server(url))
    except ProcessLookupError as error:
        if pids:
            raise
        console.print(
            f"CPU and memory are not read: {error}", style="yellow", markup=False, soft_wrap=True
        )
    run = run_load(
        url, calls=calls, secs=secs, auth_token=os.environ.get("TWILIO_AUTH_TOKEN"), follow=follow
    )
    with progress:
        if meter is None:
            return summarise(await run)
        async with meter:
            summary = summarise(await run)
    cost = meter.cost(calls=calls, call_secs=summary.call_secs)
    return replace(summary, server=cost)


def _print(console: Console, summary: Summary) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in ("P50", "P95", "P99", "of"):
        table.add_column(column, justify="right")
    for name, figure in (
        ("TTFA", summary.ttfa),
        ("barge-in stop", summary.barge_in_stop),
        ("late audio", summary.late_audio),
        ("callers' own lag", summary.caller_lag),
    ):
        table.add_row(name, *_millis(figure))
    console.print(table)
    console.print(
        f"{summary.calls} calls, {summary.call_secs:.0f} s of call: {summary.answers} lines "
        f"answered, {summary.unanswered} not",
        highlight=False,
    )
    if summary.server:
        console.print(_cost(summary.server), highlight=False, soft_wrap=True)


def _cost(cost: ServerCost) -> str:
    return (
        f"server ({cost.processes} process{'es' if cost.processes > 1 else ''}): "
        f"{cost.cpu_ms_per_call_sec:.0f} ms of CPU for each second of call; "
        f"{cost.memory_before_mb:.0f} MB before, {cost.memory_peak_mb:.0f} MB at most, "
        f"{cost.memory_mb_per_call:.1f} MB more for each call"
    )


def _millis(figure: Quantiles | None) -> list[str]:
    if figure is None:
        return ["-", "-", "-", "0"]
    return [f"{s * 1000:.0f} ms" for s in (figure.p50, figure.p95, figure.p99)] + [
        str(figure.count)
    ]


def _fail(message: str, *, code: int = 2) -> NoReturn:
    typer.secho(f"antiphon load: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(code)
