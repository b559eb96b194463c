"""Who is let in: places, some promised to callers on their way, a queue, and a closed door."""

from enum import StrEnum

__all__ = ["Admission", "Refusal"]


# A caller who waits asks again well within this, or has gone.
QUEUE_SECS = 60.0

# The queue takes no more than this: who would be last will not be served anyway.
MAX_QUEUE = 1000


class Refusal(StrEnum):
    """Why a call is not let in."""

    FULL = "full"
    DRAINING = "draining"


class Admission:
    """The places of one process.

    A phone call comes in two steps, a webhook and then a websocket, so the first promises a place
    that the second takes. A promise is kept even while draining, and even by a sibling process:
    by then the caller has been answered.
    """

    def __init__(self, *, capacity: int, promise_secs: float = 60.0) -> None:
        """Create the places, all free.

        Args:
            capacity: How many there are.
            promise_secs: Seconds for which a promised place is kept free.
        """
        self.capacity = capacity
        self.draining = False
        self._promise_secs = promise_secs
        self._promised: dict[str, float] = {}
        self._queue: dict[str, float] = {}
        self._active = 0

    @property
    def active(self) -> int:
        """How many places are taken."""
        return self._active

    def promise(self, key: str, *, now: float, wait: bool = False) -> Refusal | None:
        """Promise a place, to those who wait in the order in which they came.

        Args:
            key: By which it will be taken; the same key twice is one place.
            now: The time in seconds.
            wait: Whether to queue for a place if there is none, and ask again.

        Returns:
            Why not, or None if it is promised.
        """
        self._promised = _until_now(self._promised, now)
        self._queue = _until_now(self._queue, now)
        if self.draining:
            return Refusal.DRAINING
        free = self.capacity - self._active - len(self._promised.keys() - {key})
        queue = list(self._queue)
        before = queue.index(key) if key in self._queue else len(queue)
        if key not in self._promised and before >= free:
            if wait and (key in self._queue or len(queue) < MAX_QUEUE):
                self._queue[key] = now + QUEUE_SECS
            return Refusal.FULL
        self._queue.pop(key, None)
        self._promised[key] = now + self._promise_secs
        return None

    def enter(self, key: str) -> None:
        """Take a place that was promised here or by a sibling.

        Args:
            key: By which it was promised.
        """
        self._promised.pop(key, None)
        self._active += 1

    def leave(self) -> None:
        """Give a place back."""
        self._active -= 1

    def withdraw(self, key: str) -> None:
        """Free a promised place that nobody will take, or one in the queue.

        Args:
            key: By which it was promised.
        """
        self._promised.pop(key, None)
        self._queue.pop(key, None)


def _until_now(times: dict[str, float], now: float) -> dict[str, float]:
    return {key: until for key, until in times.items() if until > now}
