"""Told to stop, a server lets its calls finish."""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

HAPROXY_CONFIGURATION = Path(__file__).parents[3] / "deploy" / "haproxy.cfg"


@pytest.mark.system
async def test_ten_calls_finish_before_the_server_exits(
    start_worker: Any, phone_to: Any, port: int
) -> None:
    process, phone = await start_worker(port), phone_to(port)
    for number in range(10):
        await phone.calls(number)
    assert await phone.everybody_is_answered()
    process.send_signal(signal.SIGTERM)
    await phone.rings_in_vain()
    # Long enough for uvicorn to have told its connections to close.
    assert all([await phone.everybody_is_answered() for _ in range(40)])
    await phone.hang_up_all()
    assert await process.wait() == 0


async def test_calls_that_outlast_the_drain_hear_a_goodbye(serving: Any) -> None:
    async with serving(goodbye="one two three") as server:
        call = await server.phone.calls(1)
        assert await call.is_answered()
        drain = asyncio.create_task(server.app.state.calls.drain(0.1))
        for _ in range(3):
            await call.hears()
        await call.ended()
        await drain


async def test_a_second_signal_ends_the_calls_now(
    start_worker: Any, phone_to: Any, port: int
) -> None:
    process, phone = await start_worker(port), phone_to(port)
    call = await phone.calls(1)
    assert await call.is_answered()
    process.send_signal(signal.SIGINT)
    await phone.rings_in_vain()
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 1


async def test_however_often_it_is_signalled_it_tells_that_calls_were_cut(
    start_worker: Any, phone_to: Any, port: int
) -> None:
    process, phone = await start_worker(port), phone_to(port)
    call = await phone.calls(1)
    assert await call.is_answered()
    process.send_signal(signal.SIGINT)
    await phone.rings_in_vain()
    while process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            # `send_signal` would reap it, and asyncio then never learn its code.
            os.kill(process.pid, signal.SIGINT)
        await asyncio.sleep(0.005)
    assert process.returncode == 1


@pytest.mark.system
@pytest.mark.timeout(180)
async def test_a_rolling_restart_behind_haproxy_drops_no_call(
    start_worker: Any,
    phone_to: Any,
    port: int,
    other_ports: list[int],
    wait_for_answer: Any,
    tmp_path: Path,
) -> None:
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    assert haproxy, "this test needs HAProxy: apt-get install haproxy"
    configuration = HAPROXY_CONFIGURATION.read_text().replace(":8080", f"127.0.0.1:{port}")
    for standard, here in zip((8001, 8002), other_ports, strict=True):
        configuration = configuration.replace(f"127.0.0.1:{standard}", f"127.0.0.1:{here}")
    (tmp_path / "haproxy.cfg").write_text(configuration)
    secret = "shared-by-the-workers"
    workers = [await start_worker(here, secret=secret) for here in other_ports]
    proxy = await asyncio.create_subprocess_exec(haproxy, "-f", str(tmp_path / "haproxy.cfg"))
    phone = phone_to(port)
    try:
        await wait_for_answer(f"http://127.0.0.1:{port}/nowhere", 404)
        for worker in workers:
            for number in range(6):
                await phone.calls(number)
            on_their_way = [(await phone.rings(number), number) for number in range(6, 10)]
            worker.send_signal(signal.SIGTERM)
            for twiml, number in on_their_way:
                await phone.connects(twiml, number)
            for number in range(10, 16):
                await phone.calls(number)
            assert await phone.everybody_is_answered()
            await phone.hang_up_all()
            assert await worker.wait() == 0
            if worker is workers[0]:
                await start_worker(other_ports[0], secret=secret)
                await wait_for_answer(f"http://127.0.0.1:{port}/nowhere", 404)
    finally:
        if proxy.returncode is None:
            proxy.terminate()
        await proxy.wait()
