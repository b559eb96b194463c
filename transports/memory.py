"""A transport with no network: audio goes in by a call, and what is played is kept with its time.

For tests and simulation. Output is paced as a sound device paces it, by the event loop's clock or
one that is given, so interruptions cut where they would cut on a real call.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipecat.frames.frames import (
    ClientConnectedFrame,
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from antiphon.core.audio import pcm_secs

__all__ = ["Clock", "MemoryTransport", "PlayedAudio"]

FRAME_MS = 20
START_LIMIT_SECS = 30


class Clock(Protocol):
    """What paces the output: a time in seconds, and a way to wait."""

    def time(self) -> float:
        """Return the time in seconds; only differences matter."""
        ...

    async def sleep(self, secs: float) -> None:
        """Return once `secs` seconds have passed on this clock."""
        ...


class LoopClock:
    """The running event loop's own clock: real time, or virtual time where the loop is virtual."""

    def time(self) -> float:
        """Return the loop's time in seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, secs: float) -> None:
        """Sleep on the loop."""
        await asyncio.sleep(secs)


@dataclass(frozen=True, kw_only=True)
class PlayedAudio:
    """One chunk of audio that the far end heard.

    Parameters:
        at_secs: When the chunk began to sound, on the transport's clock.
        pcm: 16-bit little-endian samples, interleaved.
        sample_rate_hz: Samples per second and channel.
        num_channels: Channels interleaved in `pcm`.
    """

    at_secs: float
    pcm: bytes
    sample_rate_hz: int
    num_channels: int

    @property
    def duration_secs(self) -> float:
        """How long the chunk sounds."""
        return pcm_secs(len(self.pcm), self.sample_rate_hz, self.num_channels)


class MemoryTransport(BaseTransport):
    """Feeds a pipeline from memory and keeps what it plays.

    Event handlers available:

    - on_client_connected(transport, client): `connect` was called
    - on_client_disconnected(transport, client): `disconnect` was called
    - on_audio_played(transport, chunk): a `PlayedAudio` begins to sound; called in order
    - on_app_message(transport, message, sender): `send_message` was called

    Example::

        transport = MemoryTransport()
        ...                                   # a pipeline around transport.input() and .output()
        await transport.connect()             # once the worker runs
        await transport.send_audio(pcm, sample_rate_hz=16000)
        heard = b"".join(chunk.pcm for chunk in transport.played)
    """

    def __init__(
        self,
        *,
        params: TransportParams | None = None,
        clock: Clock | None = None,
        keep_secs: float = 600.0,
        name: str | None = None,
    ) -> None:
        """Create the transport.

        Args:
            params: Pipecat's transport parameters; by default audio in and out, and no silence
                after the end.
            clock: What paces the output; by default the running event loop.
            keep_secs: How many seconds of played audio `played` keeps; older audio is dropped.
                A longer call is followed through `on_audio_played`.
            name: A name for logs.
        """
        super().__init__(name=name)
        params = params or TransportParams(
            audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0
        )
        self._source = MemoryInput(params)
        self._sink = MemoryOutput(self, params, clock or LoopClock(), keep_secs)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")
        self._register_event_handler("on_audio_played", sync=True)
        self._register_event_handler("on_app_message")

    def input(self) -> FrameProcessor:
        """Return the processor that begins the pipeline."""
        return self._source

    def output(self) -> FrameProcessor:
        """Return the processor that plays."""
        return self._sink

    @property
    def played(self) -> Sequence[PlayedAudio]:
        """The audio played so far, oldest first, at most `keep_secs` of it."""
        return tuple(self._sink.played)

    @property
    def messages(self) -> Sequence[Any]:
        """The payloads of the last 1,000 transport messages that the pipeline sent."""
        return tuple(self._sink.messages)

    async def connect(self, client: str = "memory") -> None:
        """Connect the far end, once the pipeline has started.

        Args:
            client: What the connection handlers are told.

        Raises:
            TimeoutError: If none does within 30 s, as when the call could not be composed.
        """
        ready = asyncio.gather(self._source.ready.wait(), self._sink.ready.wait())
        try:
            # Second by second: while something blocks the loop, none of them passes.
            for _ in range(START_LIMIT_SECS):
                if (await asyncio.wait([ready], timeout=1))[0]:
                    break
            else:
                raise TimeoutError(
                    f"no pipeline around {self} has started within {START_LIMIT_SECS} s: "
                    "what was to run it has failed, or waits"
                )
        finally:
            ready.cancel()
        await self._call_event_handler("on_client_connected", client)
        await self._source.push_frame(ClientConnectedFrame())

    async def tell_played(self, chunk: PlayedAudio) -> None:
        """Tell that audio is being played.

        Args:
            chunk: The audio.
        """
        await self._call_event_handler("on_audio_played", chunk)

    async def disconnect(self, client: str = "memory") -> None:
        """Disconnect the far end; what that ends is for the handlers to decide.

        Args:
            client: What the connection handlers are told.
        """
        await self._call_event_handler("on_client_disconnected", client)

    async def send_audio(self, pcm: bytes, *, sample_rate_hz: int = 16000) -> None:
        """Feed audio in frames of 20 ms, at once: pacing is the caller's.

        Args:
            pcm: 16-bit little-endian mono samples.
            sample_rate_hz: Samples per second.

        Raises:
            ValueError: If `pcm` ends in half a sample.
        """
        if len(pcm) % 2:
            raise ValueError(
                f"pcm has {len(pcm)} bytes, which is not a whole number of 16-bit samples"
            )
        step = sample_rate_hz * FRAME_MS // 1000 * 2
        for start in range(0, len(pcm), step):
            await self._source.push_audio_frame(
                InputAudioRawFrame(
                    audio=pcm[start : start + step], sample_rate=sample_rate_hz, num_channels=1
                )
            )

    async def send_frame(self, frame: Frame) -> None:
        """Feed any other frame that a transport may bring, such as a DTMF key.

        Args:
            frame: The frame to push into the pipeline.
        """
        await self._source.push_frame(frame)

    async def send_message(self, message: Any, sender: str = "memory") -> None:
        """Feed an app message, as a browser sends them.

        Args:
            message: The payload.
            sender: What the handlers are told of its origin.
        """
        await self._call_event_handler("on_app_message", message, sender)
        await self._source.broadcast_frame(InputTransportMessageFrame, message=message)


class MemoryInput(BaseInputTransport):
    """The pipeline's first processor; `MemoryTransport` feeds it."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self.ready = asyncio.Event()

    async def start(self, frame: StartFrame) -> None:
        """Open for audio."""
        await super().start(frame)
        await self.set_transport_ready(frame)
        self.ready.set()

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Queue audio, once the pipeline has started and until it has ended."""
        await self.ready.wait()
        await super().push_audio_frame(frame)


class MemoryOutput(BaseOutputTransport):
    """The processor that plays into memory."""

    def __init__(
        self, transport: MemoryTransport, params: TransportParams, clock: Clock, keep_secs: float
    ) -> None:
        super().__init__(params)
        self.ready = asyncio.Event()
        self.played: deque[PlayedAudio] = deque()
        self.messages: deque[Any] = deque(maxlen=1000)
        self._transport = transport
        self._pacer = clock
        self._keep_secs = keep_secs
        self._played_until_secs = 0.0

    async def start(self, frame: StartFrame) -> None:
        """Open for audio."""
        await super().start(frame)
        await self.set_transport_ready(frame)
        self.ready.set()

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Play a chunk when the one before it has sounded."""
        now = self._pacer.time()
        at_secs = max(now, self._played_until_secs)
        if at_secs > now:
            await self._pacer.sleep(at_secs - now)
        chunk = PlayedAudio(
            at_secs=at_secs,
            pcm=frame.audio,
            sample_rate_hz=frame.sample_rate,
            num_channels=frame.num_channels,
        )
        self._played_until_secs = at_secs + chunk.duration_secs
        self.played.append(chunk)
        while self.played[0].at_secs < self._played_until_secs - self._keep_secs:
            self.played.popleft()
        await self._transport.tell_played(chunk)
        return True

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        """Keep a message's payload."""
        self.messages.append(frame.message)
