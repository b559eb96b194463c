"""The `antiphon` command: what every room offers on the command line, under one name.

A room adds a command with an entry point in the group `antiphon.commands`.
"""

import importlib.metadata
import sys
from typing import Annotated

import typer
from loguru import logger
from rich.console import Console

__all__ = ["app"]

app = typer.Typer(
    help="Frame processors for voice agents that real callers use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        for name in ("antiphon", "pipecat-ai"):
            typer.echo(f"{name} {importlib.metadata.version(name)}")
        raise typer.Exit


@app.callback()
def antiphon(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version."),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show Pipecat's log.")] = False,
) -> None:
    """Frame processors for voice agents that real callers use."""
    if verbose:
        logger.add(sys.stderr, level="DEBUG")


@app.command()
def doctor() -> None:
    """Say what is installed and configured, how to get the rest, and try each provider."""
    from antiphon.pipeline.doctor import examine

    if not examine(Console()):
        raise typer.Exit(1)


for entry_point in importlib.metadata.entry_points(group="antiphon.commands"):
    app.command(entry_point.name)(entry_point.load())
