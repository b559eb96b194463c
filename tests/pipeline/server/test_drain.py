"""Told to stop, a server lets its calls finish."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

HERE = Path(__file__).parent


@pytest.fixture
def phone_to(phone_class: type[Any]) -> Callable[..., Any]:
    """`antiphon serve` as a process, and a phone that rings it."""
    conftest = sys.modules[phone_class.__module__]

    @asynccontextmanager
    async def serve(**settings: str) -> AsyncIterator[Any]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "TWILIO_AUTH_TOKEN": conftest.AUTH_TOKEN,
            **{f"ANTIPHON_{name.upper()}": value for name, value in settings.items()},
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *["-m", "antiphon.pipeline", "serve", "--transport", "twilio"],
            *["--agent", "conftest:parrot", "--port", str(port)],
            env=environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        base = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{base}/readyz"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
            phone = conftest.Phone(session, base)
            try:
                yield process, phone
            finally:
                await phone.hang_up_all()
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    return serve


async def test_ten_calls_finish_before_the_server_exits(phone_to: Any) -> None:
    async with phone_to() as (process, phone):
        calls = [await phone.calls(number) for number in range(10)]
        assert all([await call.is_answered() for call in calls])
        process.send_signal(signal.SIGTERM)
        await phone.rings_in_vain()
        assert all([await call.is_answered() for call in calls])
        for call in calls:
            await call.websocket.close()
        assert await process.wait() == 0


async def test_calls_that_outlast_the_drain_hear_a_goodbye(phone_to: Any) -> None:
    async with phone_to(drain_secs="0.2", goodbye="one two three") as (process, phone):
        call = await phone.calls(1)
        assert await call.is_answered()
        process.send_signal(signal.SIGTERM)
        for _ in range(3):
            await call.hears()
        await call.ended()
        assert await process.wait() == 0


async def test_a_second_signal_ends_the_calls_now(phone_to: Any) -> None:
    async with phone_to() as (process, phone):
        call = await phone.calls(1)
        assert await call.is_answered()
        process.send_signal(signal.SIGINT)
        await phone.rings_in_vain()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 1
