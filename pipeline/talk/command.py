"""`antiphon talk`: a page in the browser on which a person talks to an agent."""

import webbrowser
from typing import Annotated, NoReturn

import typer

from antiphon.pipeline.cli.early_stop import stop_no_more
from antiphon.pipeline.loading import load_agent

__all__ = ["talk"]


def talk(
    agent: Annotated[
        str | None,
        typer.Option(help="`module:name` of your VoiceAgent; the embedded order desk by default."),
    ] = None,
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
    # Imported here: the command without the extras still has its other parts.
    try:
        from antiphon.pipeline.default_agent import order_desk
        from antiphon.pipeline.server.drain import DrainServer
        from antiphon.pipeline.server.process.listening import CannotListenError, bind
        from antiphon.pipeline.server.process.loop import run
        from antiphon.pipeline.talk.app import LOOPBACK_HOSTS, create_talk_app
    except ImportError as error:
        if (error.name or "").startswith("antiphon"):
            raise
        _fail(f"{error}: pip install 'antiphon[cli,offline,server,webrtc]'")
    try:
        answering = load_agent(agent) if agent else order_desk()
        app = create_talk_app(answering, allowed_hosts=[*LOOPBACK_HOSTS, host, *(allow_host or [])])
        listening = bind(host, port)
    except (CannotListenError, ImportError, ValueError) as error:
        _fail(str(error))
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


def _fail(message: str) -> NoReturn:
    typer.secho(f"antiphon talk: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
