"""Attempts, counted in bounded memory at a constant cost.

The storage of `limits` looks through everybody it knows at each attempt: 22 ms of the event loop
with 100,000 addresses, and whoever has an IPv6 network has more than that.
"""

import ipaddress
import re
import time

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

__all__ = ["Rates", "network_of", "number_of"]

# Whoever has more addresses than this is not held off by counting them.
KEEP = 10_000

E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)

# https://help.twilio.com/articles/223179988: a number that is withheld comes as a word on the keys
# of a telephone; Twilio writes UNKNOWN in two ways.
KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
WORDS = ("ANONYMOUS", "BLOCKED", "PRIVATE", "RESTRICTED", "UNAVAILABLE", "UNKNOWN", "WITHHELD")
WITHHELD = {f"+{word.translate(KEYS)}" for word in WORDS} | {"+8566696"}


class Rates:
    """How often each has tried."""

    def __init__(self, *, keep: int = KEEP) -> None:
        """Start with nobody.

        Args:
            keep: How many are remembered; then the one who began longest ago is forgotten.
        """
        self._storage = _Storage(keep)
        self._limiter = FixedWindowRateLimiter(self._storage)

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._storage.storage)

    async def hit(self, rate: str, *whom: str) -> bool:
        """Count an attempt.

        Args:
            rate: How many there may be, such as `60/minute`.
            *whom: Who tries.

        Returns:
            False if there were too many.
        """
        return await self._limiter.hit(parse(rate), *whom)


class _Storage(MemoryStorage):
    def __init__(self, keep: int) -> None:
        super().__init__()
        self._keep = keep

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        # Asking forgets whose time is up, so what is oldest stands first.
        if not await self.get(key):
            self.expirations[key] = time.time() + expiry
        self.storage[key] += amount
        if len(self.storage) > self._keep:
            oldest = next(iter(self.storage))
            del self.storage[oldest], self.expirations[oldest]
        return self.storage[key]


def network_of(address: str) -> str:
    """Tell whose an address is: one IPv6 customer has at least 2^64 of them (RFC 6177).

    Args:
        address: An IP address, or any name.

    Returns:
        The /64 network of an IPv6 address, and anything else as it is.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))


def number_of(caller: str) -> str | None:
    """Tell by which number a caller can be told from others.

    Args:
        caller: What a carrier says of the caller.

    Returns:
        The number in E.164, or None if it is withheld or none.
    """
    return caller if E164.fullmatch(caller) and caller not in WITHHELD else None
