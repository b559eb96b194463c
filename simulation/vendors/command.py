"""`antiphon emulate deepgram|openai|…`: a vendor server for programs in any language."""

import asyncio
import dataclasses
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.faults import FAULT_NAMES, Fault
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.simulation.vendors.server import VendorServer

__all__ = ["Vendor", "emulate", "parse_fault"]


class Vendor(StrEnum):
    """The vendors that can be emulated."""

    DEEPGRAM = "deepgram"
    OPENAI = "openai"
    OPENAI_REALTIME = "openai-realtime"
    CARTESIA = "cartesia"


_FAULT_HELP = (
    f"What goes wrong, as name[,field=value…]: {', '.join(FAULT_NAMES)}; fields "
    "after, code, seconds, retry_after, skip, times. Example: disconnect,after=3,code=1011"
)


def emulate(
    vendor: Annotated[Vendor, typer.Argument(help="Whose protocol to speak.")],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    script: Annotated[
        Path | None,
        typer.Option(
            help="YAML list: what Deepgram hears, or what OpenAI answers (a text, or "
            "{tool: name, arguments: {…}}).",
        ),
    ] = None,
    heard: Annotated[
        Path | None,
        typer.Option(help="YAML list: what OpenAI's Realtime model hears, turn by turn."),
    ] = None,
    real: Annotated[
        bool,
        typer.Option(help="Hear with PocketSphinx and speak with eSpeak; needs the extra offline."),
    ] = False,
    fault: Annotated[list[str] | None, typer.Option(help=_FAULT_HELP)] = None,
    api_key: Annotated[
        str | None, typer.Option(help="The one key to accept; by default any.")
    ] = None,
) -> None:
    """Serve a vendor's API on this machine, with the faults that vendors have."""
    try:
        faults = [parse_fault(text) for text in fault or ()]
        server = _server(
            vendor,
            _read_script(script),
            _read_script(heard),
            real,
            {"faults": faults, "api_key": api_key, "host": host, "port": port},
        )
        asyncio.run(_serve(vendor, server))
    except (ImportError, OSError, ValueError, OverflowError) as error:
        typer.echo(f"antiphon emulate: {error}", err=True)
        raise typer.Exit(1) from None


def parse_fault(text: str) -> Fault:
    """Read a fault from the command line.

    Args:
        text: Such as `disconnect,after=3,code=1011`.

    Returns:
        The fault.

    Raises:
        ValueError: If there is no such fault or field, or a value is no number.
    """
    name, *fields = [part.strip() for part in text.split(",")]
    kinds = {field.name: field.type for field in dataclasses.fields(Fault) if field.name != "name"}
    given: dict[str, Any] = {}
    for field in fields:
        key, equals, value = field.partition("=")
        if key not in kinds or not equals:
            raise ValueError(f"--fault {text!r}: no field {field!r}; there are {', '.join(kinds)}")
        try:
            given[key] = float(value) if key in ("seconds", "retry_after") else int(value)
        except ValueError:
            raise ValueError(f"--fault {text!r}: {key} is a number, not {value!r}") from None
    return Fault(name, **given)  # type: ignore[arg-type]


def _read_script(path: Path | None) -> list[Any] | None:
    if path is None:
        return None
    try:
        script = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from None
    if not isinstance(script, list):
        raise ValueError(f"{path} must be a YAML list, not {type(script).__name__}")
    for number, line in enumerate(script, start=1):
        if not isinstance(line, str | dict | list):
            raise ValueError(f"{path}, entry {number}: a text or a tool call, not {line!r}")
    return script


def _server(
    vendor: Vendor,
    script: list[Any] | None,
    heard: list[Any] | None,
    real: bool,
    common: dict[str, Any],
) -> VendorServer:
    match vendor:
        case Vendor.DEEPGRAM:
            if real:
                from antiphon.simulation.vendors.embedded import pocketsphinx_transcriber

                return DeepgramServer(transcriber=pocketsphinx_transcriber(), **common)
            return DeepgramServer(script=[str(line) for line in script or ()], **common)
        case Vendor.OPENAI:
            return OpenAIServer(script=script, **common)
        case Vendor.OPENAI_REALTIME:
            if real:
                from antiphon.simulation.vendors.embedded import (
                    EspeakVoice,
                    pocketsphinx_transcriber,
                )

                ears, voice = pocketsphinx_transcriber(), EspeakVoice()
                return OpenAIRealtimeServer(script=script, transcriber=ears, voice=voice, **common)
            lines = [str(line) for line in heard or ()]
            return OpenAIRealtimeServer(script=script, heard=lines, **common)
        case Vendor.CARTESIA:
            if real:
                from antiphon.simulation.vendors.embedded import EspeakVoice

                return CartesiaServer(voice=EspeakVoice(), **common)
            return CartesiaServer(**common)


async def _serve(vendor: Vendor, server: VendorServer) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        typer.echo(f"{vendor} on {server.url} (stop with Ctrl-C)")
        if isinstance(server, DeepgramServer):
            typer.echo(f"flux on {server.flux_url}")
        await stopped.wait()
