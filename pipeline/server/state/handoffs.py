"""What a person is told about a caller who is handed over to them, kept for a while."""

import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Handoff", "Handoffs"]


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """What a person is told about the caller who is handed over to them.

    Parameters:
        summary: Is whispered to the person before the caller is there.
        transcript: The conversation as the agent's context has it, and without what is personal.
        parameters: What the start of the call carried along.
    """

    summary: str = ""
    transcript: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


class Handoffs:
    """The handoffs of the last hour, 1,000 at most."""

    def __init__(self, *, keep_secs: float = 3600.0, keep: int = 1000) -> None:
        """Create the store, empty.

        Args:
            keep_secs: Seconds for which one is kept.
            keep: How many are.
        """
        self._keep_secs = keep_secs
        self._keep = keep
        self._handoffs: OrderedDict[str, tuple[float, Mapping[str, Any]]] = OrderedDict()

    def add(self, handoff: Mapping[str, Any], *, now: float) -> str:
        """Keep a handoff.

        Args:
            handoff: Its fields.
            now: The time in seconds.

        Returns:
            The id by which it is found.
        """
        handoff_id = uuid.uuid4().hex
        self._handoffs[handoff_id] = (now + self._keep_secs, handoff)
        if len(self._handoffs) > self._keep:
            self._handoffs.popitem(last=False)
        return handoff_id

    def find(self, handoff_id: str, *, now: float) -> dict[str, Any] | None:
        """Find a handoff.

        Args:
            handoff_id: Its id.
            now: The time in seconds.

        Returns:
            Its fields, or None if there is none or it is too old.
        """
        until, handoff = self._handoffs.get(handoff_id, (0.0, {}))
        return dict(handoff) if until > now else None
