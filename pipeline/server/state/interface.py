"""What the processes of a server, and servers that stand together, must agree on."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

__all__ = ["HANDOFF_SECS", "SharedState"]

HANDOFF_SECS = 3600.0
"""For so long a person's screen finds a handoff."""


class SharedState(Protocol):
    """What the doors ask before they let somebody in: each answer is atomic, and expires.

    It is kept in this process (`MemoryState`), in the supervisor of several workers (`RpcState`),
    or in Redis for several servers (`RedisState`).
    """

    async def promise(self, key: str, wait: bool = False) -> str | None:
        """Promise a place, or one in the queue; the answer is why not, or None."""
        ...

    def enter(self, key: str) -> None:
        """Take a place that was promised."""
        ...

    def leave(self) -> None:
        """Give a place back."""
        ...

    def withdraw(self, key: str) -> None:
        """Free a promised place that nobody will take."""
        ...

    def close(self) -> None:
        """Promise no place any more."""
        ...

    async def use(self, nonce: str, expires_at: float) -> bool:
        """Use something up that is good once, until a time; False if that has been done."""
        ...

    async def first(self, event: str, secs: float) -> bool:
        """Note what a vendor may tell several times; False if it was told within so long."""
        ...

    async def forget(self, event: str) -> None:
        """Let an event count as new when it is told again."""
        ...

    async def hit(self, rate: str, *whom: str) -> bool:
        """Count an attempt; False if there were too many."""
        ...

    async def keep(self, handoff: Mapping[str, Any]) -> str:
        """Keep a handoff; the answer is the id by which it is found."""
        ...

    async def find(self, handoff_id: str) -> dict[str, Any] | None:
        """Find a handoff."""
        ...

    async def status(self) -> dict[str, Any]:
        """Say how many places there are, how many are taken, and whether any is promised."""
        ...

    def cancel(self, call_id: str, reason: str) -> None:
        """End a call that runs in another worker; without one, it is over already."""
        return None

    async def report(self, name: str, own: Callable[[], Any]) -> Any:
        """Return the report of that name over all workers, of which `own` makes this one's."""
        return own()

    async def aclose(self) -> None:
        """Tell the others what they have not heard yet, and leave."""
        return None
