"""The wire of a telephony provider: guarded, filtered, and with the marks of what it has played."""

import audioop
import json
from collections.abc import Awaitable, Callable

from pipecat.audio.utils import alaw_to_pcm, create_stream_resampler, ulaw_to_pcm
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
from antiphon.transports.telephony.media_stream import (
    DropReason,
    MediaStreamGuard,
    MediaStreamProtocol,
)
from antiphon.transports.telephony.playback_marks import PlaybackMark, PlaybackMarks

__all__ = ["TELEPHONE_RATE_HZ", "TelephonySerializer"]

# What every telephone network and all three providers carry: G.711.
TELEPHONE_RATE_HZ = 8000

# Silero looks at so many samples at 8 kHz (pipecat.audio.vad.silero); in G.711 each is a byte.
VAD_WINDOW = 256


class TelephonySerializer(GuardedSerializer):
    """Guards the serializer of a telephony provider and keeps the call's marks.

    Attributes:
        on_audio: Takes the caller's sound, as 16-bit samples of 8 kHz, in place of the pipeline.
        on_played: Awaited with each mark that came back; as long as it is None, none is set.
    """

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
        self._to_pcm = {"PCMU": ulaw_to_pcm, "PCMA": alaw_to_pcm}[encoding]
        self._decode = {"PCMU": audioop.ulaw2lin, "PCMA": audioop.alaw2lin}[encoding]
        self.on_audio: Callable[[bytes], None] | None = None
        self.on_played: Callable[[PlaybackMark], Awaitable[None]] | None = None
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
            secs = frame_secs(frame)
            # Audio is not late while it sounds: its mark counts from the end of its turn.
            self._marks.sent(secs, until=self._time() + secs)
        return message

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
        times, not eight. At another rate than the telephone's windows end elsewhere, so there
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
        if not self._pace.allows(len(verdict) / TELEPHONE_RATE_HZ, len(data), now=self._time()):
            self.drop(DropReason.TOO_FAST)
            return None
        done = self._received // VAD_WINDOW
        self._received += len(verdict)
        self._held += verdict
        if self._received // VAD_WINDOW == done and self._rate_hz == TELEPHONE_RATE_HZ:
            return None
        sound, self._held = self._held, b""
        if self.on_audio and self._rate_hz == TELEPHONE_RATE_HZ:
            self.on_audio(self._decode(sound, 2))
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
            pcm = await self._to_pcm(data, TELEPHONE_RATE_HZ, self._rate_hz, self._resampler)
            # Pipecat's resampler holds back the first packets.
            if not pcm:
                return None
            return InputAudioRawFrame(audio=pcm, sample_rate=self._rate_hz, num_channels=1)
        message = json.loads(data)
        if message["event"] == self._protocol.played_event:
            await self._played(self._protocol.mark_name(message))
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
