"""The `antiphon` command: what every room offers on the command line, under one name.

A room adds a command with an entry point in the group `antiphon.commands`.
"""

import importlib.metadata
import sys
from typing import Annotated, Any

import typer
from loguru import logger
from rich.console import Console
from typer.core import TyperGroup

__all__ = ["app"]

_ENTRY_POINTS = {
    entry_point.name: entry_point
    for entry_point in importlib.metadata.entry_points(group="antiphon.commands")
}


class _Commands(TyperGroup):
    """Imports a room's command when it is called: most need Pipecat, a supervisor does not."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_ENTRY_POINTS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _ENTRY_POINTS:
            return super().get_command(ctx, cmd_name)
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(_ENTRY_POINTS[cmd_name].load())
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=_Commands,
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
    from antiphon.pipeline.cli.doctor import examine

    if not examine(Console()):
        raise typer.Exit(1)
