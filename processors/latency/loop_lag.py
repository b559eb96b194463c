"""How late the event loop comes: one measurement a process, whatever the number of calls."""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from antiphon.processors.latency.core.histogram import Histogram, SlidingHistogram

__all__ = ["LoopLag"]

TICK_SECS = 0.1
"""A loop that is blocked for longer is always caught; a shorter block in proportion."""


class LoopLag:
    """Asks the loop ten times a second to be woken, and looks how late that was."""

    def __init__(self) -> None:
        self._watchers: list[Callable[[float], None]] = []
        self._lags = SlidingHistogram(window_secs=60.0, slices=6)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @classmethod
    def of_running_loop(cls) -> "LoopLag":
        """Return the one measurement of the running loop."""
        return _MONITORS.setdefault(asyncio.get_running_loop(), cls())

    def watch(self, watcher: Callable[[float], None]) -> None:
        """Call `watcher` with the lag in seconds at each tick; the first watcher starts them."""
        self._watchers.append(watcher)
        if self._timer is None:
            self._schedule()

    def unwatch(self, watcher: Callable[[float], None]) -> None:
        """Stop calling `watcher`; without any, nothing ticks."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
        if not self._watchers and self._timer:
            self._timer.cancel()
            self._timer = None

    @classmethod
    def worst_secs(cls) -> float:
        """Return the longest lag of the last minute, over all loops of the process; 0 if none."""
        lags = (monitor.last_minute().percentile(100) for monitor in _MONITORS.values())
        return max((lag for lag in lags if lag is not None), default=0.0)

    def last_minute(self) -> Histogram:
        """Return the lags of the last minute."""
        return self._lags.merged(at=self._due)

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + TICK_SECS
        self._timer = loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        lag = max(0.0, now - self._due)
        self._lags.add(lag, at=now)
        self._schedule()
        for watcher in tuple(self._watchers):
            watcher(lag)


# The monitors must not hold the loops that they are kept by.
_MONITORS: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopLag] = WeakKeyDictionary()
