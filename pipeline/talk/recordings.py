"""Recordings of the page's calls, for who had the call: in memory, few, and gone with the server.

They hold what the page shows and no more: where the agent redacts, what it redacted is silence.
"""

import io
import wave
from collections import OrderedDict

from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.core.audio import BYTES_PER_SAMPLE
from antiphon.processors.redaction import RedactingRecorder

__all__ = ["KEPT", "LONGEST_SECS", "Recordings"]

RATE_HZ = 16_000
BYTES_PER_SEC = RATE_HZ * BYTES_PER_SAMPLE * 2

LONGEST_SECS = 600
"""What is said later in a call is not recorded: a call is 38 MB then."""

KEPT = 4
"""The recordings of so many calls, the newest."""


class Recordings:
    """The recordings of the newest calls, each by a key that its page chose."""

    def __init__(self) -> None:
        """Create the store, with no recordings yet."""
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._kept: OrderedDict[str, bytearray] = OrderedDict()

    def promise(self, call_id: str, key: str) -> None:
        """Have a call recorded once it begins.

        Args:
            call_id: The call.
            key: Nobody but its page can guess it.
        """
        self._keys[call_id] = key
        if len(self._keys) > KEPT:
            self._keys.popitem(last=False)

    def recorder(self, call_id: str, *, redacted: bool) -> FrameProcessor | None:
        """Make the recorder of a call, caller left and agent right; None if nobody asked for it.

        Args:
            call_id: The call.
            redacted: Whether the agent redacts. What it hides from the page is silence then.
        """
        if not (key := self._keys.pop(call_id, None)):
            return None
        audio = self._kept[key] = bytearray()
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

        async def keep(_: FrameProcessor, pcm: bytes, *__: int) -> None:
            audio.extend(pcm[: max(0, LONGEST_SECS * BYTES_PER_SEC - len(audio))])

        recorder: FrameProcessor
        if redacted:
            # The page says that the call is recorded, and who presses its button wants that.
            recorder = RedactingRecorder(
                sample_rate=RATE_HZ,
                num_channels=2,
                buffer_s=1.0,
                consent=True,
                auto_start_recording=True,
            )
        else:
            recorder = AudioBufferProcessor(
                sample_rate=RATE_HZ,
                num_channels=2,
                buffer_size=RATE_HZ * BYTES_PER_SAMPLE,
                auto_start_recording=True,
            )
        recorder.add_event_handler("on_audio_data", keep)
        return recorder

    def wav(self, key: str) -> bytes | None:
        """Return a recording as a WAV file, None if there is none by that key.

        Args:
            key: That of its page.
        """
        if (audio := self._kept.get(key)) is None:
            return None
        file = io.BytesIO()
        with wave.open(file, "wb") as writing:
            writing.setnchannels(2)
            writing.setsampwidth(BYTES_PER_SAMPLE)
            writing.setframerate(RATE_HZ)
            writing.writeframes(audio)
        return file.getvalue()
