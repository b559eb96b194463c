"""Tools of a call, each of which is settled: with its result, or with word that there is none.

Pipecat 1.14 waits for ever for a tool that hangs, or that returns without a result, and asks the
model no more. Of tools that are called at once, one that awaits nothing gives its result before the
next has been announced, and the model answers each (pipecat#4908).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from loguru import logger
from pipecat.services.llm_service import FunctionCallParams

from antiphon.core.reaching_in import tool_time

__all__ = ["settled"]

Tool = Callable[..., Awaitable[Any]]

# So much later than the observer, which names the tool, is its call settled.
BEHIND_OBSERVER_SECS = 0.1

NO_RESULT = {"error": "There is no result. Tell the user that it did not work."}


def settled(tool: Tool, *, within_secs: float | None, awaited: bool = False) -> Tool:
    """A tool whose call gets a result, whatever the tool does.

    Args:
        tool: A direct function. It is cancelled when its time has passed.
        within_secs: Its time, unless it has one of its own by Pipecat's `tool_options`, or the
            conversation goes on meanwhile; None for ever.
        awaited: Whether the caller waits for it even where Pipecat does not.
    """
    own_secs, awaited_by_pipecat = tool_time(tool)
    secs = within_secs if (awaited or awaited_by_pipecat) and own_secs is None else None

    @wraps(tool)
    async def run(params: FunctionCallParams, **arguments: Any) -> None:
        has_result = asyncio.Event()
        work = asyncio.current_task()
        late: set[asyncio.Task[None]] = set()

        async def take(result: Any, **options: Any) -> None:
            properties = options.get("properties")
            if properties is None or properties.is_final:
                has_result.set()
            await params.result_callback(result, **options)

        async def give_up() -> None:
            logger.warning(f"{params.function_name} has given no result within {secs:g} s")
            await take(NO_RESULT)
            if work:
                work.cancel()

        def expire() -> None:
            if not has_result.is_set():
                late.add(asyncio.ensure_future(give_up()))

        loop = asyncio.get_running_loop()
        timer = loop.call_later(secs + BEHIND_OBSERVER_SECS, expire) if secs else None
        # The others that are called with it are announced meanwhile.
        await asyncio.sleep(0)
        try:
            await tool(replace(params, result_callback=take), **arguments)
            # What returns without a result may have left that to a task of its own.
            if timer:
                await has_result.wait()
        finally:
            if timer:
                timer.cancel()

    return run
