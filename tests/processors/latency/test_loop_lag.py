"""A loop that is held up is noticed, by all who watch it."""

import asyncio
import time

from antiphon.processors.latency.loop_lag import TICK_SECS, LoopLag


async def test_a_blocked_loop_is_told_with_how_late_it_came() -> None:
    lag = LoopLag.of_running_loop()
    assert LoopLag.of_running_loop() is lag
    told: list[float] = []
    came_late = asyncio.Event()

    def watcher(secs: float) -> None:
        told.append(secs)
        came_late.set()

    lag.watch(watcher)
    time.sleep(TICK_SECS + 0.2)  # noqa: ASYNC251 (this is the fault)
    await came_late.wait()
    lag.unwatch(watcher)
    assert told[0] >= 0.19
    assert LoopLag.worst_secs() >= 0.19
    assert (lag.last_minute().percentile(100) or 0) >= 0.19
