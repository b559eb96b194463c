"""Each store of the shared state, and a Redis that can be killed and comes back."""

import asyncio
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest

from antiphon.pipeline.server import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState
from antiphon.pipeline.server.state.stores import open_state

SECRET = "shared-by-the-servers"


class RedisServer:
    """`redis-server` of the system, on a port of its own and without a file."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: Process | None = None

    async def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "this test needs Redis: apt-get install redis-server"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = await asyncio.create_subprocess_exec(
            program, *options, stdout=DEVNULL, stderr=DEVNULL
        )
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def asks(self, *words: str) -> str:
        """Ask as `redis-cli` does."""
        arguments = ["-p", str(self.port), *words]
        cli = await asyncio.create_subprocess_exec("redis-cli", *arguments, stdout=-1)
        answer, _ = await cli.communicate()
        return answer.decode(errors="replace")


@pytest.fixture
async def redis_server() -> AsyncIterator[RedisServer]:
    server = RedisServer()
    await server.start()
    yield server
    await server.kill()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.system)])
async def stores(request: Any) -> AsyncIterator[Callable[..., SharedState]]:
    """Makes stores of each kind; those in Redis share one."""
    settings: dict[str, Any] = {"secret": SECRET}
    redis = RedisServer() if request.param == "redis" else None
    if redis:
        await redis.start()
        settings["redis_url"] = redis.url
    made: list[SharedState] = []

    def make(capacity: int = 1) -> SharedState:
        made.append(open_state(ServerSettings(capacity=capacity, **settings)))
        return made[-1]

    yield make
    for state in made:
        await state.aclose()
    if redis:
        await redis.kill()
