"""The phone's end of a media stream, as far as it is the same for every telephone vendor.

`twilio_stream`, `telnyx_stream` and `plivo_stream` are each written from what their vendor
documents, and not from what our server makes of it. When to send is for whoever holds the phone.
"""

import asyncio
import base64
import itertools
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import urlsplit

import aiohttp

from antiphon.simulation.lines.codecs import ULAW, Codec
from antiphon.simulation.lines.playback_buffer import CHUNK_SECS, HeardAudio, PlaybackBuffer

__all__ = ["AudioListener", "CallDetails", "VendorStream"]

_ANSWER_SECS = 10.0

AudioListener = Callable[[HeardAudio], Awaitable[None]]
"""Is told, every 20 ms, what was played in them."""


class CallDetails(TypedDict, total=False):
    """What a vendor tells about a call; each has a default.

    Parameters:
        custom_parameters: What the stream's start carries along, besides the webhook's.
        call_sid: The call's id.
        stream_sid: The stream's id.
        account_sid: The account's id.
        from_number: Who calls, as the webhook is told.
        auth_token: Signs the request to the webhook; Telnyx's private key, in base64.
        swaps: The share of sound and keys that the next message overtakes, 0 to 1.
        seed: Another seed swaps others.
    """

    custom_parameters: Mapping[str, str]
    call_sid: str
    stream_sid: str
    account_sid: str
    from_number: str
    auth_token: str | None
    swaps: float
    seed: int


