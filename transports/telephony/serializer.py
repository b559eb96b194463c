"""The wire of a telephony provider: guarded, filtered, and with the marks of what it has played."""

import base64
import json
from collections.abc import Awaitable, Callable

from loguru import logger
from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import (
    AudioRawFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.serializers.base_serializer import FrameSerializer

from antiphon.core.audio import frame_secs
from antiphon.transports.guarded_websocket import GuardedSerializer
from antiphon.transports.telephony.line_format import LineFormat
from antiphon.transports.telephony.media_stream import DropReason, MediaStreamGuard
from antiphon.transports.telephony.playback_marks import PlaybackMark, PlaybackMarks
from antiphon.transports.telephony.protocol import MediaStreamProtocol

__all__ = ["TelephonySerializer"]

# Silero looks at 256 samples at 8 kHz and 512 at 16 kHz (pipecat.audio.vad.silero).
VAD_WINDOW_MS = 32

SHOWN_CHARS = 200


class TelephonySerializer(GuardedSerializer):
    """Guards the serializer of a telephony provider and keeps the call's marks.

    Attributes:
        line: How sound is on the line.
        on_audio: Takes the caller's sound, as 16-bit samples, in place of the pipeline.
        on_played: Awaited with each mark that came back; as long as it is None, none is set.
    """

    def __init__(
        self,
        serializer: FrameSerializer,
        *,
        protocol: MediaStreamProtocol,
        stream_id: str,
        line: LineFormat | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Create the serializer.

        Args:
            serializer: Pipecat's serializer for the provider.
            protocol: The provider's names.
            stream_id: The stream of this call.
            line: How sound is on the line, both ways; mu-law at 8 kHz by default.
            clock: Tells the time in seconds; the running loop's by default.
        """
        super().__init__(serializer, clock=clock)
        self.line = line or LineFormat()
        self._encoding = self.line.encoding
        self._guard = MediaStreamGuard(
            protocol=protocol, stream_id=stream_id, sample_bytes=self._encoding.sample_bytes
        )
        self._protocol = protocol
        self._stream_id = stream_id
        self._marks = PlaybackMarks()
        self.on_audio: Callable[[bytes], None] | None = None
        self.on_played: Callable[[PlaybackMark], Awaitable[None]] | None = None
        self._from_line = create_stream_resampler()
        self._to_line = create_stream_resampler()
        self._rate_hz = self.line.rate_hz
        self._window_bytes = self.line.bytes_per_sec * VAD_WINDOW_MS // 1000
        self._held = b""
        self._received = 0
        self._complaints = 0

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """Serialize a frame, and note what that does to the far end's buffer.

        Args:
            frame: The frame to send.

        Returns:
            The message, or None if there is nothing to send.
        """
        if not isinstance(frame, AudioRawFrame):
            message = await super().serialize(frame)
            if isinstance(frame, InterruptionFrame):
                self._marks.cleared()
            return message
        # Pipecat's serializers know G.711 alone.
        message = await self._audio_message(frame)
        if frame.audio:
            secs = frame_secs(frame)
            # Audio is not late while it sounds: its mark counts from the end of its turn.
            self._marks.sent(secs, until=self._time() + secs)
        return message

    async def _audio_message(self, frame: AudioRawFrame) -> str | None:
        pcm = await self._to_line.resample(frame.audio, frame.sample_rate, self.line.rate_hz)
        if not pcm:
            return None
        payload = base64.b64encode(self._encoding.encode(pcm)).decode()
        return json.dumps(self._protocol.audio_message(self._stream_id, payload, self.line))

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up the serializer inside, and learn the pipeline's rate.

        Args:
            setup: Pipecat's setup, with the pipeline's sample rates.
        """
        await super().setup(setup)
        self._rate_hz = setup.audio_in_sample_rate

    def filter_message(self, data: str | bytes) -> str | bytes | None:
        """Say what of a message is worth waking a task for.

        Sound in which no window of the VAD ends changes no decision, and goes with the next: five
        times, not eight. At another rate than the line's windows end elsewhere, so there
        nothing waits, and `on_audio` is not called.

        Args:
            data: The message as it came.

        Returns:
            Sound, which is bytes as the network encoded it, or another message, which is text; None
            if it was dropped and counted, or its sound is kept or was taken.
        """
        if isinstance(data, bytes):
            data = data.decode(errors="replace")
        verdict = self._guard.check(data, now=self._time())
        if verdict is None:
            return data
        if not isinstance(verdict, bytes):
            self.drop(verdict)
            return None
        if not verdict:
            return None  # it waits for the packet before it
        secs = len(verdict) / self.line.bytes_per_sec
        if not self._pace.allows(secs, len(data), now=self._time()):
            self.drop(DropReason.TOO_FAST)
            return None
        done = self._received // self._window_bytes
        self._received += len(verdict)
        self._held += verdict
        if self._rate_hz != self.line.rate_hz:
            sound, self._held = self._held, b""
            return sound
        if self._received // self._window_bytes == done:
            return None
        sound, self._held = self._held, b""
        if self.on_audio:
            self.on_audio(self._encoding.decode(sound))
            return None
        return sound

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Make a frame of what `filter_message` let through; of a mark, none.

        Args:
            data: Sound as the network encoded it, or another message.

        Returns:
            The frame, or None if there is none in it.
        """
        if isinstance(data, bytes):
            pcm = await self._from_line.resample(
                self._encoding.decode(data), self.line.rate_hz, self._rate_hz
            )
            # Pipecat's resampler holds back the first packets.
            if not pcm:
                return None
            return InputAudioRawFrame(audio=pcm, sample_rate=self._rate_hz, num_channels=1)
        message = json.loads(data)
        if message["event"] == self._protocol.played_event:
            await self._played(self._protocol.mark_name(message))
            return None
        if message["event"] == self._protocol.error_event:
            self._complaints += 1
            # As for what is dropped: an operator hears of it, a flood does not fill the disk.
            if str(self._complaints).strip("0") == "1":
                said = str(message.get("payload"))[:SHOWN_CHARS]
                logger.warning(f"{self._complaints} error(s) told by the far end, the last: {said}")
            return None
        return await super().deserialize(data)

    def mark_due(self, *, finished: bool = False) -> OutputTransportMessageUrgentFrame | None:
        """Say which mark belongs after the audio that has just been sent.

        Args:
            finished: Whether that was the last of an utterance.

        Returns:
            The message that sets the mark, or None if none is due or nobody wants to know.
        """
        if self.on_played is None:
            return None
        name = self._marks.finished(now=self._time()) if finished else self._marks.due()
        if name is None:
            return None
        return OutputTransportMessageUrgentFrame(
            message=self._protocol.mark_message(self._stream_id, name)
        )

    async def _played(self, name: str) -> None:
        if (mark := self._marks.came_back(name, now=self._time())) is None:
            self.drop(DropReason.UNKNOWN_MARK)
        elif self.on_played:
            await self.on_played(mark)
