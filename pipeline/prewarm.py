"""Services made before the call that will use them.

Deepgram's reads the certificates of every authority as it is made: 20 ms in which every other call
of the process would stand still.
"""

import asyncio
from collections.abc import Callable

from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers import ServiceKind

__all__ = ["Prewarmed"]


class Prewarmed:
    """A service of each kind that was kept, made anew on a thread whenever it is taken.

    Example::

        prewarmed = Prewarmed(make)
        prewarmed.keep(ServiceKind.STT, make(ServiceKind.STT))
        prewarmed.take(ServiceKind.STT)
    """

    def __init__(self, make: Callable[[ServiceKind], FrameProcessor]) -> None:
        """Create an empty stock.

        Args:
            make: Makes a service; for the stock it is called on a thread.
        """
        self._make = make
        self._stock: dict[ServiceKind, FrameProcessor] = {}
        self._replacing: set[asyncio.Task[None]] = set()

    def keep(self, kind: ServiceKind, service: FrameProcessor) -> None:
        """Keep a service for the next call, and from then on another for each.

        Args:
            kind: Which place in the pipeline it takes.
            service: The service.
        """
        self._stock[kind] = service

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
            self.keep(kind, await asyncio.to_thread(self._make, kind))
        except Exception as error:
            # The next call makes its own, and what is wrong is reported there.
            logger.warning(f"{type(error).__name__} while making the next call's {kind}")
