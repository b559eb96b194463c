"""Whether a call runs, and whether what happens now happens within one.

The log guard asks. A context variable marks what a call starts: its tasks, its tools, its threads
by `asyncio.to_thread`. A vendor's native thread carries no mark, so it also counts that calls run.
"""

import time
from contextvars import ContextVar
from weakref import WeakSet

__all__ = ["CallScope", "calls_run", "within_call"]

# A vendor's thread may still say what it has when the last call is over.
LATE_SECS = 60.0

_within: ContextVar[bool] = ContextVar("antiphon_within_call", default=False)


class CallScope:
    """One call: begun where it starts, ended when nothing of it is left."""

    def begin(self) -> None:
        """Count the call as running, and mark the context and all that is started from it."""
        _running.add(self)
        _within.set(True)

    def end(self) -> None:
        """Count it no more; what was started in it stays marked."""
        if self in _running:
            global _ended_at
            _ended_at = time.monotonic()
            _running.discard(self)


# Weak, so that a call which was dropped without an end does not run for ever.
_running: WeakSet[CallScope] = WeakSet()
_ended_at = float("-inf")


def within_call() -> bool:
    """Whether this is run by a call."""
    return _within.get()


def calls_run() -> bool:
    """Whether a call runs, or ended less than a minute ago."""
    return bool(_running) or time.monotonic() - _ended_at < LATE_SECS
