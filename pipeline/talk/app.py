"""The app behind the page: a server with the page in it, and a `webrtc` door that needs no key."""

import re
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.staticfiles import StaticFiles
from pipecat.frames.frames import EndFrame
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.error_fields import why
from antiphon.pipeline.server.app import create_app
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.choosing import (
    Agent,
    ChooseAgent,
    IncomingCall,
    agents_of,
)
from antiphon.pipeline.server.doors.starting import promised_call
from antiphon.pipeline.server.doors.webrtc import offer_router
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.talk.messages import TurnMessages
from antiphon.pipeline.talk.recordings import Recordings
from antiphon.pipeline.worker import CallWorker
from antiphon.services import Script

__all__ = ["LOOPBACK_HOSTS", "create_talk_app"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

# A UUID, as the page makes it.
KEY = re.compile(r"[0-9a-f-]{36}")

PAGE = Path(__file__).parent / "page"

HEADERS = {
    # The page needs nothing from elsewhere, so a browser need not allow it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def create_talk_app(
    agent: Agent | type[Agent] | ChooseAgent,
    *,
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS,
    settings: ServerSettings | None = None,
) -> FastAPI:
    """Make an app whose page lets a person talk to an agent; each visitor gets a call of their own.

    Args:
        agent: Answers every call, as `create_app` takes it.
        allowed_hosts: The names under which the page may be opened. Others are refused, so that a
            foreign site cannot reach a loopback server through a name of its own.
        settings: The limits; from the environment by default, but when it is stopped, calls are
            said goodbye to at once.

    Returns:
        The app, for `serve_app`.

    Raises:
        ValueError: If the agent can answer only one call because a service was given to it as an
            object.
    """
    agents, recordings = agents_of(agent), Recordings()

    async def choose(call: IncomingCall) -> Agent:
        return _PageAgent(await agents.choose(call), recordings)

    default = _PageAgent(agents.default, recordings)
    app = create_app(
        choose if agents.function else default,
        default=default,
        transports=[],
        settings=settings or ServerSettings(drain_secs=0),
    )
    calls: Calls = app.state.calls

    async def admit(request: Request) -> str:
        call_id = await promised_call(calls)
        if KEY.fullmatch(key := request.query_params.get("recording", "")):
            recordings.promise(call_id, key)
        return call_id

    @app.middleware("http")
    async def guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        host = _host_name(request)
        if host not in allowed_hosts:
            return Response(f"This page does not open as {host!r}.", status_code=400)
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @app.get("/about")
    async def about() -> dict[str, Any]:
        return {
            "understands": what_can_be_asked(agents.default),
            "recorded": isinstance(agents.default, VoiceAgent),
        }

    @app.get("/recordings/{key}.wav")
    def recording(key: str) -> Response:
        if (wav := recordings.wav(key)) is None:
            raise HTTPException(404, "there is no such recording, or no longer")
        return Response(wav, media_type="audio/wav", headers={"Cache-Control": "no-store"})

    app.include_router(offer_router(calls, app.state.guards, admit, excuse=why))
    # A strict editable install is a tree of links.
    app.mount("/", StaticFiles(directory=PAGE, html=True, follow_symlink=True))
    return app


def what_can_be_asked(agent: Agent) -> list[str]:
    """Say what callers may ask of an agent that knows only its script; nothing of any other.

    Args:
        agent: The agent.
    """
    scripted = isinstance(agent, VoiceAgent) and agent.llm == "embedded"
    return Script.order_status().examples() if scripted else []


def _host_name(request: Request) -> str | None:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return None


class _PageAgent:
    """An agent whose page is told of each turn; made ready by the first call, not before."""

    def __init__(self, agent: Agent, recordings: Recordings) -> None:
        self._agent = agent
        self._recordings = recordings

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        messages = TurnMessages()
        if isinstance(agent := self._agent, VoiceAgent):
            kwargs["recorder"] = self._recordings.recorder(
                kwargs.get("conversation_id", ""), redacted=agent.redaction is not None
            )
        worker = self._agent.worker(
            transport,
            observers=[messages],
            rtvi_observer_params=RTVIObserverParams(
                function_call_report_level={"*": RTVIFunctionCallReportLevel.NAME}
            ),
            **kwargs,
        )

        async def hang_up() -> None:
            await worker.queue_frame(EndFrame())

        messages.send, messages.hang_up = worker.rtvi.send_server_message, hang_up
        if worker.latency:
            worker.latency.add_event_handler("on_answer", messages.on_answer)
        return worker
