"""What a server costs: this process and a child of it stand in."""

import asyncio
import os
import sys

import pytest

from antiphon.simulation.load.server import ServerMeter, find_server

WORKER = """
import time
held = b"x" * 50_000_000
while time.process_time() < 0.3:
    pass
print("worked", flush=True)
input()
"""


async def test_who_listens_on_the_port_is_found() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    assert find_server(f"ws://127.0.0.1:{port}/ws") == [os.getpid()]

    server.close()
    await server.wait_closed()
    with pytest.raises(ProcessLookupError, match=f"listens on port {port}: give one with --pid"):
        find_server(f"http://localhost:{port}/twilio/voice")


def test_a_server_elsewhere_is_not_looked_for() -> None:
    with pytest.raises(ProcessLookupError, match=r"voice\.example\.com may be another machine"):
        find_server("wss://voice.example.com/ws")


async def test_the_work_of_children_counts_while_they_live_and_afterwards() -> None:
    async with ServerMeter([os.getpid()]) as meter:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, stdin=asyncio.subprocess.PIPE, stdout=-1
        )
        assert worker.stdout
        await worker.stdout.readline()
        alive = await asyncio.to_thread(ServerMeter, [os.getpid()])
        await worker.communicate(b"\n")
    ended = meter.cost(calls=2, call_secs=10.0)
    assert ended.cpu_secs >= 0.3
    assert ended.cpu_ms_per_call_sec == pytest.approx(100 * ended.cpu_secs, abs=1)
    # A second meter began while the child lived, and holds what it held.
    assert alive.cost(calls=1, call_secs=1.0).memory_before_mb >= ended.memory_before_mb + 45


def test_a_process_that_may_not_be_read_is_told() -> None:
    with pytest.raises(ProcessLookupError, match="no such process"):
        ServerMeter([99_999_999])
