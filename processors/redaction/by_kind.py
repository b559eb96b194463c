"""Who takes a frame, by its kind."""

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.processors.frame_processor import FrameDirection

__all__ = ["ByKind", "Taker"]

Taker = Callable[[Any, FrameDirection], Awaitable[None]]


class ByKind(dict[type[Frame], Taker]):
    """Who takes a kind of frame: whoever takes the nearest of its bases."""

    def __missing__(self, kind: type[Frame]) -> Taker:
        self[kind] = next(found for base in kind.__mro__ if (found := self.get(base)))
        return self[kind]
