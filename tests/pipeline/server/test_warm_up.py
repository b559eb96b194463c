"""A server warms up before it listens."""

import gc
from typing import Any

import pytest
import uvicorn
from pipecat.transports.base_transport import BaseTransport

from antiphon.pipeline.server.app import create_app
from antiphon.pipeline.server.drain import serve_app
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.worker import CallWorker


class SlowStarter:
    """An agent that notes when it was warmed up, and is never called."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def warm_up(self) -> None:
        self.done.append("warm")

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        raise NotImplementedError


async def test_a_server_listens_only_once_its_agent_is_warm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = SlowStarter()

    async def listen(server: uvicorn.Server, sockets: Any = None) -> None:
        agent.done.append("listening")
        server.should_exit = True

    monkeypatch.setattr(uvicorn.Server, "startup", listen)
    app = create_app(agent, settings=ServerSettings())
    thresholds = gc.get_threshold()
    await serve_app(app, host="127.0.0.1", port=0)
    assert gc.get_freeze_count()
    assert gc.get_threshold() > thresholds
    assert agent.done == ["warm", "listening"]
