"""Shared state of a worker, which its supervisor keeps. Without one nobody is let in any more."""

from collections.abc import Callable
from typing import Any

from antiphon.pipeline.server.access.admission import Refusal
from antiphon.pipeline.server.process.rpc import Rpc
from antiphon.pipeline.server.state.interface import SharedState

__all__ = ["ASKED", "RpcState"]

ASKED = ("promise", "withdraw", "use", "first", "forget", "hit", "keep", "find")
"""The methods that a worker may have the supervisor's state do as they are."""


def _asked(name: str, **if_gone: Any) -> Any:
    """Make a method that asks the supervisor, and says `answer` of one that is gone."""

    async def ask(self: "RpcState", *args: Any) -> Any:
        try:
            return await self.supervisor.ask(name, *args)
        except ConnectionError:
            if if_gone:
                return if_gone["answer"]
            raise

    return ask


def _told(name: str) -> Any:
    return lambda self, *args: self.supervisor.tell(name, *args)


class RpcState(SharedState):
    """Shared state, in the supervisor.

    Parameters:
        supervisor: The other end.
    """

    def __init__(self, supervisor: Rpc) -> None:
        """Create the worker's side.

        Args:
            supervisor: The other end.
        """
        self.supervisor = supervisor

    promise = _asked("promise", answer=Refusal.DRAINING)
    use = _asked("use", answer=False)
    # An event that was told twice does less harm than one that nobody takes.
    first = _asked("first", answer=True)
    forget = _asked("forget", answer=None)
    hit = _asked("hit", answer=False)
    keep = _asked("keep")
    find = _asked("find")
    status = _asked("status", answer={"ready": False})
    enter = _told("enter")
    leave = _told("leave")
    withdraw = _told("withdraw")
    cancel = _told("cancel")

    def close(self) -> None:
        """The supervisor has done so, or is no more."""

    async def report(self, name: str, own: Callable[[], Any]) -> Any:
        """Return the report of that name over all workers."""
        try:
            return await self.supervisor.ask("report", name)
        except ConnectionError:
            return own()
