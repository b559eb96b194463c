"""`antiphon load`: many callers against a server, and what they felt."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from antiphon.simulation.load.figures import Quantiles, Summary, summarise
from rich import box
from rich.console import Console
from rich.table import Table

__all__ = ["load"]


def load(
    url: Annotated[str, typer.Argument(help="The server's WebSocket, as Twilio is told it.")],
    calls: Annotated[int, typer.Option(min=1, help="How many callers at once.")] = 10,
    secs: Annotated[float, typer.Option("--for", min=5, help="Seconds that each call lasts.")] = 60,
    report: Annotated[Path | None, typer.Option(help="A JSON file for the figures.")] = None,
) -> None:
    """Phone a server with many callers at once; exit 1 if a call failed or got no answer."""
    from antiphon.simulation.load.run import run_load

    console = Console()
    console.print(f"{calls} calls of {secs:g} s to {url} …", highlight=False)
    try:
        summary = summarise(asyncio.run(run_load(url, calls=calls, secs=secs)))
        if report:
            report.write_text(json.dumps(asdict(summary), indent=2) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        _fail("interrupted", code=130)
    except ImportError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write {error.filename or report}: {error.strerror or error}")
    _print(console, summary)
    if summary.failures or not summary.answers:
        raise typer.Exit(1)


def _print(console: Console, summary: Summary) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in ("P50", "P95", "P99"):
        table.add_column(column, justify="right")
    for name, figure in (("TTFA", summary.ttfa), ("barge-in stop", summary.barge_in_stop)):
        table.add_row(name, *_millis(figure))
    console.print(table)
    console.print(
        f"{summary.answers} answers, {summary.unanswered} lines without one, "
        f"{summary.late_gaps} gaps of late audio",
        highlight=False,
    )
    for reason, count in summary.failures.items():
        console.print(f"✗ {count} of {summary.calls} calls: {reason}", style="red", markup=False)


def _millis(figure: Quantiles | None) -> list[str]:
    if figure is None:
        return ["-"] * 3
    return [f"{secs * 1000:.0f} ms" for secs in (figure.p50, figure.p95, figure.p99)]


def _fail(message: str, *, code: int = 2) -> NoReturn:
    typer.secho(f"antiphon load: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(code)