class VendorStream(ABC):
    """One call's connection.

    Attributes:
        listener: Follows what is heard.
        codec: How sound is on the line, once it is connected.
        marks: The names of the marks that were sent back, in order.
        clears: When the server cleared the buffer, in seconds since the call began.
        ended: Set once the call is over, whoever ended it.
    """

    vendor: str

    def __init__(
        self, url: str, *, listener: AudioListener | None = None, swaps: float = 0.0, seed: int = 0
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook (`https://…`), which the vendor asks what to do with a call,
                or its WebSocket (`wss://…`).
            listener: Follows what is heard.
            swaps: The share of sound and keys that the next message overtakes.
            seed: Another seed swaps others.

        Raises:
            ValueError: If the address is none of the two.
        """
        self._scheme = urlsplit(url).scheme
        if self._scheme not in ("http", "https", "ws", "wss") or not urlsplit(url).netloc:
            raise ValueError(
                f"cannot call {url!r}: give a webhook, https://…, or a WebSocket, wss://…"
            )
        self._url = url
        self._buffer = PlaybackBuffer()
        self._swaps = swaps
        self._random = random.Random(seed)
        self._overtaken: dict[str, Any] | None = None
        self._sequence = 0
        self._chunk = 0
        self._began = 0.0
        self._over = 0.0
        self._reason = "the server ended the call"
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self.listener = listener
        self.codec: Codec = ULAW
        self.marks: list[str] = []
        self.clears: list[float] = []
        self.ended = asyncio.Event()

    @property
    def began(self) -> float:
        """When the call began, on the loop's clock."""
        return self._began

    @property
    def secs(self) -> float:
        """Seconds since the call began, on the loop's clock; stands still once it is over."""
        if self.ended.is_set():
            return self._over
        return asyncio.get_running_loop().time() - self._began

    def heard(self, since: float = 0.0) -> Sequence[HeardAudio]:
        """Return what the caller has heard since a second of the call, silence left out."""
        return self._buffer.heard(self.secs, since)

    async def connect(self) -> None:
        """Call the server.

        Raises:
            ConnectionError: If it does not answer within 10 s, or refuses the call.
        """
        self._session = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(_ANSWER_SECS):
                address = self._url
                if not self._scheme.startswith("ws"):
                    address = await self._ring(self._session)
                self._ws = await self._session.ws_connect(address)
        except (TimeoutError, ConnectionError, aiohttp.ClientError, ValueError) as error:
            await self._session.close()
            reason = str(error) or f"no answer within {_ANSWER_SECS:g} s"
            raise ConnectionError(f"cannot call {self._url}: {reason}") from error
        self._began = asyncio.get_running_loop().time()
        if self.codec is not ULAW:
            self._buffer = PlaybackBuffer(self.codec)
        for message in self._opening():
            await self._send(message)
        self._tasks = [
            asyncio.create_task(self._listen(self._ws)),
            asyncio.create_task(self._play()),
        ]

    async def disconnect(self) -> None:
        """End the call, as a caller who hangs up does, if it is not over."""
        if self._ws and not self.ended.is_set():
            await self._send(*self._closing())
            self._finish()
            await self._ws.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def send(self, sound: bytes) -> None:
        """Send a packet of 20 ms.

        Args:
            sound: The packet, written as the line's codec does.

        Raises:
            ConnectionError: If the call is over.
        """
        self.check()
        self._chunk += 1
        at_ms = round((self._chunk - 1) * CHUNK_SECS * 1000)
        await self._send_loose(self._media(base64.b64encode(sound).decode(), at_ms))

    async def press(self, key: str) -> None:
        """Press a key.

        Args:
            key: One of 0-9, * and #.
        """
        await self._send_loose(self._key(key))

    def check(self) -> None:
        """Raise a ConnectionError if the call is over."""
        if self.ended.is_set():
            raise ConnectionError(f"{self._reason} after {self._over:.1f} s")

    @abstractmethod
    async def _ring(self, session: aiohttp.ClientSession) -> str:
        """Ask the webhook what to do with the call; return the address of the stream."""

    @abstractmethod
    def _opening(self) -> list[dict[str, Any]]:
        """Return the messages with which a stream begins."""

    @abstractmethod
    def _closing(self) -> list[dict[str, Any]]:
        """Return the messages with which a stream ends."""

    @abstractmethod
    def _media(self, payload: str, at_ms: int) -> dict[str, Any]:
        """Return the message that holds a packet of sound."""

    @abstractmethod
    def _key(self, key: str) -> dict[str, Any]:
        """Return the message that says that a key was pressed."""

    @abstractmethod
    def _mark(self, name: str) -> dict[str, Any]:
        """Return the message that says that a mark was reached."""

    @abstractmethod
    async def _take(self, message: dict[str, Any]) -> None:
        """Do what the server says; raise if the vendor could not read it."""

    def _next_number(self) -> int:
        self._sequence += 1
        return self._sequence

    def _finish(self) -> None:
        if not self.ended.is_set():
            self._over = self.secs
            self.ended.set()

    async def _send_loose(self, message: dict[str, Any]) -> None:
        """Send a message, unless the next one is to overtake it."""
        if self._overtaken is not None:
            await self._send(message)
        elif self._swaps and self._random.random() < self._swaps:
            self._overtaken = message
        else:
            await self._send(message)

    async def _send(self, *messages: dict[str, Any]) -> None:
        """Send messages of the stream; a connection that is gone is found by the listener."""
        overtaken, self._overtaken = self._overtaken, None
        for message in (*messages, overtaken):
            if message is None or self._ws is None or self._ws.closed:
                continue
            try:
                await self._ws.send_json(message)
            except ConnectionError:
                self._finish()

    async def _listen(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        """Take the server's messages until it hangs up."""
        async for message in ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                await self._take(json.loads(message.data))
            except (ValueError, LookupError, TypeError, AttributeError):
                self._reason = f"the server sent a message that {self.vendor} cannot read"
                break
        self._finish()
        await ws.close()

    async def _play(self) -> None:
        """Send back each mark when its sound has been played, and tell the ear."""
        loop = asyncio.get_running_loop()
        told_secs = 0.0
        for chunk in itertools.count(1):
            await asyncio.sleep(max(0.0, self._began + chunk * CHUNK_SECS - loop.time()))
            now_secs = self.secs
            await self._send_marks(self._buffer.reached(now_secs))
            if self.listener:
                for piece in self._buffer.heard(now_secs, told_secs):
                    await self.listener(piece)
                told_secs = now_secs

    async def _clear(self) -> list[str]:
        """Throw away what is still to be played; return the marks in it."""
        self.clears.append(self.secs)
        return self._buffer.clear(self.secs)

    def _sound(self, payload: object) -> None:
        """Play sound that came in base64."""
        if not isinstance(payload, str):
            raise ValueError("the payload is no text")
        sound = base64.b64decode(payload, validate=True)
        if not sound or len(sound) % self.codec.sample_bytes:
            raise ValueError("the payload is no whole number of samples")
        self._buffer.put(sound, self.secs)

    async def _send_marks(self, names: Sequence[str]) -> None:
        for name in names:
            self.marks.append(name)
            await self._send(self._mark(name))
