"""Work of many calls that is done together.

A call's packet comes each 20 ms, and a hundred calls' one after the other. Served each as it comes,
every one of them finds that other code and other tables have been through the processor's caches;
those of 10 ms served in a row cost less, and what all of them ask for can be answered at once.
"""

import asyncio
from collections.abc import Callable
from weakref import WeakKeyDictionary

from loguru import logger

__all__ = ["TICK_SECS", "Ticks", "ticks"]

TICK_SECS = 0.010
"""The least time from one tick to the next, and so the longest that anything waits."""


class Ticks:
    """Does what calls ask for: at once if the last tick is 10 ms ago, or else together then."""

    def __init__(self) -> None:
        """Create the ticks of an event loop; `ticks` gives the only ones it needs."""
        self._wanted: list[Callable[[], None]] = []
        self._is_due = False
        self._ticked_at = -TICK_SECS

    def soon(self, work: Callable[[], None]) -> None:
        """Do some work in the next tick, or still in this one if it is asked for by work in it.

        Args:
            work: Called once.
        """
        self._wanted.append(work)
        if not self._is_due:
            self._is_due = True
            loop = asyncio.get_running_loop()
            wait_secs = self._ticked_at + TICK_SECS - loop.time()
            loop.call_later(max(0.0, wait_secs), self._tick)

    def _tick(self) -> None:
        self._ticked_at = asyncio.get_running_loop().time()
        while wanted := self._wanted:
            self._wanted = []
            for work in wanted:
                try:
                    work()
                except Exception as error:
                    # Its text may quote speech, so only its type is told.
                    logger.error(f"{type(error).__name__} in the work of one call")
        self._is_due = False


_ticks: WeakKeyDictionary[asyncio.AbstractEventLoop, Ticks] = WeakKeyDictionary()


def ticks() -> Ticks:
    """Return the ticks of the running event loop."""
    return _ticks.setdefault(asyncio.get_running_loop(), Ticks())
