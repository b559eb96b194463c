"""`antiphon talk`: a person talks to an agent, on a page in the browser or by typing."""

import asyncio
import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from antiphon.pipeline.cli.early_stop import stop_no_more
from antiphon.pipeline.loading import load_agent

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = ["talk"]

INTERRUPTED = 130
LONGEST_LINE = 10_000


def talk(
    agent: Annotated[
        str | None,
        typer.Option(help="`module:name` of your VoiceAgent; the embedded order desk by default."),
    ] = None,
    llm: Annotated[
        str | None,
        typer.Option(help="A language model, such as `ollama/llama3.2`, to talk about anything."),
    ] = None,
    stt: Annotated[
        str | None, typer.Option(help="Another speech-to-text, such as `deepgram`.")
    ] = None,
    tts: Annotated[str | None, typer.Option(help="Another voice, such as `cartesia`.")] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Type, and read the answers: no page, no sound.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 for any free one.")] = 7860,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which the page may be opened, such as a tunnel's."),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Only say the address; open no browser.")
    ] = False,
) -> None:
    """Open a page on which you talk to the agent, with captions and times. Ctrl-C ends it."""
    services: dict[str, Any] = {
        kind: name for kind, name in (("stt", stt), ("llm", llm), ("tts", tts)) if name
    }
    if text:
        _type(agent, services)
    # Imported here: the command without the extras still has its other parts.
    try:
        from antiphon.pipeline.default_agent import order_desk
        from antiphon.pipeline.providers.embedded import verify_weights
        from antiphon.pipeline.providers.kinds import ServiceKind
        from antiphon.pipeline.server.drain import DrainServer
        from antiphon.pipeline.server.process.listening import CannotListenError, bind
        from antiphon.pipeline.server.process.loop import run
        from antiphon.pipeline.talk.app import LOOPBACK_HOSTS, create_talk_app
        from antiphon.pipeline.talk.free import ask_once, conversationalist, with_services
        from antiphon.services.weights import WeightsError
    except ImportError as error:
        if (error.name or "").startswith("antiphon"):
            raise
        _fail(f"{error}: pip install 'antiphon[cli,speech,server,webrtc]'")
    try:
        if agent:
            answering = with_services(load_agent(agent), services)
        else:
            answering = (conversationalist if llm else order_desk)(**services)
            verify_weights(ServiceKind.STT, stt or "embedded")
            verify_weights(ServiceKind.TTS, tts or "embedded")
        app = create_talk_app(answering, allowed_hosts=[*LOOPBACK_HOSTS, host, *(allow_host or [])])
        if llm:
            ask_once(llm)
        listening = bind(host, port)
    except (CannotListenError, ImportError, ValueError, WeightsError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    with listening:
        # The browser may be faster than the server.
        listening.listen()
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listening.getsockname()[1]}/"
        typer.echo(f"Talk to the agent at {address} (Ctrl-C ends it)")
        if not no_open:
            webbrowser.open(address)

        async def serving() -> bool:
            try:
                return await DrainServer(app).serve_until_drained([listening])
            finally:
                stop_no_more()

        ended_well = run(serving())
    raise typer.Exit(0 if ended_well else 1)


def _type(agent: str | None, services: dict[str, Any]) -> NoReturn:
    """Have a conversation by typing, and end with the status that it earns."""
    from antiphon.pipeline.talk.free import ask_once
    from antiphon.pipeline.talk.text import converse

    try:
        answering = _agent_without_sound(agent, services)
        if llm := services.get("llm"):
            ask_once(llm)
        # Of its own: at the end nobody waits for a thread that still reads.
        typed = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115

        listened_to = True

        def write(said: str) -> None:
            nonlocal listened_to
            try:
                sys.stdout.write(said)
                sys.stdout.flush()
            except BrokenPipeError:
                # As before `head`: what Python writes at its end has nowhere to go either.
                listened_to = False
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

        answered = asyncio.run(
            converse(
                answering,
                read=lambda: typed.readline(LONGEST_LINE) if listened_to else "",
                write=write,
                complain=_tell,
                prompt="You: " if sys.stdin.isatty() else "",
            )
        )
    except (ImportError, ValueError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        typer.echo("")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if answered and listened_to else 1)


def _agent_without_sound(agent: str | None, services: dict[str, Any]) -> "VoiceAgent":
    from antiphon.pipeline.default_agent import order_desk
    from antiphon.pipeline.providers.embedded import prefers_small
    from antiphon.pipeline.talk.free import conversationalist, with_services
    from antiphon.pipeline.talk.text import WITHOUT_SOUND, without_sound
    from antiphon.services import ScriptedLLMService

    if needless := [f"--{kind}" for kind in ("stt", "tts") if kind in services]:
        raise ValueError(f"{' and '.join(needless)} is for a page: --text has no sound")
    # Nothing embedded speaks here, but who sets it wrongly should hear of it as everywhere.
    prefers_small()
    if agent:
        return without_sound(with_services(load_agent(agent), services))
    if services:
        return conversationalist(**{**WITHOUT_SOUND, **services})
    # By its class, as the embedded services come with a recogniser, which nobody needs here.
    return order_desk(**WITHOUT_SOUND, llm=ScriptedLLMService)


def _tell(message: str) -> None:
    typer.secho(f"antiphon talk: {message}", fg=typer.colors.RED, err=True)


def _fail(message: str) -> NoReturn:
    from antiphon.pipeline.providers.embedded import what_it_brings

    typer.echo(what_it_brings(message), nl=False, err=True)
    _tell(message)
    raise typer.Exit(1)
