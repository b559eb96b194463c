"""A phone call's media stream over Pipecat's FastAPI websocket; no message ends the call.

What the providers share: the guard around Pipecat's serializer, marks that tell what the caller has
heard, and a fast path for audio. `twilio`, `telnyx` and `plivo` say what is theirs.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fastapi import WebSocket
from pipecat.frames.frames import (
    BotSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSStoppedFrame,
    VolumeFrame,
    VolumeGainFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketCallbacks,
    FastAPIWebsocketClient,
    FastAPIWebsocketInputTransport,
    FastAPIWebsocketOutputTransport,
    FastAPIWebsocketParams,
)

from antiphon.core.pipecat_internals import Part, known
from antiphon.core.protocols import AudioHandler, observes_microphone
from antiphon.transports.guarded_websocket import GuardedWebsocketTransport
from antiphon.transports.telephony.media_stream import MESSAGE_FILTER
from antiphon.transports.telephony.send_ahead import SendAhead
from antiphon.transports.telephony.serializer import TelephonySerializer

__all__ = ["TelephonyTransport", "checked_id"]

# Pipecat's own choice: half the messages, timers and frames of the network's 20 ms, and what was
# sent too much is cleared from the provider's buffer all the same when the caller interrupts.
PACKET_MS = 40

# So many at once once they are there: a sixth of the messages, and a timer may be that late.
AHEAD_PACKETS = 6

# Plivo takes no more than 16 KB of base64 in a message ("Audio streaming guide", read 2026-11).
MAX_MESSAGE_BYTES = 12_288


class TelephonyClient(FastAPIWebsocketClient):
    """Receives what the serializer says is worth waking for."""

    def __init__(
        self,
        websocket: WebSocket,
        callbacks: FastAPIWebsocketCallbacks,
        serializer: TelephonySerializer,
    ) -> None:
        super().__init__(websocket, callbacks)
        self._extensions = websocket.scope.get("extensions") or {}
        self._filter = serializer.filter_message

    def receive(self) -> AsyncIterator[bytes | str]:
        """Receive; a server that can filter does so before it wakes anybody."""
        if MESSAGE_FILTER not in self._extensions:
            return self._filtered(super().receive())
        self._extensions[MESSAGE_FILTER]["attach"](self._filter)
        return super().receive()

    async def _filtered(self, messages: AsyncIterator[bytes | str]) -> AsyncIterator[bytes | str]:
        async for message in messages:
            if (kept := self._filter(message)) is not None:
                yield kept


class TelephonyInput(FastAPIWebsocketInputTransport):
    """Pushes the caller's audio without Pipecat's input queue.

    That queue's timer costs more than the rest of the way.
    """

    _observed = True

    def __init__(
        self,
        transport: "TelephonyTransport",
        client: TelephonyClient,
        params: FastAPIWebsocketParams,
    ) -> None:
        super().__init__(transport, client, params)
        self._line_rate_hz = transport.line_rate_hz

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, and see whether anybody observes the microphone.

        Args:
            setup: Pipecat's setup.
        """
        await super().setup(setup)
        self._observed = observes_microphone(setup.observer)

    async def set_transport_ready(self, frame: StartFrame) -> None:
        """Start without the queue.

        Args:
            frame: The start frame.
        """

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Push audio, unless the pipeline is paused.

        Args:
            frame: The audio.
        """
        if not self._paused:
            await self.push_frame(frame)

    async def push_audio(self, audio: bytes) -> None:
        """Push audio that `on_audio` took and the pipeline needs.

        Args:
            audio: 16-bit mono samples at the line's rate.
        """
        frame = InputAudioRawFrame(audio, sample_rate=self._line_rate_hz, num_channels=1)
        if self._observed or not self.next:
            await self.push_audio_frame(frame)
        elif not self._paused:
            await self.next.queue_frame(frame)


class TelephonyOutput(FastAPIWebsocketOutputTransport):
    """Sends audio in packets, or several of them ahead, with the marks that belong after.

    Everything but the sending keeps Pipecat's pace: who speaks, what was said, and what an
    interruption stops, for which the far end drops what it has not played.
    """

    def __init__(
        self,
        transport: "TelephonyTransport",
        client: TelephonyClient,
        serializer: TelephonySerializer,
        params: FastAPIWebsocketParams,
    ) -> None:
        super().__init__(transport, client, params)
        self._telephony_serializer = serializer
        self._fast_path = False
        self._altered = False
        self._turn_until = 0.0
        self._pack(PACKET_MS)

    def use_fast_path(self, packet_ms: int) -> None:
        """Send larger packets, and tell nobody upstream that the agent still speaks.

        Args:
            packet_ms: The length of a packet, a multiple of 10.
        """
        self._fast_path = True
        self._pack(packet_ms)

    def _pack(self, packet_ms: int) -> None:
        self._params.audio_out_10ms_chunks = packet_ms // 10
        self._packet_secs = packet_ms / 1000
        line = self._telephony_serializer.line
        self._packet_bytes = line.rate_hz * packet_ms // 1000 * 2
        most = int(MAX_MESSAGE_BYTES / (line.bytes_per_sec * self._packet_secs))
        self._ahead = SendAhead(
            chunk_bytes=self._packet_bytes, chunks=max(1, min(AHEAD_PACKETS, most))
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Process a frame, and note audio that will have its turn.

        Args:
            frame: The frame.
            direction: Its direction.
        """
        if isinstance(frame, InterruptionFrame):
            self._ahead.clear()
        elif isinstance(frame, OutputAudioRawFrame):
            self._altered |= frame.sample_rate != self.sample_rate
            if not self._altered:
                self._ahead.arrives(frame.audio)
        elif isinstance(frame, TTSStoppedFrame):
            self._ahead.ends()
        elif isinstance(frame, VolumeFrame | VolumeGainFrame):
            self._altered = True
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._turn_until = 0.0

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Send audio no later than it sounds.

        Args:
            frame: Audio at the line's rate; tones and closing silence come whole.

        Returns:
            Whether all of it was sent.
        """
        if len(frame.audio) == self._packet_bytes:
            return await self._write_packet(self._ahead.turn(frame.audio))
        for start in range(0, len(frame.audio), self._packet_bytes):
            if not await self._write_packet(frame.audio[start : start + self._packet_bytes]):
                return False
        return True

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame, and mark the end of an utterance as it passes.

        Args:
            frame: The frame to push.
            direction: Where to.
        """
        down = direction is FrameDirection.DOWNSTREAM
        if isinstance(frame, BotSpeakingFrame) and self._fast_path and not down:
            return
        if isinstance(frame, BotStoppedSpeakingFrame) and down:
            await self._send_mark(finished=True)
        elif isinstance(frame, TTSStoppedFrame):
            self._ahead.ended()
        await super().push_frame(frame, direction)

    async def _write_packet(self, audio: bytes) -> bool:
        """Send audio, if any, and wait until the turn of the next packet: one ahead, as Pipecat.

        Unlike Pipecat's, the time of a turn that came late is made up for, as long as the far end
        still has something to play.
        """
        if self._client.is_closing or not self._client.is_connected:
            return False
        if audio:
            # All that was sent has had its turn; if it has been played too, a new count begins.
            self._turn_until = max(self._turn_until, self.get_event_loop().time())
            packet = OutputAudioRawFrame(audio, sample_rate=self.sample_rate, num_channels=1)
            if message := await self._telephony_serializer.serialize(packet):
                await self._client.send(message)
            await self._send_mark(finished=False)
        turns_at = self._turn_until
        self._turn_until += self._packet_secs
        await asyncio.sleep(max(0.0, turns_at - self.get_event_loop().time()))
        return True

    async def _send_mark(self, *, finished: bool) -> None:
        if mark := self._telephony_serializer.mark_due(finished=finished):
            await self.send_message(mark)


