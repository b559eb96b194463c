"""Looking again at what is undecided, as time passes."""

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.turns.user_start import BaseUserTurnStartStrategy

__all__ = ["Ticker"]

_TICK_SECS = 0.05


class Ticker:
    """Runs while there is something to look at; its task is the strategy's."""

    def __init__(
        self, strategy: BaseUserTurnStartStrategy, look: Callable[[], Awaitable[bool]]
    ) -> None:
        """Begin with nothing to look at.

        Args:
            strategy: Whose task it is.
            look: Looks, and returns whether to look again.
        """
        self._strategy = strategy
        self._look = look
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look again and again from now on."""
        if self._task is None:
            self._task = self._strategy.create_task(self._run(), f"{self._strategy}::tick")

    async def stop(self) -> None:
        """Look no more."""
        if self._task:
            task, self._task = self._task, None
            await self._strategy.cancel_task(task)

    async def _run(self) -> None:
        again = True
        while again:
            await asyncio.sleep(_TICK_SECS)
            again = await self._look()
        self._task = None
