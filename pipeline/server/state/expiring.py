"""Values that are forgotten when their time is up."""

import math
from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["Expiring"]

T = TypeVar("T")


class Expiring(Generic[T]):
    """Remembers values that all live about equally long."""

    def __init__(self, *, keep: float = math.inf) -> None:
        """Start with none.

        Args:
            keep: How many are remembered; then the oldest is forgotten.
        """
        self._keep = keep
        self._values: OrderedDict[str, tuple[float, T]] = OrderedDict()

    def add(self, key: str, value: T, *, until: float, now: float) -> bool:
        """Remember a value.

        Args:
            key: By which it is found.
            value: The value.
            until: When it is forgotten, in seconds.
            now: The time in seconds.

        Returns:
            Whether there was none.
        """
        # Nearly in order of expiry.
        while self._values and next(iter(self._values.values()))[0] < now:
            self._values.popitem(last=False)
        if key in self._values:
            return False
        self._values[key] = (until, value)
        if len(self._values) > self._keep:
            self._values.popitem(last=False)
        return True

    def find(self, key: str, *, now: float) -> T | None:
        """Find a value.

        Args:
            key: Its key.
            now: The time in seconds.

        Returns:
            The value, or None if there is none or it is too old.
        """
        until, value = self._values.get(key, (-math.inf, None))
        return value if until > now else None

    def forget(self, key: str) -> None:
        """Forget a value before its time is up.

        Args:
            key: Its key.
        """
        self._values.pop(key, None)
