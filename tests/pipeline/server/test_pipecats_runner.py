"""The bot file answers where Pipecat's own runner brings a caller."""

import asyncio
import json
import re
import runpy
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pipecat.runner.types import DailyRunnerArguments

from .conftest import PhoneCall, answers, free_port, sid
from .daily_room import hears, joined
from .doors.test_webrtc import Browser

ROOT = Path(__file__).parents[3]
BOT = ROOT / "examples/bot.py"
Start = Callable[[str], Awaitable[str]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Run the bot file with Pipecat's runner."""
    processes: list[asyncio.subprocess.Process] = []

    async def started(transport: str) -> str:
        port = free_port()
        command = [sys.executable, str(BOT), "-t", transport, "--port", str(port)]
        process = await asyncio.create_subprocess_exec(
            *command, "--proxy", "harbour.example", stderr=asyncio.subprocess.DEVNULL
        )
        processes.append(process)
        await answers(f"http://localhost:{port}/status", 200)
        return f"localhost:{port}"

    yield started
    for process in processes:
        process.kill()
        await process.wait()


class Client(Browser):
    """A browser that speaks RTVI, as Pipecat's client SDKs do."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__(session)
        self._told: asyncio.Queue[Any] = asyncio.Queue()
        channel = self._connection.createDataChannel("chat")
        channel.on("message", lambda text: self._told.put_nowait(json.loads(text)))
        about = {"version": "1.2.0", "about": {"library": "a-test"}}
        ready = {"label": "rtvi-ai", "type": "client-ready", "id": "1", "data": about}
        channel.on("open", lambda: channel.send(json.dumps(ready)))

    async def is_told(self, kind: str, **data: str) -> None:
        while True:
            message = await self._told.get()
            if message.get("type") == kind and data.items() <= message["data"].items():
                return


@pytest.mark.system
async def test_a_browser_hears_the_agent_and_reads_along(start: Start) -> None:
    address = await start("webrtc")
    async with aiohttp.ClientSession() as session:
        client = Client(session)
        status, _ = await client.offer(f"http://{address}/api/offer")
        assert status == 200
        await client.hears_a_tone()
        await client.is_told("bot-ready")
        await client.is_told("bot-tts-text", text="desk.")
        await client.hang_up()


@pytest.mark.system
async def test_a_caller_by_phone_hears_the_agent(start: Start) -> None:
    address = await start("twilio")
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws://{address}/ws") as websocket,
    ):
        call = PhoneCall(websocket, sid(1))
        await call.start({})
        assert await call.hears()


async def test_a_call_in_a_daily_room_ends_with_the_person(
    no_guard: None, daily_client: None
) -> None:
    bot = runpy.run_path(str(BOT))["bot"]
    room = DailyRunnerArguments(room_url="https://x.daily.co/r1", token="owner")
    call = asyncio.create_task(bot(room))
    client = await joined()
    client.joins("ann")
    await hears(client, "ann")
    client.leaves("ann")
    await call
    assert client.joined == ("https://x.daily.co/r1", "owner")


def test_the_recipe_for_the_cloud_names_what_is_there() -> None:
    folder = ROOT / "deploy/pipecat-cloud"
    recipe = tomllib.loads((folder / "pcc-deploy.toml").read_text())
    assert {"agent_name", "secret_set", "scaling"} == set(recipe)
    dockerfile = (folder / "Dockerfile").read_text()
    assert re.findall(r"COPY \./(\S+)", dockerfile) == [BOT.name]
    extras = re.search(r"antiphon\[(.*)\]", dockerfile)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extras
    assert {*extras[1].split(",")} <= {*project["optional-dependencies"]}
