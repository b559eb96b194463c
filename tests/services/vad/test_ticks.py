"""What calls ask for is done together, soon, and whatever one of them raises."""

import asyncio

import pytest

from antiphon.services.vad.ticks import TICK_SECS, ticks

pytestmark = pytest.mark.virtual_time


class Log:
    """When work was done, in seconds of the loop."""

    def __init__(self) -> None:
        self.done: list[tuple[str, float]] = []

    def ask(self, name: str) -> None:
        ticks().soon(lambda: self.note(name))

    def note(self, name: str) -> None:
        self.done.append((name, round(asyncio.get_running_loop().time(), 6)))


async def test_who_is_alone_does_not_wait() -> None:
    log = Log()
    for _ in range(3):
        log.ask("a")
        await asyncio.sleep(2 * TICK_SECS)
    assert log.done == [("a", 0.0), ("a", 2 * TICK_SECS), ("a", 4 * TICK_SECS)]


async def test_work_that_comes_sooner_is_done_together_in_order() -> None:
    log = Log()
    log.ask("a")
    for name in "bcd":
        await asyncio.sleep(TICK_SECS / 5)
        log.ask(name)
    await asyncio.sleep(TICK_SECS)
    assert log.done == [("a", 0.0), ("b", TICK_SECS), ("c", TICK_SECS), ("d", TICK_SECS)]


async def test_what_work_asks_for_is_done_in_the_same_tick() -> None:
    log = Log()
    ticks().soon(lambda: log.ask("asked for"))
    await asyncio.sleep(TICK_SECS / 2)
    assert log.done == [("asked for", 0.0)]


async def test_a_failure_leaves_the_others_their_turn() -> None:
    def fail() -> None:
        raise ValueError("something that was said")

    log = Log()
    ticks().soon(fail)
    log.ask("b")
    await asyncio.sleep(TICK_SECS / 2)
    log.ask("c")
    await asyncio.sleep(2 * TICK_SECS)
    assert log.done == [("b", 0.0), ("c", TICK_SECS)]
