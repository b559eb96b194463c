"""CPU time of this thread, without the garbage collections that happened to fall into it.

A collection of everything takes 0.1 s in a process with many calls, and may begin in the middle of
any detection, whose budget is a fifth of that. What it would mask then has nothing to do with it.
"""

import gc
import threading
import time
from typing import Any

__all__ = ["cpu_time"]

_collecting = threading.local()


def cpu_time() -> float:
    """Return the seconds of CPU that this thread has spent on anything but collections."""
    return time.thread_time() - getattr(_collecting, "secs", 0.0)


def _note(phase: str, _: Any) -> None:
    if phase == "start":
        _collecting.began = time.thread_time()
    elif began := getattr(_collecting, "began", None):
        _collecting.secs = getattr(_collecting, "secs", 0.0) + time.thread_time() - began


gc.callbacks.append(_note)
