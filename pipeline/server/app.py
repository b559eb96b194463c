"""The app: doors, health and metrics, on their own or mounted into an app of one's own."""

from collections.abc import Callable, Mapping, Sequence
from pkgutil import resolve_name
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from antiphon.pipeline.agent import VoiceAgent
from antiphon.pipeline.server.access.bodies import RequestGuard
from antiphon.pipeline.server.access.guards import Guards
from antiphon.pipeline.server.access.refusals import Faults, count_refusals
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.choosing import Agent, ChooseAgent, agents_of
from antiphon.pipeline.server.metrics import CallMetrics
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState
from antiphon.processors.latency.core.fleet import summary
from antiphon.processors.latency.export.prometheus import LatencyCollector
from antiphon.processors.latency.live import live_state
from antiphon.processors.redaction import RedactionCollector

__all__ = ["DOORS", "create_app"]

DOORS: Mapping[str, str] = {
    "daily": "antiphon.pipeline.server.doors.daily:daily_router",
    "plivo": "antiphon.pipeline.server.doors.plivo:plivo_router",
    "telnyx": "antiphon.pipeline.server.doors.telnyx:telnyx_router",
    "twilio": "antiphon.pipeline.server.doors.twilio:twilio_router",
    "webrtc": "antiphon.pipeline.server.doors.webrtc:webrtc_router",
    "websocket": "antiphon.pipeline.server.doors.websocket:websocket_router",
}


def create_app(
    agent: Agent | type[Agent] | ChooseAgent,
    *,
    default: Agent | None = None,
    transports: Sequence[str] = ("websocket",),
    settings: ServerSettings | None = None,
    registry: CollectorRegistry | None = None,
    state: SharedState | None = None,
) -> FastAPI:
    """Make an app that answers calls with an agent.

    `app.state.calls` is its `Calls`, with `drain` for a host that shuts down by itself, and
    `app.state.guards` are its `Guards`, for a door of one's own.

    Args:
        agent: Answers every call: a `VoiceAgent`, or anything with its `worker` method, or a class
            of one; or a function, async or not, that is given each `IncomingCall` and returns its
            agent.
        default: Answers if such a function fails, takes longer than a second or returns no agent;
            by default one that is sorry and asks to call again later.
        transports: The doors to open: `daily`, `plivo`, `telnyx`, `twilio`, `webrtc`,
            `websocket`.
        settings: The limits and keys; from the environment by default.
        registry: Where the metrics are collected; a registry of the app's own by default.
        state: Who is let in; for apps in several processes that share a limit.

    Returns:
        The app.

    Raises:
        ValueError: If there is no such door, a key that it needs is not set, or the agent can
            answer only one call because a service was given to it as an object.
        ImportError: If the extra of a door is not installed.
    """
    agents = agents_of(agent, default)
    settings = settings or ServerSettings()
    calls = Calls(agents, settings, CallMetrics(registry), state)
    latency = agents.default.latency if isinstance(agents.default, VoiceAgent) else None
    calls.metrics.registry.register(LatencyCollector(budgets=latency.budgets if latency else None))
    calls.metrics.registry.register(RedactionCollector())
    guards = Guards(settings, calls.tokens, calls.state)
    # No pages that describe the doors to strangers.
    app = FastAPI(title="antiphon", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.calls = calls
    app.state.guards = guards
    count_refusals(app, calls.metrics)
    app.add_middleware(RequestGuard, max_bytes=settings.max_body_bytes, metrics=calls.metrics)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["POST", "PATCH"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Faults, metrics=calls.metrics)
    for name in transports:
        app.include_router(_door(name)(calls, guards))
    # What a supervisor asks each worker for, to make one of all.
    reports: dict[str, Callable[[], Any]] = {
        "metrics": lambda: generate_latest(calls.metrics.registry).decode(),
        "latency": live_state,
    }
    app.state.reports = reports
    app.include_router(_health_router(calls, reports))
    return app


def _door(name: str) -> Callable[[Calls, Guards], APIRouter]:
    if name not in DOORS:
        raise ValueError(f"no door for {name!r}: choose among {', '.join(sorted(DOORS))}")
    try:
        door: Callable[[Calls, Guards], APIRouter] = resolve_name(DOORS[name])
    except ImportError as error:
        raise ImportError(
            f"the {name!r} door needs an extra: pip install 'antiphon[server,{name}]'"
        ) from error
    return door


def _health_router(calls: Calls, reports: Mapping[str, Callable[[], Any]]) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, Any]:
        status = await calls.state.status()
        if not status["ready"]:
            response.status_code = 503
        return status

    @router.get("/metrics")
    async def metrics() -> Response:
        text = await calls.state.report("metrics", reports["metrics"])
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    @router.get("/latency")
    async def latency() -> dict[str, Any]:
        return summary(await calls.state.report("latency", reports["latency"]))

    return router
