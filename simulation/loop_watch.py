"""Tells when something holds an event loop up, and which line it was."""

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from antiphon.simulation.virtual_time import wait_for_thread

__all__ = ["Block", "watch_loop"]

_PINGS_PER_LIMIT = 5


@dataclass(frozen=True, kw_only=True)
class Block:
    """One time that the loop did not answer within the limit.

    Parameters:
        limit_secs: The limit, in real seconds.
        stack: Where the loop's thread was, as a traceback reads.
    """

    limit_secs: float
    stack: str

    def __str__(self) -> str:
        return f"the event loop was blocked for more than {self.limit_secs:g} s here:\n{self.stack}"


@contextmanager
def watch_loop(
    loop: asyncio.AbstractEventLoop, *, limit_secs: float = 0.1
) -> Iterator[list[Block]]:
    """Watch a loop from a thread; must be entered in the loop's own thread.

    The thread pings the loop five times in the limit, and counts unanswered pings rather than
    seconds: a machine that stops the whole process stops the count too.

    Args:
        loop: The loop to watch, running or not.
        limit_secs: Longest time in real seconds that the loop may take to answer.

    Yields:
        The blocks found, filled in as they happen.
    """
    blocks: list[Block] = []
    done = threading.Event()
    loop_thread = threading.get_ident()
    answered = threading.Event()

    def ping() -> bool:
        answered.clear()
        try:
            loop.call_soon_threadsafe(answered.set)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def watch() -> None:
        interval = limit_secs / _PINGS_PER_LIMIT
        unanswered = 0
        if not ping():
            return
        while not done.wait(interval):
            if answered.is_set():
                unanswered = 0
                if not ping():
                    return
                continue
            stack = sys._current_frames().get(loop_thread)
            if not loop.is_running() or stack is None or _is_thread_work(stack):
                unanswered = 0
                continue
            unanswered += 1
            if unanswered == _PINGS_PER_LIMIT:
                text = "".join(traceback.format_stack(stack, limit=8))
                blocks.append(Block(limit_secs=limit_secs, stack=text))

    thread = threading.Thread(target=watch, name="loop-watch", daemon=True)
    thread.start()
    try:
        yield blocks
    finally:
        done.set()
        thread.join()


def _is_thread_work(stack: FrameType | None) -> bool:
    """Virtual time holds the loop while a thread works: not a fault of the test's."""
    while stack is not None:
        if stack.f_code is wait_for_thread.__code__:
            return True
        stack = stack.f_back
    return False
