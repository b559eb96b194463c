"""Shared state of several servers, in Redis.

Nothing personal is there in clear: keys are hashed and handoffs encrypted, both with the secret
that the servers share, and everything expires. A server's places are leases that it renews, so
those of one that died are free again soon.

Without Redis calls go on. Each server then counts places, rates, handoffs and what it was told
twice by itself; tokens are refused, since another server may have taken them.
"""

import asyncio
import base64
import contextlib
import hmac
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cryptography.fernet import Fernet
from limits import parse
from loguru import logger
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from antiphon.pipeline.server.access.admission import MAX_QUEUE, QUEUE_SECS, Refusal
from antiphon.pipeline.server.access.tokens import LIFETIME_SECS
from antiphon.pipeline.server.metrics import REDIS_LOST
from antiphon.pipeline.server.state.interface import HANDOFF_SECS, SharedState
from antiphon.pipeline.server.state.memory import MemoryState

__all__ = ["RedisState"]

# So long the calls of a server that died keep their places.
LEASE_SECS = 15.0
RENEW_SECS = 5.0

# A caller waits for Redis no longer than this, and once it is lost, nobody for so long.
TIMEOUT_SECS = 1.0

# All in one slot of a cluster.
SETS = ["{antiphon}:places", "{antiphon}:queue", "{antiphon}:waiting"]

# As `Admission.promise`: a sorted set by expiry for the places, another for who waits, and one of
# these in the order in which they came. The time is Redis' own, the same for every server.
PROMISE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local places, queue, waiting = KEYS[1], KEYS[2], KEYS[3]
local key, wait = ARGV[1], ARGV[2] == '1'
local capacity, max_queue = tonumber(ARGV[3]), tonumber(ARGV[4])
local promise_secs, queue_secs = tonumber(ARGV[5]), tonumber(ARGV[6])
redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', now)) do
    redis.call('ZREM', queue, gone)
    redis.call('ZREM', waiting, gone)
end
if not redis.call('ZSCORE', places, key) then
    local before = redis.call('ZRANK', queue, key)
    local length = redis.call('ZCARD', queue)
    if (before or length) >= capacity - redis.call('ZCARD', places) then
        if wait and (before or length < max_queue) then
            redis.call('ZADD', queue, 'NX', now, key)
            redis.call('ZADD', waiting, now + queue_secs, key)
            redis.call('EXPIRE', queue, queue_secs)
            redis.call('EXPIRE', waiting, queue_secs)
        end
        return 0
    end
end
redis.call('ZREM', queue, key)
redis.call('ZREM', waiting, key)
redis.call('ZADD', places, now + promise_secs, key)
redis.call('EXPIRE', places, promise_secs)
return 1
"""

# Frees what is given back, and renews what is taken.
RENEW = """
local time = redis.call('TIME')
local told = cjson.decode(ARGV[1])
for _, gone in ipairs(told.gone) do
    for _, set in ipairs(KEYS) do
        redis.call('ZREM', set, gone)
    end
end
for _, place in ipairs(told.taken) do
    redis.call('ZADD', KEYS[1], time[1] + told.secs, place)