class TelephonyTransport(GuardedWebsocketTransport):
    """One phone call, over a websocket whose stream has already started.

    Event handlers available:

    - on_playback_mark(transport, mark): The far end said what it has played, or was told to drop;
      `mark` is a `PlaybackMark`. Called inline: it must not take long. Marks are set once there
      is a handler.

    Attributes:
        line_rate_hz: The line's sample rate, at which a pipeline needs no resampler.
    """

    def __init__(self, *, websocket: WebSocket, serializer: TelephonySerializer) -> None:
        """Create the transport.

        Args:
            websocket: The accepted websocket.
            serializer: The guarded serializer of the provider.
        """
        self.line_rate_hz = serializer.line.rate_hz
        params = FastAPIWebsocketParams(
            serializer=serializer,
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_out_sample_rate=serializer.line.rate_hz,
            # Long enough for the last words to leave the provider's buffer before the hang-up.
            audio_out_end_silence_secs=1,
        )
        super().__init__(websocket=websocket, serializer=serializer, params=params)
        self._serializer = serializer
        self._register_event_handler("on_playback_mark", sync=True)
        self._is_stock = not known(Part.TELEPHONE)
        if self._is_stock:
            return
        client = TelephonyClient(websocket, self._callbacks, serializer)
        self._telephony_input = TelephonyInput(self, client, params)
        self._telephony_output = TelephonyOutput(self, client, serializer, params)

    def use_fast_path(self, *, on_audio: AudioHandler, packet_ms: int = PACKET_MS) -> None:
        """Take the fast path, before the pipeline starts.

        For a pipeline in which nobody before the output waits to be told that the agent still
        speaks.

        Args:
            on_audio: Takes the caller's audio, if the pipeline runs at the line's rate.
            packet_ms: How much of the agent's audio has its turn at once, a multiple of 10. With
                longer ones, a voice that comes no faster than it sounds begins later.
        """
        if self._is_stock:
            return
        self._serializer.on_audio = partial(on_audio, push=self._telephony_input.push_audio)
        self._telephony_output.use_fast_path(packet_ms)

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Add an event handler; with one for `on_playback_mark` the audio is marked.

        Args:
            event_name: The name of the event.
            handler: Called when it occurs.
        """
        super().add_event_handler(event_name, handler)
        if event_name == "on_playback_mark":
            self._serializer.on_played = partial(self._call_event_handler, event_name)

    async def cleanup(self) -> None:
        """Clean up, and take no more audio."""
        self._serializer.on_audio = None
        await super().cleanup()

    def input(self) -> FastAPIWebsocketInputTransport:
        """Return the processor that receives."""
        return super().input() if self._is_stock else self._telephony_input

    def output(self) -> FastAPIWebsocketOutputTransport:
        """Return the processor that sends."""
        return super().output() if self._is_stock else self._telephony_output


def checked_id(name: str, value: object, pattern: str) -> str:
    """Check an id that will be put into a URL or compared with another.

    Args:
        name: What the id is called in an error.
        value: The id as it came.
        pattern: The regular expression that all of it must match.

    Returns:
        The id.

    Raises:
        ValueError: If it is not such an id.
    """
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError(f"{name} {str(value)[:64]!r} does not look like {pattern}")
    return value
