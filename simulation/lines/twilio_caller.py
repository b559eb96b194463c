"""A phone on the other end of Twilio Media Streams, which can call any server, ours or not.

It has no opinion on what to say: give it sound, and look at what it heard. A caller that takes its
turns by itself is `antiphon.simulation.caller.Caller` on a `PhoneLine`.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self, Unpack

import numpy as np
from pipecat.audio.utils import create_file_resampler

from antiphon.core.wav import Samples
from antiphon.simulation.caller.conditions import Network, Noise
from antiphon.simulation.lines.codecs import ULAW, pcm_to_ulaw
from antiphon.simulation.lines.playback_buffer import CHUNK_SECS, HeardAudio
from antiphon.simulation.lines.twilio_stream import TwilioStream
from antiphon.simulation.lines.vendor_stream import CallDetails

__all__ = ["TwilioCaller"]

SAMPLE_RATE_HZ = ULAW.rate_hz
_SILENCE = np.zeros(round(SAMPLE_RATE_HZ * CHUNK_SECS), np.int16)
_KEY_SECS = 0.25


class TwilioCaller:
    """One call, as an async context manager.

    async with TwilioCaller("ws://127.0.0.1:8765/ws") as phone:
        await phone.say(pcm, sample_rate_hz=16_000)
        await phone.listen(5)
    print(phone.heard)
    """

    def __init__(
        self,
        url: str,
        *,
        noise: Noise | None = None,
        network: Network | None = None,
        **call: Unpack[CallDetails],
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook (`https://…`), which Twilio asks what to do with a call, or
                its WebSocket (`wss://…`), as a `<Stream url=…>` names it.
            noise: What is heard around the caller, without a break.
            network: What becomes of the packets before Twilio passes them on.
            **call: See `CallDetails`.

        Raises:
            ValueError: If the address is none of the two.
        """
        self._stream = TwilioStream(url, **call)
        self._noise = noise
        self._network = network
        self._outgoing: deque[Samples] = deque()
        self._speaking: asyncio.Task[None] | None = None

    @property
    def secs(self) -> float:
        """Seconds since the call began, on the loop's clock; stands still once it is over."""
        return self._stream.secs

    @property
    def heard(self) -> Sequence[HeardAudio]:
        """What the caller has heard so far, silence between sounds left out."""
        return self._stream.heard()

    @property
    def marks(self) -> Sequence[str]:
        """The names of the marks that were sent back, in order."""
        return self._stream.marks

    @property
    def clears(self) -> Sequence[float]:
        """When the server cleared the buffer, in seconds since the call began."""
        return self._stream.clears

    @property
    def ended(self) -> asyncio.Event:
        """Set once the call is over, whoever ended it."""
        return self._stream.ended

    async def __aenter__(self) -> Self:
        """Call the server.

        Raises:
            ConnectionError: If it does not answer within 10 s, or refuses the call.
        """
        await self._stream.connect()
        self._speaking = asyncio.create_task(self._speak())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up, if nobody has."""
        await self.hang_up()

    async def say(self, pcm: bytes, *, sample_rate_hz: int) -> None:
        """Speak, and return once it has been said.

        Args:
            pcm: 16-bit little-endian mono PCM.
            sample_rate_hz: Its sample rate in Hz; resampled to 8 kHz.

        Raises:
            ConnectionError: If the call is over before.
        """
        narrow = await create_file_resampler().resample(pcm, sample_rate_hz, SAMPLE_RATE_HZ)
        samples = np.frombuffer(narrow, "<i2")
        for start in range(0, len(samples), len(_SILENCE)):
            frame = samples[start : start + len(_SILENCE)]
            self._outgoing.append(np.concatenate((frame, _SILENCE[len(frame) :])))
        await self.listen(len(samples) / SAMPLE_RATE_HZ)

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
        self._stream.check()

    async def press(self, keys: str) -> None:
        """Press keys, such as "42#", four a second.

        Raises:
            ConnectionError: If the call is over before.
            ValueError: If one is not a key of a phone.
        """
        if wrong := set(keys) - set("0123456789*#"):
            raise ValueError(f"not a key of a phone: {sorted(wrong)[0]!r} in {keys!r}")
        for key in keys:
            await self._stream.press(key)
            await self.listen(_KEY_SECS)

    async def hang_up(self) -> None:
        """End the call, as a caller does."""
        await self._stream.disconnect()
        if self._speaking:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)

    async def _speak(self) -> None:
        """Send 20 ms of sound or silence every 20 ms."""
        loop = asyncio.get_running_loop()
        due = self._stream.began
        while not self.ended.is_set():
            frame = self._outgoing.popleft() if self._outgoing else _SILENCE
            if self._noise:
                frame = self._noise.add_to(frame)
            for packet in self._network.carry(frame) if self._network else (frame,):
                await self._stream.send(pcm_to_ulaw(packet.tobytes()))
            due += CHUNK_SECS
            await asyncio.sleep(max(0.0, due - loop.time()))
