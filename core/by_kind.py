"""What there is for a frame, by its kind."""

from collections.abc import Mapping
from typing import TypeVar

from pipecat.frames.frames import Frame

__all__ = ["ByKind"]

T = TypeVar("T")


class ByKind(dict[type[Frame], T]):
    """What was given for a kind of frame, or for the nearest of its bases."""

    def __init__(self, given: Mapping[type[Frame], T]) -> None:
        """Look nothing up yet.

        Args:
            given: By kind; that of `Frame` is for all that have none.
        """
        super().__init__(given)
        # What was only found says nothing of a kind that has another base besides.
        self._given = dict(given)

    def __missing__(self, kind: type[Frame]) -> T:
        self[kind] = next(self._given[base] for base in kind.__mro__ if base in self._given)
        return self[kind]
