"""What the C library would keep of the memory that models take, to load and to work.

glibc gives each thread a heap of its own, and gives back little of what was freed in it: of a call
of the embedded agent, in whose process five threads compute, 90 MB.
"""

import ctypes
from typing import Any

__all__ = ["give_back", "keep_one_heap"]

M_ARENA_MAX = -8


def keep_one_heap() -> None:
    """Have the threads that are yet to come share a heap: what one has freed, another takes."""
    if library := _glibc():
        library.mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Give back to the system what is free: after a warm-up, what loading took."""
    if library := _glibc():
        library.malloc_trim(0)


def _glibc() -> Any:
    """The C library where it is glibc; others have no such heaps."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return None
    return library if hasattr(library, "malloc_trim") else None
