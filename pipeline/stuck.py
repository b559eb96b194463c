"""What goes on after its call has ended: a tool that swallows its cancellation, and the like.

No task can be killed. What can be done is to wait for none without limit, to cancel whatever is at
work for a call, and to tell which function it is that does not stop.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

from loguru import logger
from pipecat.pipeline.worker import PipelineWorker
from pipecat.transports.base_transport import BaseTransport
from pipecat.utils.asyncio.task_manager import TaskManager
from pipecat.utils.base_object import BaseObject

__all__ = ["PatientTaskManager", "let_go"]

# Of a cancellation that whoever asks for it would await without limit.
LONGEST_WAIT_SECS = 5.0

# One thing that was waited for is cancelled, and the next in line gets to work.
ROUNDS, ROUND_SECS = 5, 1.0

FRAMEWORKS = ("antiphon", "asyncio", "pipecat")


class PatientTaskManager(TaskManager):
    """Pipecat's task manager, but for a timeout that also holds where the task does not stop.

    Pipecat 1.14 waits with `asyncio.wait_for`, which itself awaits the end of what it cancels.
    """

    async def cancel_task(
        self,
        task: "asyncio.Task[Any]",
        timeout: float | None = None,  # noqa: ASYNC109 - as Pipecat has it
    ) -> None:
        """Cancel a task and wait for its end.

        Args:
            task: The task.
            timeout: Seconds to wait; by default five.
        """
        if task is asyncio.current_task():
            await super().cancel_task(task, timeout)
            return
        task.cancel()
        _, going_on = await asyncio.wait((task,), timeout=timeout or LONGEST_WAIT_SECS)
        if going_on:
            logger.warning(f"{_function_of(task)} was cancelled and goes on")


async def let_go(
    worker: PipelineWorker, run: "asyncio.Task[None]", tasks: PatientTaskManager
) -> list[str]:
    """Cancel what is still at work for a call, and leave behind what does not stop.

    Args:
        worker: Of the call, whose time is over.
        run: Its run, which is waited for while what it waits for can be cancelled.
        tasks: The call's own task manager.

    Returns:
        The names of the functions that were left behind.
    """
    remaining: set[asyncio.Task[Any]] = set()
    for _ in range(ROUNDS):
        if run.done():
            break
        remaining = {run, *_at_work(worker, run, tasks)}
        for task in remaining - {run}:
            task.cancel()
        await asyncio.wait((run,), timeout=ROUND_SECS)
    remaining.update(tasks.current_tasks())
    remaining = {task for task in remaining if not task.done()}
    if not remaining:
        return []
    for task in remaining:
        task.cancel()
    _, stuck = await asyncio.wait(remaining, timeout=ROUND_SECS)
    names = sorted(_function_of(task) for task in stuck)
    if names:
        logger.warning(f"{worker} has ended; cancelled in vain: {', '.join(names)}")
    return names


def _at_work(
    worker: PipelineWorker, run: "asyncio.Task[None]", tasks: PatientTaskManager
) -> Iterator["asyncio.Task[Any]"]:
    """The call's tasks but for the worker's own, which only wait for the others."""
    managed = set(tasks.current_tasks())
    yield from (task for task in managed if not task.get_name().startswith(f"{worker}::"))
    # Pipecat makes tasks for event handlers and cleanups without its task manager.
    for task in asyncio.all_tasks() - managed - {run}:
        frames = list(_frames(task))
        if (
            frames
            and _module(frames[0]) == "pipecat"
            and any(_belongs(frame.f_locals.get("self"), tasks) for frame in frames)
            and task is not asyncio.current_task()
        ):
            yield task


def _belongs(thing: Any, tasks: PatientTaskManager) -> bool:
    if isinstance(thing, BaseTransport):
        thing = thing.input()
    if isinstance(thing, BaseObject):
        with suppress(Exception):  # Pipecat's, of an object that has no task manager yet
            return thing.task_manager is tasks
    return False


def _function_of(task: "asyncio.Task[Any]") -> str:
    """The name of the function outside the frameworks that a task is in, such as a tool's."""
    for frame in _frames(task):
        if _module(frame) not in FRAMEWORKS:
            return frame.f_code.co_qualname.rpartition("<locals>.")[2]
    return task.get_name()


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _frames(task: "asyncio.Task[Any]") -> Iterator[FrameType]:
    """Where a task is, from the outermost coroutine to the innermost."""
    awaited: Any = task.get_coro()
    while frame := getattr(awaited, "cr_frame", None):
        yield frame
        awaited = awaited.cr_await
