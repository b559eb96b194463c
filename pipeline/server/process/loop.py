"""The event loop of `antiphon serve`: uvloop, or asyncio's own where there is none (Windows)."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from uvicorn.loops.auto import auto_loop_factory

__all__ = ["run"]

T = TypeVar("T")

STOP_SECS = 2.0


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, as `asyncio.run` does, but return although a task ignores its cancellation.

    Args:
        main: The coroutine.

    Returns:
        What it returned.
    """
    runner = asyncio.Runner(loop_factory=auto_loop_factory())
    try:
        return runner.run(main)
    finally:
        # Closing waits for every task, and a tool of a call that is long over may never stop.
        if runner.run(_all_stopped()):
            runner.close()


async def _all_stopped() -> bool:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    return not tasks or not (await asyncio.wait(tasks, timeout=STOP_SECS))[1]
