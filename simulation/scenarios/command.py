"""`antiphon simulate`: play scenarios, in virtual time unless told otherwise."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from antiphon.simulation.scenarios.loading import SHIPPED, ScenarioError, load_scenario, on_services
from antiphon.simulation.scenarios.results import Result, write_json, write_junit
from antiphon.simulation.scenarios.runner import How, first_difference, run_scenario
from antiphon.simulation.scenarios.schema import Scenario, Services

__all__ = ["simulate"]

UNUSABLE = 2
INTERRUPTED = 130


def simulate(
    scenarios: Annotated[
        list[Path] | None,
        typer.Argument(
            help="YAML files, or folders of them; by default the scenarios of antiphon."
        ),
    ] = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="How often to play each; all runs must be identical.")
    ] = 1,
    services: Annotated[
        Services | None,
        typer.Option(help="What the order desk is made of, instead of what a scenario says."),
    ] = None,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Let a second of call take a second.")
    ] = False,
    transport: Annotated[
        Literal["memory", "twilio", "telnyx", "plivo"],
        typer.Option(help="Call in memory, or by phone over a WebSocket, in real time."),
    ] = "memory",
    url: Annotated[
        str | None,
        typer.Option(
            help="Phone this webhook, https://… (signed with TWILIO_AUTH_TOKEN or "
            "PLIVO_AUTH_TOKEN), or media stream, wss://…, instead of the scenario's agent."
        ),
    ] = None,
    poor_line: Annotated[
        bool,
        typer.Option(
            "--poor-line",
            help="Lose 1 % of the packets, delay others by up to 40 ms, and from Telnyx deliver "
            "5 % of the messages after the next.",
        ),
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(help="Have generated calls instead, the first of this seed."),
    ] = None,
    calls: Annotated[int, typer.Option(min=1, help="How many of them.")] = 1,
    wider: Annotated[
        float, typer.Option(min=1, help="How much wider their ranges are, and higher their rates.")
    ] = 1.0,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range", help="One of CallRanges: slow_llm_rate=0.3, or late_final_secs=0.5..3."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Where junit.xml, results.json and a folder for each call go."),
    ] = None,
) -> None:
    """Play calls and compare them with what must come of them; exit 1 if one differs."""
    # Imported here: `antiphon --help` need not wait for the speech engines.
    from antiphon.core.wav import AudioFileError
    from antiphon.simulation.caller.voice import UnknownVoice
    from antiphon.simulation.lines.twilio_stream import TwilioStream
    from antiphon.simulation.scenarios.by_phone import on_a_poor_line

    if seed is not None:
        try:
            from antiphon.simulation.generated.command import simulate_seeds

            seeds = range(seed, seed + calls)
            if not simulate_seeds(seeds, wider=wider, changes=ranges or ()):
                raise typer.Exit(1)
        except ImportError as error:
            _fail(f"{error}: pip install 'antiphon[simulation,server]'")
        except ValueError as error:
            _fail(str(error))
        except KeyboardInterrupt:
            _fail("interrupted", code=INTERRUPTED)
        return
    console = Console()
    if url and transport == "memory":
        _fail("--url is who is phoned: add --transport twilio, telnyx or plivo")
    try:
        if url:
            TwilioStream(url)  # an address that nobody can call is told first
    except ValueError as error:
        _fail(str(error))
    how = How(real_time=real_time or transport != "memory", transport=transport, url=url)
    results: list[Result] = []
    try:
        loaded = [(path, load_scenario(path)) for path in _files(scenarios or [SHIPPED])]
        if services:
            loaded = [(path, on_services(path, each, services)) for path, each in loaded]
        if poor_line:
            loaded = [(path, on_a_poor_line(each, transport)) for path, each in loaded]
        for path, scenario in loaded:
            for note in scenario.notes():
                console.print(f"{path.name}: {note}", style="yellow", markup=False)
        for path, scenario in loaded:
            runs = _runs(console, path, scenario, repeat, report, how)
            _print_runs(console, path.stem, runs)
            results += runs
        if report:
            write_junit(report / "junit.xml", results)
            write_json(report / "results.json", results)
    except KeyboardInterrupt:
        _fail("interrupted", code=INTERRUPTED)
    except ModuleNotFoundError as error:
        _fail(f"{error}: pip install 'antiphon[simulation]'")
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
    """Play one scenario so many times; in virtual time each run must be the same call."""
    results: list[Result] = []
    compare = repeat > 1 and not how.real_time
    first = None
    columns = (SpinnerColumn(), "{task.description}", MofNCompleteColumn(), "lines")
    with Progress(
        *columns,
        TextColumn("{task.fields[secs]:.0f} s"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(escape(path.stem), total=len(scenario.steps()), secs=0.0)

        def show(secs: float, turns: int) -> None:
            progress.update(task, completed=turns, secs=secs)

        for number in range(1, repeat + 1):
            name = path.stem if number == 1 else f"{path.stem}#{number}"
            progress.update(task, description=escape(name))
            run = run_scenario(
                scenario,
                out=report / name if report else None,
                how=how,
                log_frames=compare,
                show=show,
            )
            first = first or run
            told = list(run.played.differences)
            difference = first_difference(first, run)
            if difference:
                told.append(f"run {number} is another call than run 1 {difference}")
            results.append(
                Result(
                    name=name,
                    file=path,
                    record=run.played.record,
                    differences=told,
                    unjudged=run.played.unjudged,
                    identical=difference is None if compare else None,
                    wall_secs=run.wall_secs,
                )
            )
    return results


def _print_runs(console: Console, name: str, runs: Sequence[Result]) -> None:
    wall_secs = sum(run.wall_secs for run in runs)
    mark = "[green]✓[/]" if all(run.passed for run in runs) else "[red]✗[/]"
    identical = [run.identical for run in runs if run.identical is not None]
    told = f" {sum(identical)} of {len(identical)} identical" if identical else ""
    console.print(f"{mark} {escape(name)}{told} [dim]{wall_secs:.1f} s[/]", highlight=False)
    for run in runs:
        for difference in run.differences:
            run_name = f"{run.name}: " if len(runs) > 1 else ""
            console.print(f"    {run_name}{difference}", style="red", markup=False, soft_wrap=True)
        for text in run.unjudged:
            console.print(f"    not judged: {text}", style="yellow", markup=False, soft_wrap=True)


def _print_table(console: Console, results: Sequence[Result]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("scenario", no_wrap=True)
    for column in ("turns", "call", "TTFA median", "TTFA worst", "wall"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    # A run that is the same call as the first would only repeat its row.
    for result in [each for each in results if each.name == each.file.stem or not each.passed]:
        record = result.record
        worst = record.slowest_turn
        table.add_row(
            escape(result.name),
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
