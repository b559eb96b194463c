"""`antiphon talk`: a page in the browser on which a person talks to an agent."""

import socket
import webbrowser
from typing import Annotated, NoReturn

import typer
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
        import uvicorn
        from antiphon.pipeline.default_agent import order_desk
        from antiphon.pipeline.talk.app import LOOPBACK_HOSTS, create_talk_app
    except ImportError as error:
        if (error.name or "").startswith("antiphon"):
            raise
        _fail(f"{error}: pip install 'antiphon[cli,offline,server,webrtc]'")
    try:
        answering = load_agent(agent) if agent else order_desk()
        app = create_talk_app(answering, allowed_hosts=[*LOOPBACK_HOSTS, host, *(allow_host or [])])
    except (ImportError, ValueError) as error:
        _fail(str(error))
    is_ipv6 = ":" in host
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if is_ipv6 else socket.AF_INET
        )
    except OSError as error:
        _fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try another --port")
    name = f"[{host}]" if is_ipv6 else host
    address = f"http://{name}:{listening.getsockname()[1]}/"
    typer.echo(f"Talk to the agent at {address} (Ctrl-C ends it)")
    if not no_open:
        webbrowser.open(address)
    # A page that is still open must not keep the server up.
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[listening])


def _fail(message: str) -> NoReturn:
    typer.secho(f"antiphon talk: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
