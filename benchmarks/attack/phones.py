"""Who is on the line: phones that measure their silences, and requests that nobody should send."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import numpy as np
from servers import AUTH_TOKEN, Server

from antiphon.simulation.lines.playback_buffer import HeardAudio
from antiphon.simulation.lines.twilio_caller import TwilioCaller

__all__ = [
    "Party",
    "call",
    "frame",
    "heard_secs",
    "open_websocket",
    "post_raw",
    "send_raw",
    "sid",
]

SAMPLE_RATE_HZ = 8000


def sid(number: int) -> str:
    """The id of a call."""
    return f"CA{number:032x}"


def call(server: Server, number: int) -> TwilioCaller:
    """A phone that will ring a server, each number another caller."""
    return TwilioCaller(
        server.webhook,
        auth_token=AUTH_TOKEN,
        call_sid=sid(number),
        stream_sid="MZ" + sid(number)[2:],
        from_number=f"+4930{number:07}",
    )


def heard_secs(phone: TwilioCaller) -> float:
    """Seconds of sound that were heard, digital silence left out."""
    samples = (np.frombuffer(piece.pcm, "<i2") for piece in phone.heard)
    return sum(int(np.count_nonzero(each)) for each in samples) / SAMPLE_RATE_HZ


def silences(pieces: Sequence[HeardAudio], until: float) -> Iterable[tuple[float, float]]:
    """The silences between what was heard, and after it, as when they began and how long."""
    before = None
    for piece in pieces:
        if before is not None:
            yield before, piece.at_secs - before
        before = piece.at_secs + len(piece.pcm) / 2 / SAMPLE_RATE_HZ
    yield (before or 0.0), until - (before or 0.0)


class Party:
    """Calls to an agent that talks without a pause, and windows of time to look at.

    async with Party(server, count=8) as party:
        await party.left_alone(4)
        await party.attacked(some_attack())
    """

    def __init__(self, server: Server, *, count: int, first: int = 1) -> None:
        """Prepare the calls.

        Args:
            server: Whom to call.
            count: How many phones.
            first: The number of the first one.
        """
        self.phones = [call(server, first + number) for number in range(count)]
        self._began: list[float] = []
        self._windows: list[tuple[bool, float, float]] = []

    async def __aenter__(self) -> Self:
        """Call, and wait until everybody hears the agent."""
        loop = asyncio.get_running_loop()
        for phone in self.phones:
            await phone.__aenter__()
            self._began.append(loop.time() - phone.secs)
        async with asyncio.timeout(20):
            while not all(heard_secs(phone) > 0.5 for phone in self.phones):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.gather(*(p.hang_up() for p in self.phones), return_exceptions=True)

    async def left_alone(self, secs: float) -> None:
        """Let the calls go on for a while."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(secs)
        self._windows.append((False, began, loop.time()))

    async def attacked(self, attack: Awaitable[Any]) -> None:
        """Let the calls go on while something is done to them."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await attack
        # What was sent ahead still sounds.
        await asyncio.sleep(0.5)
        self._windows.append((True, began, loop.time()))

    def forget_attacks(self) -> None:
        """Measure the next attack on its own."""
        self._windows = [window for window in self._windows if not window[0]]

    def longest_silence_ms(self, *, attacked: bool) -> float:
        """The longest silence of any call that began in an attacked window, or in another."""
        return 1000 * max(
            (
                secs
                for phone, call_began in zip(self.phones, self._began, strict=True)
                for at, secs in silences(phone.heard, phone.secs)
                for of_attack, start, stop in self._windows
                if of_attack == attacked and start <= call_began + at < stop
            ),
            default=0.0,
        )

    @property
    def lost(self) -> int:
        """How many calls are over."""
        return sum(phone.ended.is_set() for phone in self.phones)


async def post_raw(
    server: Server, path: str, body: bytes, content_type: str, *headers: str, within: float = 5.0
) -> int:
    """Send a request as it stands; the status that comes back, or 0 for none in time."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return await send_raw(server, "\r\n".join(lines).encode() + b"\r\n\r\n" + body, within=within)


async def send_raw(server: Server, data: bytes, *, within: float = 5.0) -> int:
    """Send bytes, and read the status of what comes back, or 0 for nothing in time."""
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            try:
                writer.write(data)
                await writer.drain()
                head = await reader.read(4096)
            finally:
                writer.close()
        return int(head.split(b" ", 2)[1])
    except (TimeoutError, OSError, IndexError, ValueError):
        return 0


@asynccontextmanager
async def open_websocket(
    server: Server, path: str = "/twilio/stream"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A websocket whose frames are written by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    try:
        await reader.readuntil(b"\r\n\r\n")
        yield reader, writer
    finally:
        writer.close()


def frame(opcode: int, payload: bytes = b"", *, last: bool = True) -> bytes:
    """A websocket frame, masked with zeros, which masks nothing (RFC 6455, 5.2)."""
    size = len(payload)
    head = bytes((opcode | (0x80 if last else 0),))
    head += bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload
