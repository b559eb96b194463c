"""Several processes behind one port are one server."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

ACTIVE = 'antiphon_calls_active{transport="twilio"}'
ENDED = 'antiphon_calls_total{outcome="ended",transport="twilio"}'


class Office:
    """A server of two workers, and a phone that rings it."""

    def __init__(self, process: Any, phone: Any) -> None:
        self.process = process
        self.phone = phone

    def workers(self) -> list[int]:
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        commands = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
        return [child for child, command in commands.items() if b"spawn_main" in command]

    async def ready(self) -> dict[str, Any]:
        async with self.phone.session.get(f"{self.phone.base}/readyz") as response:
            status: dict[str, Any] = await response.json()
        return status

    async def metric(self, name: str) -> float:
        async with self.phone.session.get(f"{self.phone.base}/metrics") as response:
            lines = (await response.text()).splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0)

    async def watched(self) -> set[str]:
        async with self.phone.session.get(f"{self.phone.base}/latency") as response:
            return {call["call_id"] for call in (await response.json())["calls"]}

    async def comes_to(self, **status: Any) -> None:
        while not status.items() <= (await self.ready()).items():  # noqa: ASYNC110 - only by asking
            await asyncio.sleep(0.02)


@pytest.fixture
async def office(start_worker: Any, phone_to: Any, port: int) -> Office:
    office = Office(await start_worker(port, workers=2, capacity="6"), phone_to(port))
    await office.comes_to(workers=2)
    return office


async def test_calls_spread_and_a_crash_takes_only_its_own(office: Office) -> None:
    calls = [await office.phone.calls(number) for number in range(6)]
    assert await office.phone.everybody_is_answered()
    victim, other = office.workers()
    os.kill(victim, signal.SIGKILL)
    answered = [call for call in calls if await call.is_answered()]
    # A connection that has just closed may still have counted for its worker.
    assert 2 <= len(answered) <= 4
    # The places of the dead are free at once, and the worker that lives takes who comes.
    await office.comes_to(active=len(answered))
    answered += [await office.phone.calls(number) for number in range(6, 9)]
    assert all([await call.is_answered() for call in answered])
    await office.comes_to(workers=2)
    assert other in office.workers()
    assert victim not in office.workers()
    office.process.kill()
    await office.process.wait()
    assert all([await call.is_answered() for _ in range(10) for call in answered])


@pytest.mark.system
async def test_what_one_worker_counts_and_hears_counts_for_all(office: Office) -> None:
    twiml = await office.phone.rings(0)
    first = await office.phone.connects(twiml, 0)
    assert await first.is_answered()
    # The next connection goes to the worker that has none, and its token has been used.
    replayed = await office.phone.connects(twiml, 0)
    await replayed.ended()
    assert replayed.websocket.close_code == 1008

    calls = [first, *[await office.phone.calls(number) for number in range(1, 6)]]
    assert all([await call.is_answered() for call in calls])
    assert await office.metric(ACTIVE) == 6
    assert await office.watched() == {call.call_sid for call in calls}
    assert (await office.phone.rings(6)).find("Reject") is not None

    for call in calls:
        form = {"CallSid": call.call_sid, "CallStatus": "completed"}
        await office.phone.post("/twilio/status", form)
        await call.ended()
    await office.comes_to(active=0)
    assert await office.metric(ENDED) == 6
    os.kill(office.workers()[0], signal.SIGKILL)
    await office.comes_to(workers=1)
    # To Prometheus a counter that falls is one that began anew.
    assert await office.metric(ENDED) == 6


@pytest.mark.system
async def test_told_to_stop_every_worker_lets_its_calls_finish(office: Office) -> None:
    for number in range(4):
        await office.phone.calls(number)
    assert await office.phone.everybody_is_answered()
    office.process.send_signal(signal.SIGTERM)
    await office.phone.rings_in_vain()
    assert all([await office.phone.everybody_is_answered() for _ in range(40)])
    await office.phone.hang_up_all()
    assert await office.process.wait() == 0


@pytest.mark.system
async def test_a_second_signal_ends_the_calls_of_every_worker(office: Office) -> None:
    calls = [await office.phone.calls(number) for number in range(2)]
    assert await office.phone.everybody_is_answered()
    office.process.send_signal(signal.SIGTERM)
    await office.phone.rings_in_vain()
    office.process.send_signal(signal.SIGTERM)
    assert await office.process.wait() == 1
    for call in calls:
        await call.ended()
