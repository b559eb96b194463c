"""Who is let in: a number of places, places promised to callers on their way, and a closed door."""

from enum import StrEnum

__all__ = ["Admission", "Refusal"]


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
        self._active = 0

    @property
    def active(self) -> int:
        """How many places are taken."""
        return self._active

    def promise(self, key: str, *, now: float) -> Refusal | None:
        """Promise a place.

        Args:
            key: By which it will be taken; the same key twice is one place.
            now: The time in seconds.

        Returns:
            Why not, or None if it is promised.
        """
        self._promised = {k: until for k, until in self._promised.items() if until > now}
        if self.draining:
            return Refusal.DRAINING
        others = len(self._promised.keys() - {key})
        if self._active + others >= self.capacity:
            return Refusal.FULL
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
        """Free a promised place that nobody will take.

        Args:
            key: By which it was promised.
        """
        self._promised.pop(key, None)
