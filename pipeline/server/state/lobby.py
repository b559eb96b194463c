"""What the processes of a server must agree on: places, used tokens, rates, handoffs.

A server of one process has its lobby in it. Of several workers, the supervisor has it, and each
worker asks there.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from antiphon.pipeline.server.access.admission import Admission, Refusal
from antiphon.pipeline.server.access.rates import Rates
from antiphon.pipeline.server.access.tokens import LIFETIME_SECS, UsedTokens
from antiphon.pipeline.server.process.rpc import Peer
from antiphon.pipeline.server.state.handoffs import Handoffs

__all__ = ["ASKED", "Lobby", "LocalLobby", "RemoteLobby"]

ASKED = ("promise", "use", "hit", "keep", "find", "withdraw")
"""The methods that a worker may have the supervisor's lobby do as they are."""


class Lobby(Protocol):
    """What the doors ask before they let somebody in."""

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
        """Use a token up; False if that has been done."""
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
        """End a call that is running in another process."""
        ...

    async def report(self, name: str, own: Callable[[], Any]) -> Any:
        """Return the report of that name over all processes, of which `own` makes this one's."""
        ...


class LocalLobby:
    """The lobby, in this process."""

    def __init__(self, *, capacity: int) -> None:
        """Create the lobby, empty.

        Args:
            capacity: How many places there are.
        """
        self.admission = Admission(capacity=capacity, promise_secs=LIFETIME_SECS)
        self._used = UsedTokens()
        self._handoffs = Handoffs()
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
        """Use a token up; False if that has been done."""
        return self._used.add(nonce, expires_at, now=time.time())

    async def hit(self, rate: str, *whom: str) -> bool:
        """Count an attempt; False if there were too many."""
        return await self._rates.hit(rate, *whom)

    async def keep(self, handoff: Mapping[str, Any]) -> str:
        """Keep a handoff; the answer is the id by which it is found."""
        return self._handoffs.add(handoff, now=time.monotonic())

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

    def cancel(self, call_id: str, reason: str) -> None:
        """There is no other process: the call is over already."""

    async def report(self, name: str, own: Callable[[], Any]) -> Any:
        """Return this process's report."""
        return own()


class RemoteLobby:
    """The lobby, in the supervisor. Without one nobody is let in any more."""

    def __init__(self, supervisor: Peer) -> None:
        """Create the worker's side.

        Args:
            supervisor: The other end.
        """
        self._supervisor = supervisor

    async def promise(self, key: str, wait: bool = False) -> str | None:
        """Promise a place, or one in the queue; the answer is why not, or None."""
        try:
            refusal: str | None = await self._supervisor.ask("promise", key, wait)
        except ConnectionError:
            return Refusal.DRAINING
        return refusal

    def enter(self, key: str) -> None:
        """Take a place that was promised."""
        self._supervisor.tell("enter", key)

    def leave(self) -> None:
        """Give a place back."""
        self._supervisor.tell("leave")

    def withdraw(self, key: str) -> None:
        """Free a promised place that nobody will take."""
        self._supervisor.tell("withdraw", key)

    def close(self) -> None:
        """The supervisor has done so, or is no more."""

    async def use(self, nonce: str, expires_at: float) -> bool:
        """Use a token up; False if that has been done."""
        try:
            return bool(await self._supervisor.ask("use", nonce, expires_at))
        except ConnectionError:
            return False

    async def hit(self, rate: str, *whom: str) -> bool:
        """Count an attempt; False if there were too many."""
        try:
            return bool(await self._supervisor.ask("hit", rate, *whom))
        except ConnectionError:
            return False

    async def keep(self, handoff: Mapping[str, Any]) -> str:
        """Keep a handoff; the answer is the id by which it is found."""
        return str(await self._supervisor.ask("keep", dict(handoff)))

    async def find(self, handoff_id: str) -> dict[str, Any] | None:
        """Find a handoff."""
        found: dict[str, Any] | None = await self._supervisor.ask("find", handoff_id)
        return found

    async def status(self) -> dict[str, Any]:
        """Say how many places there are, how many are taken, and whether any is promised."""
        try:
            status: dict[str, Any] = await self._supervisor.ask("status")
        except ConnectionError:
            return {"ready": False}
        return status

    def cancel(self, call_id: str, reason: str) -> None:
        """End a call that is running in another process."""
        self._supervisor.tell("cancel", call_id, reason)

    async def report(self, name: str, own: Callable[[], Any]) -> Any:
        """Return the report of that name over all processes."""
        try:
            return await self._supervisor.ask("report", name)
        except ConnectionError:
            return own()
