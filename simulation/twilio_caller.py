"""A phone on the other end of Twilio Media Streams, which can call any server, ours or not.

Speaks Twilio's public WebSocket protocol as Twilio does towards a server: connected, start, media
in 20 ms of 8 kHz µ-law in real time, dtmf, mark once its sound was played, clear, stop. It has no
opinion on what to say: give it sound, and look at what it heard.
"""

import asyncio
import base64
import bisect
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import numpy.typing as npt
from antiphon.simulation.twilio_webhook import ask_webhook
from pipecat.audio.utils import create_file_resampler

__all__ = ["HeardAudio", "PlaybackBuffer", "TwilioCaller", "pcm_to_ulaw", "ulaw_to_pcm"]

SAMPLE_RATE_HZ = 8_000
CHUNK_SECS = 0.02
_CHUNK_BYTES = round(SAMPLE_RATE_HZ * CHUNK_SECS)
_SILENCE = b"\xff" * _CHUNK_BYTES
_KEY_SECS = 0.25
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

    Attributes:
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


class TwilioCaller:
    """One call, as an async context manager.

        async with TwilioCaller("ws://127.0.0.1:8765/ws") as phone:
            await phone.say(pcm, sample_rate_hz=16_000)
            await phone.listen(5)
        print(phone.heard)

    Attributes:
        marks: The names of the marks that were sent back, in order.
        clears: When the server cleared the buffer, in seconds since the call began.
        ended: Set once the call is over, whoever ended it.
    """

    def __init__(
        self,
        url: str,
        *,
        custom_parameters: Mapping[str, str] | None = None,
        call_sid: str = "CA" + "0" * 32,
        stream_sid: str = "MZ" + "0" * 32,
        account_sid: str = "AC" + "0" * 32,
        from_number: str = "+15550100000",
        auth_token: str | None = None,
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook (`https://…`), which Twilio asks what to do with a call, or
                its WebSocket (`wss://…`), as a `<Stream url=…>` names it.
            custom_parameters: `<Parameter>` elements of the stream, besides the webhook's.
            call_sid: The call's id.
            stream_sid: The stream's id.
            account_sid: The account's id.
            from_number: Who calls, as the webhook is told.
            auth_token: Signs the request to the webhook.

        Raises:
            ValueError: If the address is none of the two.
        """
        self._scheme = urlsplit(url).scheme
        if self._scheme not in ("http", "https", "ws", "wss") or not urlsplit(url).netloc:
            raise ValueError(
                f"cannot call {url!r}: give a webhook, https://…, or a WebSocket, wss://…"
            )
        self._url = url
        self._from_number = from_number
        self._auth_token = auth_token
        self._custom_parameters = dict(custom_parameters or {})
        self._call_sid = call_sid
        self._stream_sid = stream_sid
        self._account_sid = account_sid
        self._buffer = PlaybackBuffer()
        self._outgoing: deque[bytes] = deque()
        self._sequence = 0
        self._chunk = 0
        self._began = 0.0
        self._over = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self.marks: list[str] = []
        self.clears: list[float] = []
        self.ended = asyncio.Event()

    @property
    def secs(self) -> float:
        """Seconds since the call began, on the loop's clock; stands still once it is over."""
        if self.ended.is_set():
            return self._over
        return asyncio.get_running_loop().time() - self._began

    @property
    def heard(self) -> Sequence[HeardAudio]:
        """What the caller has heard so far, silence between sounds left out."""
        return self._buffer.heard(self.secs)

    def heard_since(self, secs: float) -> Sequence[HeardAudio]:
        """What the caller has heard since a second of the call."""
        return self._buffer.heard(self.secs, secs)

    async def __aenter__(self) -> Self:
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
        self._tasks = [asyncio.create_task(self._speak()), asyncio.create_task(self._listen())]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up, if nobody has."""
        await self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def say(self, pcm: bytes, *, sample_rate_hz: int) -> None:
        """Speak, and return once it has been said.

        Args:
            pcm: 16-bit little-endian mono PCM.
            sample_rate_hz: Its sample rate in Hz; resampled to 8 kHz.

        Raises:
            ConnectionError: If the call is over before.
        """
        narrow = await create_file_resampler().resample(pcm, sample_rate_hz, SAMPLE_RATE_HZ)
        ulaw = pcm_to_ulaw(narrow)
        self._outgoing.extend(
            ulaw[start : start + _CHUNK_BYTES].ljust(_CHUNK_BYTES, b"\xff")
            for start in range(0, len(ulaw), _CHUNK_BYTES)
        )
        await self.listen(len(ulaw) / SAMPLE_RATE_HZ)

    async def listen(self, seconds: float) -> None:
        """Say nothing for a while.

        Raises:
            ConnectionError: If the call is over before.
        """
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            return
        raise ConnectionError(f"the server ended the call after {self._over:.1f} s")

    async def press(self, keys: str) -> None:
        """Press keys, such as "42#", four a second.

        Raises:
            ValueError: If one is not a key of a phone.
        """
        if wrong := set(keys) - set("0123456789*#"):
            raise ValueError(f"not a key of a phone: {sorted(wrong)[0]!r} in {keys!r}")
        for key in keys:
            await self._send("dtmf", {"track": "inbound_track", "digit": key})
            await self.listen(_KEY_SECS)

    async def hang_up(self) -> None:
        """End the call, as a caller does."""
        if self.ended.is_set() or self._ws is None:
            return
        await self._send("stop", {"accountSid": self._account_sid, "callSid": self._call_sid})
        self._finish()
        await self._ws.close()

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

    async def _speak(self) -> None:
        """Send 20 ms of sound or silence every 20 ms, and the marks that are due."""
        loop = asyncio.get_running_loop()
        while not self.ended.is_set():
            self._chunk += 1
            ulaw = self._outgoing.popleft() if self._outgoing else _SILENCE
            await self._send(
                "media",
                {
                    "track": "inbound",
                    "chunk": str(self._chunk),
                    "timestamp": str(round((self._chunk - 1) * CHUNK_SECS * 1000)),
                    "payload": base64.b64encode(ulaw).decode(),
                },
            )
            await self._send_marks(self._buffer.reached(self.secs))
            due = self._began + self._chunk * CHUNK_SECS
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _listen(self) -> None:
        """Take the server's messages until it hangs up."""
        assert self._ws is not None
        async for message in self._ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._take(json.loads(message.data))
        self._finish()

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
