"""`antiphon serve`: answers calls until it is told to stop."""

import secrets
import sys
from typing import Annotated, Any

import typer
from loguru import logger
from pydantic import SecretStr

from antiphon.pipeline.cli.early_stop import stop_no_more
from antiphon.pipeline.loading import load_agent

__all__ = ["serve"]


def serve(
    transport: Annotated[
        list[str] | None,
        typer.Option(
            help="A door to open: twilio, telnyx, plivo, webrtc, websocket or daily; may be given "
            "again."
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            help="`module:name` of your VoiceAgent, or of a function that makes one for each call; "
            "the embedded one by default."
        ),
    ] = None,
    default_agent: Annotated[
        str | None,
        typer.Option(
            help="`module:name` of the VoiceAgent that answers if such a function fails; one that "
            "is sorry by default."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on.")] = 8000,
    capacity: Annotated[
        int | None, typer.Option(help="Calls at the same time (ANTIPHON_CAPACITY).")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that answer; one for each core is right.")
    ] = 1,
    drain_secs: Annotated[
        float | None,
        typer.Option(help="Seconds that calls may go on after SIGTERM (ANTIPHON_DRAIN_SECS)."),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(help="The address under which the world reaches this server."),
    ] = None,
    trusted_proxies: Annotated[
        str,
        typer.Option(help="Proxies whose X-Forwarded headers are believed; * for every one."),
    ] = "127.0.0.1",
) -> None:
    """Answer calls from the internet; every other setting is an ANTIPHON_ variable."""
    try:
        from antiphon.pipeline.server.logs import log_as_json
        from antiphon.pipeline.server.process.listening import CannotListenError
        from antiphon.pipeline.server.process.loop import run
        from antiphon.pipeline.server.settings import ServerSettings, WorkerOptions
    except ImportError as error:
        if (error.name or "").startswith("antiphon"):
            raise
        message = f"antiphon serve: {error}: pip install 'antiphon[server]'"
        typer.secho(message, fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from error

    given: dict[str, Any] = {
        "capacity": capacity,
        "drain_secs": drain_secs,
        "public_url": public_url,
    }
    log_as_json(sys.stderr)
    doors = tuple(transport or ["websocket"])
    try:
        settings = ServerSettings(**{k: value for k, value in given.items() if value is not None})
        if workers > 1 and "webrtc" in doors:
            # What a browser sends after its offer may come by another connection.
            raise ValueError("webrtc takes one process: leave out --workers, or start more servers")
        if workers > 1:
            from antiphon.pipeline.server.process.supervisor import Supervisor

            options = WorkerOptions(
                agent=agent,
                default_agent=default_agent,
                transports=doors,
                # So that a token of one worker is good in another.
                settings=settings.model_copy(
                    update={"secret": settings.secret or SecretStr(secrets.token_urlsafe(32))}
                ),
                trusted_proxies=trusted_proxies,
            )
            supervisor = Supervisor(workers=workers, options=options)
            ended_well = run(supervisor.serve(host=host, port=port))
        else:
            from antiphon.pipeline.server.app import create_app
            from antiphon.pipeline.server.drain import serve_app

            app = create_app(
                load_agent(agent),
                default=load_agent(default_agent) if default_agent else None,
                transports=doors,
                settings=settings,
            )

            async def serving() -> bool:
                try:
                    return await serve_app(
                        app, host=host, port=port, forwarded_allow_ips=trusted_proxies
                    )
                finally:
                    stop_no_more()

            ended_well = run(serving())
    except CannotListenError as error:
        logger.error(str(error))
        raise typer.Exit(1) from error
    except (ValueError, ImportError) as error:
        typer.secho(f"antiphon serve: {error}", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None
    stop_no_more()
    raise typer.Exit(0 if ended_well else 1)
