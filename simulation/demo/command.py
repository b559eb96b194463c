"""`antiphon demo`: a whole call in the terminal, with no key and no network."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

__all__ = ["demo"]


class Ears(StrEnum):
    """What the demo's agent may hear with."""

    POCKETSPHINX = "pocketsphinx"
    WHISPER = "whisper"


INTERRUPTED = 130
"""What a shell reports for a command that Ctrl-C ended."""


def demo(
    out: Annotated[
        Path, typer.Option(help="Where call.wav, transcript.jsonl and report.html go.")
    ] = Path("demo-out"),
    wav: Annotated[
        Path | None,
        typer.Option(help="A recorded caller instead: it speaks whenever the agent has finished."),
    ] = None,
    voice: Annotated[
        str | None,
        typer.Option(
            help="hibari or espeak, of agent and caller; or the caller's eSpeak voice, with a "
            "variant after '+'. By default the best that is installed."
        ),
    ] = None,
    stt: Annotated[
        Ears | None,
        typer.Option(help="What the agent hears with. By default what understands the voice."),
    ] = None,
    no_barge_in: Annotated[
        bool, typer.Option("--no-barge-in", help="The caller never talks over the agent.")
    ] = False,
) -> None:
    """Make a whole call: a caller, an agent with a tool, a barge-in; in about a minute."""
    # Imported here: `antiphon --help` need not wait for the speech engines.
    from antiphon.services.weights import WeightsError
    from antiphon.simulation.demo.call import run_demo

    console = Console()
    try:
        differences = asyncio.run(
            run_demo(
                console,
                out=out,
                wav=wav,
                voice=voice,
                stt=stt.value if stt else None,
                barge_in=not no_barge_in,
            )
        )
    except KeyboardInterrupt:
        _fail(f"interrupted; what there is of the call is in {out}/", code=INTERRUPTED)
    except (ImportError, ValueError, WeightsError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write {error.filename or out}: {error.strerror or error}")
    console.print(f"{out}/  call.wav  transcript.jsonl  report.html", highlight=False)
    if differences:
        for difference in differences:
            console.print(f"✗ {difference}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    went = "every line was answered" if wav else "the call went as scripted"
    console.print(f"✓ {went}", style="green")


def _fail(message: str, *, code: int = 1) -> NoReturn:
    from antiphon.pipeline.providers.embedded import what_it_brings

    typer.echo(what_it_brings(message), nl=False, err=True)
    typer.secho(f"antiphon demo: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(code)
