"""The app behind the page: it serves the page, answers a browser's offer and runs the call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.talk.messages import TurnMessages
from antiphon.pipeline.worker import CallWorker
from antiphon.transports.registry import create_transport
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from loguru import logger
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pipecat.workers.runner import WorkerRunner

__all__ = ["LOOPBACK_HOSTS", "create_talk_app"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

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
    agent: VoiceAgent, *, allowed_hosts: Collection[str] = LOOPBACK_HOSTS
) -> FastAPI:
    """Make an app whose page lets a person talk to an agent; each visitor gets a call of their own.

    Args:
        agent: Answers every call.
        allowed_hosts: The names under which the page may be opened. Others are refused, so that a
            foreign site cannot reach a loopback server through a name of its own.

    Returns:
        The app.

    Raises:
        ValueError: If the agent can answer only one call because a service was given to it as an
            object.
    """
    # What `load_agent` found may be anything that makes a worker.
    if isinstance(agent, VoiceAgent):
        agent.require_many_calls()
    calls = _Calls(agent)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await calls.end()

    # No pages that describe the app to strangers.
    app = FastAPI(
        title="antiphon talk", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )

    @app.middleware("http")
    async def guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        host = _host_name(request)
        if host not in allowed_hosts:
            return Response(f"This page does not open as {host!r}.", status_code=400)
        if request.method not in ("GET", "HEAD") and not _is_from_the_page(request):
            return Response("This is for the page that this server shows.", status_code=403)
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(RequestValidationError)
    async def malformed(*_: object) -> Response:
        # Without what was sent, which may be anything.
        return Response("This is not what the page sends.", status_code=422)

    @app.get("/about")
    async def about() -> dict[str, list[str]]:
        return {"understands": _understands(agent)}

    @app.post("/offer")
    async def offer(request: SmallWebRTCRequest) -> dict[str, str]:
        return await calls.answer(request)

    @app.patch("/offer")
    async def add_candidates(request: SmallWebRTCPatchRequest) -> None:
        await calls.add_candidates(request)

    # A strict editable install is a tree of links.
    app.mount("/", StaticFiles(directory=PAGE, html=True, follow_symlink=True))
    return app


def _understands(agent: VoiceAgent) -> list[str]:
    """What to say to an agent that knows only its script: a phrase of each of its intents."""
    if agent.stt != "embedded":
        return []
    fixed = ([p for p in intent.phrases if "{" not in p] for intent in agent.script.intents)
    return [phrases[0] for phrases in fixed if phrases]


def _host_name(request: Request) -> str | None:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return None


def _is_from_the_page(request: Request) -> bool:
    """Whether a script of the page itself asks; a browser says so and a foreign site cannot."""
    origin = request.headers.get("origin", "")
    return urlsplit(origin).netloc == request.headers.get("host")


class _Calls:
    """The calls that run, each in a task of its own."""

    def __init__(self, agent: VoiceAgent) -> None:
        self._agent = agent
        self._handler = SmallWebRTCRequestHandler()
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, request: SmallWebRTCRequest) -> dict[str, str]:
        """Answer an offer; a new one begins a call."""
        if request.type != "offer" or "m=audio" not in request.sdp:
            raise HTTPException(400, "this is not an SDP offer with audio")
        failed: list[Exception] = []

        async def begin(connection: SmallWebRTCConnection) -> None:
            try:
                self._begin(connection)
            except (ImportError, ValueError) as error:
                failed.append(error)
                await connection.disconnect()

        try:
            answer = await self._handler.handle_web_request(request, begin)
        except HTTPException:
            raise
        except Exception as error:
            # aiortc raises whatever its parser stumbles over, from AssertionError to KeyError.
            raise HTTPException(400, "the SDP offer cannot be read") from error
        if failed:
            # An extra that is not installed, a key that is not set. Pipecat's client would repeat
            # the offer after a status from 500 on.
            raise HTTPException(424, str(failed[0]))
        assert answer is not None
        return answer

    async def add_candidates(self, request: SmallWebRTCPatchRequest) -> None:
        """Take the network addresses that the browser found after its offer."""
        try:
            await self._handler.handle_patch_request(request)
        except (ValueError, IndexError) as error:
            raise HTTPException(400, "a candidate is not an ICE candidate") from error

    async def end(self) -> None:
        """Hang up on everyone."""
        await self._handler.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, connection: SmallWebRTCConnection) -> None:
        task = asyncio.create_task(_run(_worker(self._agent, connection)))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.opt(exception=error).error("a call ended with an error")


def _worker(agent: VoiceAgent, connection: SmallWebRTCConnection) -> CallWorker:
    messages = TurnMessages()
    worker = agent.worker(
        create_transport("webrtc", connection=connection),
        observers=messages.observers,
        rtvi_observer_params=RTVIObserverParams(
            function_call_report_level={"*": RTVIFunctionCallReportLevel.NAME}
        ),
    )
    messages.send = worker.rtvi.send_server_message
    return worker


async def _run(worker: CallWorker) -> None:
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
