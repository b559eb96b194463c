"""Several servers that share a Redis, and what they do without it."""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from antiphon.pipeline.server.metrics import REDIS_LOST
from antiphon.pipeline.server.state import redis as module
from antiphon.pipeline.server.state.redis import RedisState

pytestmark = pytest.mark.system

SECRET = "shared-by-the-servers"
CALLER = "+49301234567"
KEY = {"Authorization": "Bearer key-of-the-test"}


@pytest.fixture
async def pair(redis_server: Any) -> AsyncIterator[list[RedisState]]:
    pair = [RedisState(redis_server.url, secret=SECRET.encode(), capacity=2) for _ in range(2)]
    yield pair
    for state in pair:
        await state.aclose()


async def free_within(state: RedisState, secs: float) -> bool:
    async with asyncio.timeout(secs):
        while await state.promise("newcomer"):  # noqa: ASYNC110 - only by asking
            await asyncio.sleep(0.05)
    return True


def lost() -> float:
    [metric] = REDIS_LOST.collect()
    return metric.samples[0].value


async def test_two_apps_share_places_tokens_rates_and_handoffs(
    serving: Any, redis_server: Any
) -> None:
    options = {
        "secret": SECRET,
        "redis_url": redis_server.url,
        "capacity": 2,
        "rate_per_caller": "2/minute",
    }
    async with serving(**options) as first, serving(**options) as second:
        twiml = await first.phone.rings(0, caller=CALLER)
        # The webhook met the first, and the media stream meets the second.
        stream = twiml.find("./Connect/Stream")
        assert stream is not None
        stream.attrib["url"] = stream.attrib["url"].replace(first.base[4:], second.base[4:])
        call = await second.phone.connects(twiml, 0)
        assert await call.is_answered()

        stream.attrib["url"] = stream.attrib["url"].replace(second.base[4:], first.base[4:])
        replayed = await first.phone.connects(twiml, 0)
        await replayed.ended()
        assert replayed.websocket.close_code == 1008

        assert (await second.phone.rings(1, caller=CALLER)).find("Connect") is not None
        assert (await first.phone.rings(2)).find("Reject") is not None
        await second.phone.post("/twilio/status", {"CallSid": twiml_sid(1), "CallStatus": "busy"})
        assert (await first.phone.rings(3, caller=CALLER)).find("Reject") is not None
        assert (await first.phone.rings(4)).find("Connect") is not None

        handoff_id = await first.app.state.calls.state.keep({"summary": "a wrong bill"})
        url = f"{second.base}/twilio/handoffs/{handoff_id}"
        async with second.session.get(url, headers=KEY) as response:
            assert await response.json() == {"summary": "a wrong bill"}
        await first.phone.hang_up_all()
        await second.phone.hang_up_all()
        for server in (first, second):
            await server.metric_reaches("antiphon_calls_active", 0)
            await server.app.state.calls.state.aclose()


async def test_nothing_personal_is_there_in_clear_and_all_of_it_expires(
    pair: list[RedisState], redis_server: Any
) -> None:
    state = pair[0]
    await state.promise("CA1")
    state.enter("CA1")
    await state.promise("CA2")
    await state.promise("CA3")
    await state.promise("CA4", True)
    await state.hit("9/minute", "caller", CALLER)
    await state.use("nonce", time.time() + 60)
    await state.first("event", 60)
    await state.keep({"summary": "a wrong bill", "parameters": {"from": CALLER}})
    keys = (await redis_server.asks("--raw", "keys", "*")).split()
    assert len(keys) == 7
    for key in keys:
        assert 0 < int(await redis_server.asks("--raw", "ttl", key)) <= 3600
    values = [await redis_server.asks("zrange", key, "0", "-1") for key in keys]
    values += [await redis_server.asks("get", key) for key in keys]
    told = " ".join(keys + values)
    assert not any(word in told for word in ("CA1", "CA2", "CA4", CALLER[1:], "bill", "nonce"))


