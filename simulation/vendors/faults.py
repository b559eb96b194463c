"""What can go wrong at a vendor, as data, and the wire on which it goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["FAULT_NAMES", "CommonFaultName", "Cut", "Fault", "FaultName", "Wire"]

CommonFaultName = Literal[
    "refused",
    "connect_delay",
    "status",
    "slow_first_byte",
    "stall",
    "disconnect",
    "malformed",
    "duplicate",
    "out_of_order",
]
RealtimeFaultName = Literal[
    "server_error",
    "session_expired",
    "response_failed",
    "response_empty",
    "transcription_failed",
    "stammer",
]
# One list: of a union of two an error of pydantic names neither.
FaultName = Literal[CommonFaultName, RealtimeFaultName]
FAULT_NAMES: tuple[str, ...] = get_args(FaultName)

_DEFAULT_SECONDS = {
    "refused": None,
    "connect_delay": 3.0,
    "slow_first_byte": 3.0,
    "session_expired": 60.0,
    "stammer": 1.0,
}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, by name and position.

    `refused` closes the port; `connect_delay` answers late; `status` answers with an HTTP status
    instead; `slow_first_byte` answers and then keeps the first message back; `stall` falls silent
    with the connection open; `disconnect` closes it; `malformed` cuts a message short;
    `duplicate` sends one twice; `out_of_order` sends one behind its successor.

    A Realtime model has more: `server_error` sends an `error` event; `session_expired` ends the
    session; `response_failed` and `response_empty` end a response without a word;
    `transcription_failed` gives no transcript of a caller's turn; `stammer` stops in the middle of
    a response's sound and goes on.

    Parameters:
        name: Which fault.
        after: How many messages of the connection (or response) still come through before it; how
            many responses, or turns, before the one that a fault of a Realtime model hits.
        code: The HTTP status of a `status` fault; the WebSocket close code of a `disconnect`,
            where 0 drops the connection without a word.
        seconds: How long a `connect_delay` or `slow_first_byte` takes (3 s by default) or a
            `stammer` (1 s); when a session has `session_expired` (60 s); and for how long the port
            is `refused` (by default for good).
        retry_after: With a `status`, seconds for the Retry-After header.
        skip: How many connections (or requests) go well before it.
        times: How many it then hits; all of them by default.
    """

    name: FaultName
    after: int = 0
    code: int = 0
    seconds: float | None = None
    retry_after: float | None = None
    skip: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.name not in FAULT_NAMES:
            raise ValueError(f"no fault {self.name!r}; there are {', '.join(FAULT_NAMES)}")
        if self.name == "status" and not 400 <= self.code <= 599:
            raise ValueError(f"a status fault needs code=400…599, not {self.code}")
        if self.name == "disconnect" and self.code and not 1000 <= self.code <= 4999:
            raise ValueError(f"a WebSocket close code is 1000…4999, not {self.code}")
        if self.after < 0 or self.skip < 0 or (self.times is not None and self.times < 1):
            raise ValueError(f"a fault needs after >= 0, skip >= 0 and times >= 1: {self}")

    def hits(self, request: int) -> bool:
        """Tell whether this fault concerns a connection or request, counted from 0."""
        return self.skip <= request and (self.times is None or request < self.skip + self.times)

    @property
    def delay(self) -> float | None:
        """How long it lasts in seconds, with the default of its kind."""
        return _DEFAULT_SECONDS.get(self.name) if self.seconds is None else self.seconds


class Cut(Exception):
    """The fault plan closed the connection."""


class Wire:
    """Passes messages on to a client, with the faults of its connection."""

    def __init__(
        self,
        faults: list[Fault],
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
    ) -> None:
        """Wrap a connection.

        Args:
            faults: The faults that hit it.
            send: Sends one message.
            close: Closes it with a code, or drops it at 0.
        """
        self._by_name = {fault.name: fault for fault in faults}
        self._send = send
        self._close = close
        self._held: str | None = None
        self.sent = 0

    async def send(self, message: str) -> None:
        """Send one message, or do what the faults do instead.

        Args:
            message: The message.

        Raises:
            Cut: If a fault closed the connection.
        """
        position = self.sent
        self.sent += 1
        faults = self._by_name
        if (fault := faults.get("slow_first_byte")) and position == 0:
            await asyncio.sleep(fault.delay or 0.0)
        if (fault := faults.get("disconnect")) and position >= fault.after:
            await self._close(fault.code)
            raise Cut
        if (fault := faults.get("stall")) and position >= fault.after:
            return
        if (fault := faults.get("malformed")) and position == fault.after:
            message = message[: len(message) // 2]
        if (fault := faults.get("out_of_order")) and position == fault.after:
            self._held = message
            return
        await self._send(message)
        if (fault := faults.get("duplicate")) and position == fault.after:
            await self._send(message)
        if self._held is not None:
            held, self._held = self._held, None
            await self._send(held)

    @property
    def stalled(self) -> bool:
        """Whether nothing that is sent arrives any more."""
        fault = self._by_name.get("stall")
        return fault is not None and self.sent > fault.after
