"""`antiphon simulate`: play scenarios, in virtual time unless told otherwise."""

import asyncio
import multiprocessing
import os
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from antiphon.simulation.scenarios.loading import SHIPPED, ScenarioError, load_scenario
from antiphon.simulation.scenarios.results import Result, write_json, write_junit
from antiphon.simulation.scenarios.schema import Scenario
from loguru import logger
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from antiphon.simulation.scenarios.play import Played

__all__ = ["simulate"]

UNUSABLE = 2
INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class How:
    """How calls are made; see `simulate`."""

    real_time: bool
    transport: Literal["memory", "twilio"]
    url: str | None


def simulate(
    scenarios: Annotated[
        list[Path] | None,
        typer.Argument(help="YAML files, or folders of them; by default those of antiphon."),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="How often to play each.")] = 1,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Let a second of call take a second.")
    ] = False,
    transport: Annotated[
        Literal["memory", "twilio"],
        typer.Option(help="Call in memory, or by phone over a WebSocket, in real time."),
    ] = "memory",
    url: Annotated[
        str | None,
        typer.Option(
            help="Phone this webhook, https://… (signed with TWILIO_AUTH_TOKEN), or media stream, "
            "wss://…, instead of the scenario's agent."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Where junit.xml, results.json and a folder for each call go."),
    ] = None,
) -> None:
    """Play calls and compare them with what must come of them; exit 1 if one differs."""
    # Imported here: `antiphon --help` need not wait for the speech engines.
    from antiphon.simulation.audio import AudioFileError
    from antiphon.simulation.caller import UnknownVoice
    from antiphon.simulation.twilio_stream import TwilioStream

    console = Console()
    if url and transport != "twilio":
        _fail("--url is who is phoned: add --transport twilio")
    try:
        if url:
            TwilioStream(url)  # an address that nobody can call is told first
    except ValueError as error:
        _fail(str(error))
    how = How(real_time=real_time or transport == "twilio", transport=transport, url=url)
    try:
        loaded = [(path, load_scenario(path)) for path in _files(scenarios or [SHIPPED])]
        for path, scenario in loaded:
            for note in scenario.notes():
                console.print(f"{path.name}: {note}", style="yellow", markup=False)
        results: list[Result] = []
        for path, scenario in loaded:
            results += _runs(console, path, scenario, repeat, report, how)
        if report:
            write_junit(report / "junit.xml", results)
            write_json(report / "results.json", results)
    except KeyboardInterrupt:
        _fail("interrupted", code=INTERRUPTED)
    except (ScenarioError, AudioFileError, UnknownVoice, ImportError, ConnectionError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write {error.filename or report}: {error.strerror or error}")
    _print_table(console, results)
    if report:
        console.print(f"{report}/  junit.xml  results.json", highlight=False)
    if not all(result.passed for result in results):
        raise typer.Exit(1)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        files = sorted((*path.glob("*.yaml"), *path.glob("*.yml"))) if path.is_dir() else [path]
        if not files:
            raise ScenarioError(f"no scenario (*.yaml) in {path}")
        found += files
    return found


def _runs(
    console: Console,
    path: Path,
    scenario: Scenario,
    repeat: int,
    report: Path | None,
    how: How,
) -> list[Result]:
    """Play one scenario so many times; those after the first must be the same call."""
    from antiphon.simulation.recording import transcript_lines

    results: list[Result] = []
    for number in range(1, repeat + 1):
        name = path.stem if number == 1 else f"{path.stem}#{number}"
        began = time.perf_counter()
        # A process of its own: eSpeak's voice depends on what the process has said before.
        with ProcessPoolExecutor(1, mp_context=_processes(), initializer=_be_quiet) as process:
            out = report / name if report else None
            played = process.submit(_play, scenario, out, how).result()
        told = list(played.differences)
        # The vendors' SDKs wait at random before they try again, and talk over real sockets.
        if results and not how.real_time and scenario.agent.services == "embedded":
            first = transcript_lines(results[0].record)
            if transcript_lines(played.record) != first:
                told.append(f"run {number} is not the same call as run 1")
        result = Result(
            name=name,
            file=path,
            record=played.record,
            differences=told,
            unjudged=played.unjudged,
            wall_secs=time.perf_counter() - began,
        )
        mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
        console.print(f"{mark} {escape(name)} [dim]{result.wall_secs:.1f} s[/]", highlight=False)
        for difference in told:
            console.print(f"    {difference}", style="red", markup=False, soft_wrap=True)
        for text in played.unjudged:
            console.print(f"    not judged: {text}", style="yellow", markup=False, soft_wrap=True)
        results.append(result)
    return results


def _processes() -> BaseContext:
    """Return where processes come from: one that has imported everything and said nothing."""
    os.environ.setdefault("LOGURU_AUTOINIT", "False")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["antiphon.simulation.scenarios.play"])
    return context


def _be_quiet() -> None:
    logger.remove()
    # Pipecat and the vendors' SDKs warn of each other's deprecations, whatever the filter.
    warnings.showwarning = lambda *_, **__: None


def _play(scenario: Scenario, out: Path | None, how: How) -> "Played":
    from antiphon.simulation.scenarios.play import play
    from antiphon.simulation.virtual_time import run_virtual

    run = asyncio.run if how.real_time else run_virtual
    return run(play(scenario, out=out, transport=how.transport, url=how.url))


def _print_table(console: Console, results: Sequence[Result]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("scenario", no_wrap=True)
    for column in ("turns", "call", "TTFA median", "TTFA worst", "wall"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for result in results:
        record = result.record
        worst = record.slowest_turn
        table.add_row(
            result.name,
            f"{len(record.answered_turns)}/{len(record.caller_turns)}",
            f"{record.duration_secs:.1f} s",
            _millis(record.ttfa_median_secs),
            _millis(worst.ttfa_secs if worst else None),
            f"{result.wall_secs:.1f} s",
            "[green]✓[/]" if result.passed else "[red]✗[/]",
        )
    console.print(table)
    passed = sum(result.passed for result in results)
    wall = sum(result.wall_secs for result in results)
    calls = sum(result.record.duration_secs for result in results)
    console.print(
        f"{passed} of {len(results)} as expected; {calls:.0f} s of call in {wall:.1f} s",
        highlight=False,
    )
    if unjudged := sum(len(result.unjudged) for result in results):
        console.print(f"{unjudged} expectations not judged over the phone", style="yellow")


def _millis(secs: float | None) -> str:
    return "-" if secs is None else f"{secs * 1000:.0f} ms"


def _fail(message: str, *, code: int = UNUSABLE) -> NoReturn:
    typer.secho(f"antiphon simulate: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(code)