end
redis.call('EXPIRE', KEYS[1], told.keep_secs)
"""


class RedisState(SharedState):
    """Shared state, in Redis."""

    def __init__(self, url: str, *, secret: bytes, capacity: int) -> None:
        """Create the state; it connects when it is first asked.

        Args:
            url: The address of Redis, such as `redis://127.0.0.1:6379/0`.
            secret: Hashes and encrypts; the same in every server.
            capacity: How many places there are, in all servers together.
        """
        self._redis = Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECS,
            socket_connect_timeout=TIMEOUT_SECS,
            # Once, for a connection that was closed while nobody used it.
            retry=Retry(NoBackoff(), 1),
        )
        self._promise = self._redis.register_script(PROMISE)
        self._renew = self._redis.register_script(RENEW)
        self._secret = hmac.digest(secret, b"antiphon redis", "sha256")
        self._fernet = Fernet(base64.urlsafe_b64encode(self._secret))
        self._capacity = capacity
        # Knows this server's own calls, and decides while Redis is away.
        self._own = MemoryState(capacity=capacity)
        self._name = uuid.uuid4().hex
        self._gone: set[str] = set()
        self._has_changed = asyncio.Event()
        self._telling = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._is_lost = False
        self._try_again_at = 0.0

    async def promise(self, key: str, wait: bool = False) -> Refusal | None:
        """Promise a place, or one in the queue; the answer is why not, or None."""
        if self._own.admission.draining:
            return Refusal.DRAINING
        limits = [self._capacity, MAX_QUEUE, int(LIFETIME_SECS), int(QUEUE_SECS)]
        try:
            await self._tell_changes()
            name = self._hashed("place", key)
            promised = await self._ask(self._promise, SETS, [name, int(wait), *limits])
        except ConnectionError:
            return await self._own.promise(key, wait)
        return None if promised else Refusal.FULL

    def enter(self, key: str) -> None:
        """Take a place that was promised."""
        self._own.enter(key)
        self._change(self._hashed("place", key))

    def leave(self) -> None:
        """Give a place back."""
        self._own.leave()
        self._change(self._place(self._own.admission.active))

    def withdraw(self, key: str) -> None:
        """Free a promised place that nobody will take."""
        self._own.withdraw(key)
        self._change(self._hashed("place", key))

    def close(self) -> None:
        """Promise no place any more, here."""
        self._own.close()

    async def use(self, nonce: str, expires_at: float) -> bool:
        """Use something up that is good once, until a time; False if that has been done."""
        left_ms = max(1, int((expires_at - time.time()) * 1000))
        name = self._hashed("token", nonce)
        try:
            return bool(await self._ask(self._redis.set, name, b"", nx=True, px=left_ms))
        except ConnectionError:
            return False

    async def first(self, event: str, secs: float) -> bool:
        """Note what a vendor may tell several times; False if it was told within so long."""
        name = self._hashed("event", event)
        try:
            return bool(await self._ask(self._redis.set, name, b"", nx=True, px=int(secs * 1000)))
        except ConnectionError:
            return await self._own.first(event, secs)

    async def forget(self, event: str) -> None:
        """Let an event count as new when it is told again."""
        await self._own.forget(event)
        with contextlib.suppress(ConnectionError):
            await self._ask(self._redis.delete, self._hashed("event", event))

    async def hit(self, rate: str, *whom: str) -> bool:
        """Count an attempt; False if there were too many."""
        limit = parse(rate)
        name = self._hashed("rate", rate, *whom)
        counting = self._redis.pipeline(transaction=True)
        counting.set(name, 0, nx=True, ex=limit.get_expiry())
        counting.incr(name)
        try:
            _, count = await self._ask(counting.execute)
        except ConnectionError:
            return await self._own.hit(rate, *whom)
        return int(count) <= limit.amount

    async def keep(self, handoff: Mapping[str, Any]) -> str:
        """Keep a handoff; the answer is the id by which it is found."""
        handoff_id = uuid.uuid4().hex
        text = self._fernet.encrypt(json.dumps(handoff).encode())
        name = self._hashed("handoff", handoff_id)
        try:
            await self._ask(self._redis.set, name, text, ex=int(HANDOFF_SECS))
        except ConnectionError:
            return await self._own.keep(handoff)
        return handoff_id

    async def find(self, handoff_id: str) -> dict[str, Any] | None:
        """Find a handoff."""
        try:
            text = await self._ask(self._redis.get, self._hashed("handoff", handoff_id))
        except ConnectionError:
            text = None
        if text is None:
            return await self._own.find(handoff_id)
        found: dict[str, Any] = json.loads(self._fernet.decrypt(text))
        return found

    async def status(self) -> dict[str, Any]:
        """Say how many places there are, how many this server has taken, and whether it is open."""
        return await self._own.status()

    async def aclose(self) -> None:
        """Tell what has been given back, and leave."""
        with contextlib.suppress(ConnectionError):
            await self._tell_changes()
        if self._keeper:
            self._keeper.cancel()
        await self._redis.aclose()

    def _hashed(self, *words: str) -> str:
        digest = hmac.digest(self._secret, "\0".join(words).encode(), "sha256")
        return f"antiphon:{words[0]}:{digest.hex()[:32]}"

    def _place(self, number: int) -> str:
        return f"{self._name}:{number}"

    def _change(self, gone: str) -> None:
        self._gone.add(gone)
        self._has_changed.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_places())

    async def _keep_places(self) -> None:
        """Tell at once what has changed, and again and again what is taken, while anything is."""
        while self._own.admission.active or self._has_changed.is_set():
            with contextlib.suppress(ConnectionError):
                async with self._telling:
                    await self._tell()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_SECS):
                    await self._has_changed.wait()

    async def _tell_changes(self) -> None:
        async with self._telling:
            if self._has_changed.is_set():
                await self._tell()

    async def _tell(self) -> None:
        """Tell what is given back and what is taken; what Redis does not hear expires there."""
        gone, self._gone = self._gone, set()
        self._has_changed.clear()
        taken = [self._place(number) for number in range(self._own.admission.active)]
        told = {"gone": list(gone), "taken": taken, "secs": LEASE_SECS, "keep_secs": LIFETIME_SECS}
        await self._ask(self._renew, SETS, [json.dumps(told)])

    async def _ask(self, ask: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        if time.monotonic() < self._try_again_at:
            raise ConnectionError("Redis is lost")
        try:
            answer = await ask(*args, **options)
        except (RedisError, OSError) as error:
            self._try_again_at = time.monotonic() + TIMEOUT_SECS
            if not self._is_lost:
                self._is_lost = True
                REDIS_LOST.set(1)
                logger.error(
                    f"Redis is lost ({type(error).__name__}): this server counts places and rates "
                    "by itself, and refuses tokens"
                )
            raise ConnectionError("Redis is lost") from error
        if self._is_lost:
            self._is_lost = False
            REDIS_LOST.set(0)
            logger.info("Redis is back: places, rates and tokens are shared again")
        return answer