async def test_a_place_is_kept_as_long_as_it_is_renewed_and_no_longer(
    monkeypatch: Any, pair: list[RedisState]
) -> None:
    monkeypatch.setattr(module, "LEASE_SECS", 2.0)
    monkeypatch.setattr(module, "RENEW_SECS", 0.2)
    dead, alive = pair
    for number in range(2):
        assert await dead.promise(str(number)) is None
        dead.enter(str(number))
    assert await alive.promise("newcomer") == "full"
    # Longer than a lease: it is renewed.
    with pytest.raises(TimeoutError):
        await free_within(alive, 3.5)
    # It leaves without giving them back.
    await dead.aclose()
    assert await free_within(alive, 5)


async def test_places_given_back_by_a_server_that_stops_are_free_at_once(
    pair: list[RedisState],
) -> None:
    stopping, other = pair
    for key in "ab":
        assert await stopping.promise(key) is None
        stopping.enter(key)
    assert await other.promise("c") == "full"
    stopping.leave()
    stopping.leave()
    await stopping.aclose()
    assert [await other.promise(key) for key in "cd"] == [None, None]


async def test_without_redis_calls_go_on_and_tokens_are_refused_until_it_is_back(
    pair: list[RedisState], redis_server: Any
) -> None:
    first, second = pair
    await first.promise("a")
    first.enter("a")
    handoff_id = await first.keep({"summary": "before"})
    assert await second.promise("b") is None
    assert await second.promise("c") == "full"
    assert await first.first("a call began", 60)
    assert not await second.first("a call began", 60)
    await redis_server.kill()

    # Each counts its own.
    assert await first.promise("d") is None
    assert await first.promise("e") == "full"
    assert [await second.promise(key) for key in "fgh"] == [None, None, "full"]
    assert not await first.use("nonce", time.time() + 60)
    assert [await first.first("told", 60) for _ in range(2)] == [True, False]
    assert [await first.hit("1/minute", "ann") for _ in range(2)] == [True, False]
    assert await second.hit("1/minute", "ann")
    assert await first.find(handoff_id) is None
    kept = await first.keep({"summary": "meanwhile"})
    assert await first.find(kept) == {"summary": "meanwhile"}
    assert lost() == 1

    await redis_server.start()
    async with asyncio.timeout(10):
        while not await first.use(str(time.time()), time.time() + 60):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert lost() == 0
    assert await first.find(kept) == {"summary": "meanwhile"}
    # Redis had forgotten everything; the call that runs is told to it again.
    async with asyncio.timeout(10):
        while await second.promise("i") is None:
            second.withdraw("i")
            await second.promise("j")
            await asyncio.sleep(0.05)


@pytest.mark.timeout(180)
async def test_the_workers_of_a_server_share_with_other_servers(
    pair: list[RedisState], redis_server: Any, start_worker: Any, phone_to: Any, port: int
) -> None:
    options = {"secret": SECRET, "redis_url": redis_server.url, "capacity": "2"}
    await start_worker(port, workers=2, **options)
    phone = phone_to(port)
    calls = [await phone.calls(number) for number in range(2)]
    assert all([await call.is_answered() for call in calls])
    assert await pair[0].promise("a") == "full"
    await phone.hang_up_all()
    assert await free_within(pair[0], 10)


@pytest.mark.timeout(180)
async def test_the_places_of_a_server_that_was_killed_come_free(
    redis_server: Any, start_worker: Any, phone_to: Any, port: int, other_ports: list[int]
) -> None:
    options = {"secret": SECRET, "redis_url": redis_server.url, "capacity": "2"}
    ports = [port, other_ports[0]]
    first = await start_worker(ports[0], **options)
    await start_worker(ports[1], **options)
    phones = [phone_to(each) for each in ports]
    calls = [await phones[0].calls(number) for number in range(2)]
    assert all([await call.is_answered() for call in calls])
    assert (await phones[1].rings(5)).find("Reject") is not None
    os.kill(first.pid, signal.SIGKILL)
    async with asyncio.timeout(module.LEASE_SECS + 10):
        # Another caller each time, as one who calls again and again is refused for that.
        for number in itertools.count(6):
            if (await phones[1].rings(number)).find("Connect") is not None:
                break
            await asyncio.sleep(0.5)


def twiml_sid(number: int) -> str:
    return f"CA{number:032x}"
