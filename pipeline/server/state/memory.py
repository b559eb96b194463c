"""Shared state of a server that stands alone, in its process or its supervisor."""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from antiphon.pipeline.server.access.admission import Admission, Refusal
from antiphon.pipeline.server.access.rates import Rates
from antiphon.pipeline.server.access.tokens import LIFETIME_SECS
from antiphon.pipeline.server.state.expiring import Expiring
from antiphon.pipeline.server.state.interface import HANDOFF_SECS, SharedState

__all__ = ["MemoryState"]

KEEP_HANDOFFS = 1000

# Of so many events it is known that they were told.
KEEP_EVENTS = 10_000


class MemoryState(SharedState):
    """Shared state, in this process."""

    def __init__(self, *, capacity: int) -> None:
        """Create the state, empty.

        Args:
            capacity: How many places there are.
        """
        self.admission = Admission(capacity=capacity, promise_secs=LIFETIME_SECS)
        self._used: Expiring[None] = Expiring()
        self._events: Expiring[None] = Expiring(keep=KEEP_EVENTS)
        self._handoffs: Expiring[dict[str, Any]] = Expiring(keep=KEEP_HANDOFFS)
        self._rates = Rates()

    async def promise(self, key: str, wait: bool = False) -> Refusal | None:
        """Promise a place, or one in the queue; the answer is why not, or None."""
        return self.admission.promise(key, now=time.monotonic(), wait=wait)

    def enter(self, key: str) -> None:
        """Take a place that was promised."""
        self.admission.enter(key)

    def leave(self) -> None:
        """Give a place back."""
        self.admission.leave()

    def withdraw(self, key: str) -> None:
        """Free a promised place that nobody will take."""
        self.admission.withdraw(key)

    def close(self) -> None:
        """Promise no place any more."""
        self.admission.draining = True

    async def use(self, nonce: str, expires_at: float) -> bool:
        """Use something up that is good once, until a time; False if that has been done."""
        return self._used.add(nonce, None, until=expires_at, now=time.time())

    async def first(self, event: str, secs: float) -> bool:
        """Note what a vendor may tell several times; False if it was told within so long."""
        now = time.monotonic()
        return self._events.add(event, None, until=now + secs, now=now)

    async def forget(self, event: str) -> None:
        """Let an event count as new when it is told again."""
        self._events.forget(event)

    async def hit(self, rate: str, *whom: str) -> bool:
        """Count an attempt; False if there were too many."""
        return await self._rates.hit(rate, *whom)

    async def keep(self, handoff: Mapping[str, Any]) -> str:
        """Keep a handoff; the answer is the id by which it is found."""
        handoff_id, now = uuid.uuid4().hex, time.monotonic()
        self._handoffs.add(handoff_id, dict(handoff), until=now + HANDOFF_SECS, now=now)
        return handoff_id

    async def find(self, handoff_id: str) -> dict[str, Any] | None:
        """Find a handoff."""
        return self._handoffs.find(handoff_id, now=time.monotonic())

    async def status(self) -> dict[str, Any]:
        """Say how many places there are, how many are taken, and whether any is promised."""
        return {
            "ready": not self.admission.draining,
            "active": self.admission.active,
            "capacity": self.admission.capacity,
        }
