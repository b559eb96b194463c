"""Twilio's end of a media stream, as Twilio speaks it towards any server, ours or not.

The public WebSocket protocol: connected, start, media in 20 ms of 8 kHz µ-law, dtmf, mark once its
sound was played, clear, stop. When to send is for whoever holds the phone.
"""

import asyncio
import base64
import bisect
import itertools
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import numpy.typing as npt

from antiphon.simulation.lines.twilio_webhook import ask_webhook

__all__ = [
    "CallDetails",
    "HeardAudio",
    "PlaybackBuffer",
    "TwilioStream",
    "pcm_to_ulaw",
    "ulaw_to_pcm",
]

SAMPLE_RATE_HZ = 8_000
CHUNK_SECS = 0.02
_ANSWER_SECS = 10.0


def _ulaw_values() -> npt.NDArray[np.int16]:
    """Return the sample of each µ-law byte (ITU-T G.711, table 2a)."""
    code = ~np.arange(256)
    exponent = (code >> 4) & 7
    magnitude = ((((code & 15) << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_DECODE = _ulaw_values()
_ORDER = np.argsort(_DECODE, kind="stable")
_LEVELS = _DECODE[_ORDER].astype(np.int32)
_BORDERS = (_LEVELS[1:] + _LEVELS[:-1]) // 2


def ulaw_to_pcm(ulaw: bytes) -> bytes:
    """Decode µ-law to 16-bit little-endian PCM."""
    return _DECODE[np.frombuffer(ulaw, dtype=np.uint8)].astype("<i2").tobytes()


def pcm_to_ulaw(pcm: bytes) -> bytes:
    """Encode 16-bit little-endian PCM as µ-law: each sample becomes the nearest level."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
    return _ORDER[np.searchsorted(_BORDERS, samples)].astype(np.uint8).tobytes()


@dataclass(frozen=True, kw_only=True)
class HeardAudio:
    """Sound that the caller heard without a break.

    Parameters:
        at_secs: When it began, in seconds since the call began.
        pcm: 16-bit little-endian mono PCM at 8 kHz.
    """

    at_secs: float
    pcm: bytes


class PlaybackBuffer:
    """What Twilio keeps of the server's sound until it has been played.

    Time comes in as an argument, in seconds since the call began.
    """

    def __init__(self) -> None:
        self._chunks: list[tuple[float, bytes]] = []
        self._marks: deque[tuple[float, str]] = deque()
        self._ends_at = 0.0

    def put(self, ulaw: bytes, now: float) -> None:
        """Append sound; it plays at once, or behind what is still to be played."""
        starts_at = max(now, self._ends_at)
        self._chunks.append((starts_at, ulaw))
        self._ends_at = starts_at + len(ulaw) / SAMPLE_RATE_HZ

    def mark(self, name: str, now: float) -> None:
        """Append a mark behind all sound that is there."""
        self._marks.append((max(now, self._ends_at), name))

    def clear(self, now: float) -> list[str]:
        """Drop what was not played; return the marks in it, which Twilio sends back at once."""
        self._chunks = [(at, _played(at, ulaw, now)) for at, ulaw in self._chunks if at < now]
        self._ends_at = min(self._ends_at, now)
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names

    def reached(self, now: float) -> list[str]:
        """Return, once, the marks whose sound has been played."""
        names = []
        while self._marks and self._marks[0][0] <= now:
            names.append(self._marks.popleft()[1])
        return names

    def heard(self, now: float, since: float = 0.0) -> list[HeardAudio]:
        """Return what has been played, joined where there was no gap.

        Args:
            now: The time.
            since: What had sounded before is left out.
        """
        joined: list[tuple[float, bytearray]] = []
        first = bisect.bisect(self._chunks, since, key=lambda chunk: chunk[0]) - 1
        for at, ulaw in self._chunks[max(0, first) :]:
            if at + len(ulaw) / SAMPLE_RATE_HZ <= since:
                continue
            part = _played(at, ulaw, now)
            if at < since:
                part = part[round((since - at) * SAMPLE_RATE_HZ) :]
                at = since
            if joined and part and at - _end(joined[-1]) < CHUNK_SECS / 2:
                joined[-1][1].extend(part)
            elif part:
                joined.append((at, bytearray(part)))
        return [HeardAudio(at_secs=at, pcm=ulaw_to_pcm(bytes(ulaw))) for at, ulaw in joined]


def _played(at: float, ulaw: bytes, now: float) -> bytes:
    return ulaw[: max(0, round((now - at) * SAMPLE_RATE_HZ))]


def _end(piece: tuple[float, bytearray]) -> float:
    return piece[0] + len(piece[1]) / SAMPLE_RATE_HZ


class CallDetails(TypedDict, total=False):
    """What Twilio tells about a call; each has a default.

    Parameters:
        custom_parameters: `<Parameter>` elements of the stream, besides the webhook's.
        call_sid: The call's id.
        stream_sid: The stream's id.
        account_sid: The account's id.
        from_number: Who calls, as the webhook is told.
        auth_token: Signs the request to the webhook.
    """

    custom_parameters: Mapping[str, str]
    call_sid: str
    stream_sid: str
    account_sid: str
    from_number: str
    auth_token: str | None


AudioListener = Callable[[HeardAudio], Awaitable[None]]
"""Is told, every 20 ms, what was played in them."""


class TwilioStream:
    """One call's connection.

    Attributes:
        marks: The names of the marks that were sent back, in order.
        clears: When the server cleared the buffer, in seconds since the call began.
        ended: Set once the call is over, whoever ended it.
    """

    def __init__(
        self, url: str, *, listener: AudioListener | None = None, **call: Unpack[CallDetails]
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook (`https://…`), which Twilio asks what to do with a call, or
                its WebSocket (`wss://…`), as a `<Stream url=…>` names it.
            listener: Follows what is heard.
            **call: See `CallDetails`.

        Raises:
            ValueError: If the address is none of the two.
        """
        self._scheme = urlsplit(url).scheme
        if self._scheme not in ("http", "https", "ws", "wss") or not urlsplit(url).netloc:
            raise ValueError(
                f"cannot call {url!r}: give a webhook, https://…, or a WebSocket, wss://…"
            )
        self._url = url
        self._custom_parameters = dict(call.get("custom_parameters", {}))
        self._call_sid = call.get("call_sid", "CA" + "0" * 32)
        self._stream_sid = call.get("stream_sid", "MZ" + "0" * 32)
        self._account_sid = call.get("account_sid", "AC" + "0" * 32)
        self._from_number = call.get("from_number", "+15550100000")
        self._auth_token = call.get("auth_token")
        self._listener = listener
        self._buffer = PlaybackBuffer()
        self._sequence = 0
        self._chunk = 0
        self._began = 0.0
        self._over = 0.0
        self._reason = "the server ended the call"
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._ws: aiohttp.ClientWebSocketResponse | None = None
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
                self._ws = await self._session.ws_connect(await self._stream_url(self._session))
        except (TimeoutError, ConnectionError, aiohttp.ClientError, ValueError) as error:
            await self._session.close()
            reason = str(error) or f"no answer within {_ANSWER_SECS:g} s"
            raise ConnectionError(f"cannot call {self._url}: {reason}") from error
        self._began = asyncio.get_running_loop().time()
        await self._ws.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._send("start", self._start_details())
        self._tasks = [
            asyncio.create_task(self._listen(self._ws)),
            asyncio.create_task(self._play()),
        ]

    async def disconnect(self) -> None:
        """End the call, as a caller who hangs up does, if it is not over."""
        if self._ws and not self.ended.is_set():
            await self._send("stop", {"accountSid": self._account_sid, "callSid": self._call_sid})
            self._finish()
            await self._ws.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def send(self, ulaw: bytes) -> None:
        """Send a packet of 20 ms.

        Args:
            ulaw: 160 bytes.

        Raises:
            ConnectionError: If the call is over.
        """
        self.check()
        self._chunk += 1
        await self._send(
            "media",
            {
                "track": "inbound",
                "chunk": str(self._chunk),
                "timestamp": str(round((self._chunk - 1) * CHUNK_SECS * 1000)),
                "payload": base64.b64encode(ulaw).decode(),
            },
        )

    async def press(self, key: str) -> None:
        """Press a key.

        Args:
            key: One of 0-9, * and #.
        """
        await self._send("dtmf", {"track": "inbound_track", "digit": key})

    def check(self) -> None:
        """Raise a ConnectionError if the call is over."""
        if self.ended.is_set():
            raise ConnectionError(f"{self._reason} after {self._over:.1f} s")

    async def _stream_url(self, session: aiohttp.ClientSession) -> str:
        if self._scheme.startswith("ws"):
            return self._url
        form = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self._call_sid,
            "CallStatus": "ringing",
            "Direction": "inbound",
            "From": self._from_number,
            "To": "+15550199999",
        }
        url, parameters = await ask_webhook(session, self._url, form, auth_token=self._auth_token)
        self._custom_parameters = {**parameters, **self._custom_parameters}
        return url

    def _finish(self) -> None:
        if not self.ended.is_set():
            self._over = self.secs
            self.ended.set()

    def _start_details(self) -> dict[str, Any]:
        return {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {
                "encoding": "audio/x-mulaw",
                "sampleRate": SAMPLE_RATE_HZ,
                "channels": 1,
            },
            "customParameters": self._custom_parameters,
        }

    async def _send(self, event: str, details: Mapping[str, Any]) -> None:
        """Send one message of the stream; a connection that is gone is found by the listener."""
        if self._ws is None or self._ws.closed:
            return
        self._sequence += 1
        message = {
            "event": event,
            "sequenceNumber": str(self._sequence),
            "streamSid": self._stream_sid,
            event: dict(details),
        }
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
                # Twilio ends such a stream too (its error 31951).
                self._reason = "the server sent a message that Twilio cannot read"
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
            if self._listener:
                for piece in self._buffer.heard(now_secs, told_secs):
                    await self._listener(piece)
                told_secs = now_secs

    async def _take(self, message: dict[str, Any]) -> None:
        match message.get("event"):
            case "media":
                self._buffer.put(base64.b64decode(message["media"]["payload"]), self.secs)
            case "mark":
                self._buffer.mark(message["mark"]["name"], self.secs)
            case "clear":
                self.clears.append(self.secs)
                await self._send_marks(self._buffer.clear(self.secs))

    async def _send_marks(self, names: Sequence[str]) -> None:
        for name in names:
            self.marks.append(name)
            await self._send("mark", {"name": name})
