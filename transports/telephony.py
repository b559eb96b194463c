"""A phone call's media stream over Pipecat's FastAPI websocket; no message ends the call.

What the providers share: the guard around Pipecat's serializer, marks that tell what the caller has
heard, and a short road for audio. `twilio`, `telnyx` and `plivo` say what is theirs.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable

from antiphon.transports.ahead import SendAhead
from antiphon.transports.guarded import GuardedSerializer, GuardedWebsocketTransport
from antiphon.transports.media_stream import (
    MESSAGE_FILTER,
    DropReason,
    MediaStreamGuard,
    MediaStreamProtocol,
)
from antiphon.transports.playback import PlaybackMarkFrame, PlaybackMarks
from fastapi import WebSocket
from pipecat.audio.utils import alaw_to_pcm, create_stream_resampler, ulaw_to_pcm
from pipecat.frames.frames import (
    AudioRawFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
    TTSStoppedFrame,
    VolumeFrame,
    VolumeGainFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketCallbacks,
    FastAPIWebsocketClient,
    FastAPIWebsocketInputTransport,
    FastAPIWebsocketOutputTransport,
    FastAPIWebsocketParams,
)

__all__ = [
    "PlaybackMarkFrame",
    "TelephonySerializer",
    "TelephonyTransport",
    "checked_id",
]

# What every telephone network and all three providers carry: G.711.
TELEPHONE_RATE_HZ = 8000

# Pipecat's own choice: half the messages, timers and frames of the network's 20 ms, and what was
# sent too much is cleared from the provider's buffer all the same when the caller interrupts.
PACKET_MS = 40
PACKET_BYTES = TELEPHONE_RATE_HZ * PACKET_MS // 1000 * 2

# Five packets at once once they are there: a fifth of the messages, and a timer may be that late.
PACKETS_AHEAD = 5

# Silero looks at so many samples at 8 kHz (pipecat.audio.vad.silero); in G.711 each is a byte.
VAD_WINDOW = 256


class TelephonySerializer(GuardedSerializer):
    """Guards the serializer of a telephony provider and keeps the call's marks."""

    def __init__(
        self,
        serializer: FrameSerializer,
        *,
        protocol: MediaStreamProtocol,
        stream_id: str,
        encoding: str = "PCMU",
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Create the serializer.

        Args:
            serializer: Pipecat's serializer for the provider.
            protocol: The provider's names.
            stream_id: The stream of this call.
            encoding: How the caller's sound comes, `PCMU` or `PCMA`.
            clock: Tells the time in seconds; the running loop's by default.
        """
        super().__init__(serializer, clock=clock)
        self._guard = MediaStreamGuard(protocol=protocol, stream_id=stream_id)
        self._protocol = protocol
        self._stream_id = stream_id
        self._marks = PlaybackMarks()
        self._due_mark: str | None = None
        self._to_pcm = {"PCMU": ulaw_to_pcm, "PCMA": alaw_to_pcm}[encoding]
        self._resampler = create_stream_resampler()
        self._rate_hz = TELEPHONE_RATE_HZ
        self._held = b""
        self._received = 0

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """Serialize a frame, and note what that does to the far end's buffer.

        Args:
            frame: The frame to send.

        Returns:
            The message, or None if there is nothing to send.
        """
        message = await super().serialize(frame)
        if isinstance(frame, InterruptionFrame):
            self._marks.cleared()
        elif isinstance(frame, AudioRawFrame) and frame.audio:
            secs = len(frame.audio) / 2 / frame.num_channels / frame.sample_rate
            # What was sent ahead is not late: its mark counts from the turn of its last packet.
            ahead_secs = max(0.0, secs - PACKET_MS / 1000)
            self._due_mark = self._marks.sent(secs, now=self._time() + ahead_secs)
        return message

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up the serializer inside, and learn the pipeline's rate.

        Args:
            setup: Pipecat's setup, with the pipeline's sample rates.
        """
        await super().setup(setup)
        self._rate_hz = setup.audio_in_sample_rate

    def sift(self, data: str | bytes) -> str | bytes | None:
        """Say what of a message is worth waking a task for.

        Sound in which no window of the VAD ends changes no decision, and travels with the next:
        five times, not eight. At another rate than the telephone's windows end elsewhere, so there
        nothing waits.

        Args:
            data: The message as it came.

        Returns:
            Sound, which is bytes as the network encoded it, or another message, which is text; None
            if it was dropped and counted, or its sound is kept.
        """
        if isinstance(data, bytes):
            data = data.decode(errors="replace")
        verdict = self._guard.check(data)
        if isinstance(verdict, DropReason):
            self.drop(verdict)
            return None
        if not isinstance(verdict, bytes):
            return data
        if not self._pace.allows(len(verdict) / TELEPHONE_RATE_HZ, len(data), now=self._time()):
            self.drop(DropReason.TOO_FAST)
            return None
        done = self._received // VAD_WINDOW
        self._received += len(verdict)
        self._held += verdict
        if self._received // VAD_WINDOW == done and self._rate_hz == TELEPHONE_RATE_HZ:
            return None
        sound, self._held = self._held, b""
        return sound

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Make a frame of what `sift` let through.

        Args:
            data: Sound as the network encoded it, or another message.

        Returns:
            The frame, or None if there is none in it.
        """
        if isinstance(data, bytes):
            pcm = await self._to_pcm(data, TELEPHONE_RATE_HZ, self._rate_hz, self._resampler)
            # Pipecat's resampler holds back the first packets.
            if not pcm:
                return None
            return InputAudioRawFrame(audio=pcm, sample_rate=self._rate_hz, num_channels=1)
        message = json.loads(data)
        if message["event"] == self._protocol.played_event:
            return self._played(self._protocol.mark_name(message))
        return await super().deserialize(data)

    def mark_due(self, *, finished: bool = False) -> OutputTransportMessageUrgentFrame | None:
        """Say which mark belongs after the audio that has just been sent.

        Args:
            finished: Whether that was the last of an utterance.

        Returns:
            The message that sets the mark, or None if none is due.
        """
        name = self._marks.finished(now=self._time()) if finished else self._due_mark
        self._due_mark = None
        if name is None:
            return None
        return OutputTransportMessageUrgentFrame(
            message=self._protocol.mark_message(self._stream_id, name)
        )

    def _played(self, name: str) -> Frame | None:
        mark = self._marks.came_back(name, now=self._time())
        if mark is None:
            self.drop(DropReason.UNKNOWN_MARK)
            return None
        return PlaybackMarkFrame(
            position_secs=mark.position_secs, cleared=mark.cleared, delay_secs=mark.delay_secs
        )


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
        self._sift = serializer.sift

    def receive(self) -> AsyncIterator[bytes | str]:
        """Receive; a server that can sift does so before it wakes anybody."""
        if MESSAGE_FILTER not in self._extensions:
            return self._sifted(super().receive())
        self._extensions[MESSAGE_FILTER]["attach"](self._sift)
        return super().receive()

    async def _sifted(self, messages: AsyncIterator[bytes | str]) -> AsyncIterator[bytes | str]:
        async for message in messages:
            if (kept := self._sift(message)) is not None:
                yield kept


class TelephonyInput(FastAPIWebsocketInputTransport):
    """Pushes the caller's audio without Pipecat's input queue.

    That queue's timer costs more than the rest of the way.
    """

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


class TelephonyOutput(FastAPIWebsocketOutputTransport):
    """Sends audio in packets of 40 ms, or several of them ahead, with the marks that belong after.

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
        self._ahead = SendAhead(chunk_bytes=PACKET_BYTES, chunks=PACKETS_AHEAD)
        self._altered = False
        self._turn_until = 0.0

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
            frame: Audio at the telephone rate; tones and closing silence come whole.

        Returns:
            Whether all of it was sent.
        """
        if len(frame.audio) == PACKET_BYTES:
            return await self._write_packet(self._ahead.turn(frame.audio))
        for start in range(0, len(frame.audio), PACKET_BYTES):
            if not await self._write_packet(frame.audio[start : start + PACKET_BYTES]):
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
        if isinstance(frame, BotStoppedSpeakingFrame) and direction is FrameDirection.DOWNSTREAM:
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
        self._turn_until += PACKET_MS / 1000
        await asyncio.sleep(max(0.0, turns_at - self.get_event_loop().time()))
        return True

    async def _send_mark(self, *, finished: bool) -> None:
        if mark := self._telephony_serializer.mark_due(finished=finished):
            await self.send_message(mark)


class TelephonyTransport(GuardedWebsocketTransport):
    """One phone call, over a websocket whose stream has already started.

    Attributes:
        line_rate_hz: The telephone's sample rate, at which a pipeline needs no resampler.
    """

    line_rate_hz = TELEPHONE_RATE_HZ

    def __init__(self, *, websocket: WebSocket, serializer: TelephonySerializer) -> None:
        """Create the transport.

        Args:
            websocket: The accepted websocket.
            serializer: The guarded serializer of the provider.
        """
        params = FastAPIWebsocketParams(
            serializer=serializer,
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_out_sample_rate=TELEPHONE_RATE_HZ,
            audio_out_10ms_chunks=PACKET_MS // 10,
            # Long enough for the last words to leave the provider's buffer before the hang-up.
            audio_out_end_silence_secs=1,
        )
        super().__init__(websocket=websocket, serializer=serializer, params=params)
        client = TelephonyClient(websocket, self._callbacks, serializer)
        self._telephony_input = TelephonyInput(self, client, params)
        self._telephony_output = TelephonyOutput(self, client, serializer, params)

    def input(self) -> FastAPIWebsocketInputTransport:
        """Return the processor that receives."""
        return self._telephony_input

    def output(self) -> FastAPIWebsocketOutputTransport:
        """Return the processor that sends."""
        return self._telephony_output


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
