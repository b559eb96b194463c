"""Services made before the call that will use them, where making them takes time.

Most vendors' read the certificates of every authority as they are made, 20 ms in which every other
call of the process would stand still, and a local model is loaded for seconds.
"""

import asyncio
import time
from collections.abc import Callable

from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers.kinds import Place

__all__ = ["Prewarmed"]


# Half of what a telephone's frame of 20 ms leaves between two.
SLOW_SECS = 0.01


class Prewarmed:
    """A service of each kind that was kept, made anew on a thread whenever it is taken.

    Example::

        prewarmed = Prewarmed(make)
        await prewarmed.keep_if_slow(ServiceKind.STT)
        prewarmed.take(ServiceKind.STT)
    """

    def __init__(self, make: Callable[[Place], FrameProcessor]) -> None:
        """Create an empty stock.

        Args:
            make: Makes a service; for the stock it is called on a thread.
        """
        self._make = make
        self._stock: dict[Place, FrameProcessor] = {}
        self._replacing: set[asyncio.Task[None]] = set()

    def keep(self, kind: Place, service: FrameProcessor) -> None:
        """Keep a service for the next call, and from then on another for each.

        Args:
            kind: Which place in the pipeline it takes.
            service: The service.
        """
        self._stock[kind] = service

    async def keep_if_slow(self, kind: Place) -> FrameProcessor:
        """Keep a service, and from then on another for each call, if making one takes time.

        One that cannot be made away from the event loop is not kept, and made when a call wants it.

        Args:
            kind: Which place in the pipeline it takes.

        Returns:
            One that no call gets, to be looked at.

        Raises:
            Exception: Whatever making it raises.
        """
        # Whatever the first one imports is not to be measured.
        first = self._make(kind)
        started_at = time.perf_counter()
        try:
            made = await asyncio.to_thread(self._make, kind)
        except Exception:
            return first
        if time.perf_counter() - started_at >= SLOW_SECS:
            self.keep(kind, made)
        return first

    def take(self, kind: Place) -> FrameProcessor:
        """Take a service for a call, which without one in stock is made now.

        Args:
            kind: Which place in the pipeline it takes.

        Returns:
            The service, which nobody else gets.

        Raises:
            Exception: Whatever making it raises.
        """
        if kind not in self._stock:
            return self._make(kind)
        task = asyncio.get_running_loop().create_task(self._replace(kind))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)
        return self._stock.pop(kind)

    async def _replace(self, kind: Place) -> None:
        try:
            self.keep(kind, await asyncio.to_thread(self._make, kind))
        except Exception as error:
            # The next call makes its own, and what is wrong is reported there.
            logger.warning(f"{type(error).__name__} while making the next call's {kind}")
