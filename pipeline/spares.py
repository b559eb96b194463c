"""Services made before the call that will use them.

Deepgram's reads the certificates of every authority as it is made: 20 ms in which every other call
of the process would stand still.
"""

import asyncio
from collections.abc import Callable

from antiphon.pipeline.providers import ServiceKind
from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor

__all__ = ["Spares"]


class Spares:
    """A service of each prepared kind, made anew on a thread whenever it is taken.

    Example::

        spares = Spares(make)
        await spares.prepare(ServiceKind.STT)
        spares.take(ServiceKind.STT)
    """

    def __init__(self, make: Callable[[ServiceKind], FrameProcessor]) -> None:
        """Create an empty stock.

        Args:
            make: Makes a service; for the stock it is called on a thread.
        """
        self._make = make
        self._stock: dict[ServiceKind, FrameProcessor] = {}
        self._replacing: set[asyncio.Task[None]] = set()

    async def prepare(self, kind: ServiceKind) -> None:
        """Make a service for the stock.

        Args:
            kind: Which place in the pipeline it takes.

        Raises:
            Exception: Whatever making it raises.
        """
        self._stock[kind] = await asyncio.to_thread(self._make, kind)

    def take(self, kind: ServiceKind) -> FrameProcessor:
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

    async def _replace(self, kind: ServiceKind) -> None:
        try:
            await self.prepare(kind)
        except Exception as error:
            # The next call makes its own, and what is wrong is reported there.
            logger.warning(f"{type(error).__name__} while making the next call's {kind}")
