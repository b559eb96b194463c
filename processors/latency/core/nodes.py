"""Which node of a flow a call was in, and when."""

from collections import deque

__all__ = ["Nodes"]

KEPT = 32
"""Nodes kept until the turn is over in which they were entered."""


class Nodes:
    """The nodes that a call has been in, of which the last are kept."""

    def __init__(self) -> None:
        self._entered: deque[tuple[float, str]] = deque(maxlen=KEPT)

    @property
    def current(self) -> str:
        """The node that the call is in; "" without a flow."""
        return self._entered[-1][1] if self._entered else ""

    def enter(self, node: str, *, at: float) -> None:
        """Go on to a node.

        Args:
            node: Its name.
            at: When, in seconds of the pipeline's clock.
        """
        self._entered.append((at, node))

    def at(self, at: float) -> str:
        """Return the node of a moment; a call begins before its first node does.

        Args:
            at: When, in seconds of the pipeline's clock.
        """
        first = self._entered[0][1] if self._entered else ""
        return next((node for since, node in reversed(self._entered) if since <= at), first)
