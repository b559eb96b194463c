"""The example that composes its pipeline by hand answers on each transport that it names."""

import asyncio
import os
import runpy
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.lines.phone_line import PhoneLine

from .conftest import API_KEY, AUTH_TOKEN, answers, free_port
from .daily_room import DailyApi, hears, joined
from .doors.test_webrtc import Browser

EXAMPLE = runpy.run_path(str(Path(__file__).parents[3] / "examples/four_processors.py"))

CONVERSATION = [
    "{'role': 'assistant', 'content': 'Hello, this is the order desk.'}",
    "{'role': 'user', 'content': 'what are your opening hours'}",
    "{'role': 'assistant', 'content': 'We are open from nine in the morning until six in the "
    "evening, from Monday to Saturday.'}",
    "{'role': 'user', 'content': 'my card number is <CREDIT_CARD>'}",
    "{'role': 'assistant', 'content': 'Thank you, I have your card number. Is there anything "
    "else?'}",
]
Serve = Callable[[str], AbstractAsyncContextManager[str]]


@pytest.fixture
def serve(no_guard: None, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Run the example until it is told to stop, as Ctrl-C does."""
    monkeypatch.setenv("ANTIPHON_API_KEYS", API_KEY)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", AUTH_TOKEN)
    monkeypatch.setenv("DAILY_API_KEY", "daily-key")

    @asynccontextmanager
    async def running(transport: str) -> AsyncIterator[str]:
        port = free_port()
        monkeypatch.setattr(sys, "argv", ["example", "--transport", transport, f"--port={port}"])
        example = asyncio.create_task(EXAMPLE["main"]())
        url = f"http://127.0.0.1:{port}"
        await answers(f"{url}/healthz", 200)
        yield url
        os.kill(os.getpid(), signal.SIGINT)
        await example

    return running


def conversation(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


@pytest.mark.virtual_time
async def test_in_memory(
    no_guard: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["example", "--transport", "memory"])
    await EXAMPLE["main"]()
    assert conversation(capsys) == CONVERSATION


@pytest.mark.virtual_time
async def test_on_a_phone(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    async with serve("twilio") as url:
        line = PhoneLine(f"{url}/twilio/voice", auth_token=AUTH_TOKEN)
        await Caller(line, [Say(text="what are your opening hours"), HangUp()]).call()
    assert conversation(capsys) == CONVERSATION[:3]


async def test_in_a_browser(serve: Serve) -> None:
    async with serve("webrtc") as url, aiohttp.ClientSession() as session:
        browser = Browser(session)
        status, _ = await browser.offer(f"{url}/offer")
        assert status == 200
        await browser.hears_a_tone()
        await browser.hang_up()


@pytest.mark.system
async def test_in_a_daily_room(
    serve: Serve,
    daily: DailyApi,
    daily_client: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serve("daily") as url, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with session.post(f"{url}/daily/start", headers=headers) as response:
            assert (await response.json())["token"] == "person"
        client = await joined()
        client.joins("ann")
        await hears(client, "ann")
        while "turn 1: " not in capsys.readouterr().out:  # noqa: ASYNC110 - printed
            await asyncio.sleep(0.05)
        client.leaves("ann")
        await daily.deleted.wait()


@pytest.fixture
async def daily(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DailyApi]:
    stand_in = DailyApi()
    runner = web.AppRunner(stand_in.app(), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("DAILY_API_URL", f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield stand_in
    await runner.cleanup()
