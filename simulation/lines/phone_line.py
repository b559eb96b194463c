"""The line between a synthetic caller and any server that answers a telephone vendor.

`Caller` and `CallRecorder` take it where they take a `MemoryTransport`: the same call is then made
over a real WebSocket, in the format of the line.
"""

from collections.abc import Sequence
from typing import Unpack

import numpy as np
from pipecat.frames.frames import InputDTMFFrame
from pipecat.utils.base_object import BaseObject

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.lines.playback_buffer import HeardAudio
from antiphon.simulation.lines.twilio_stream import TwilioStream
from antiphon.simulation.lines.vendor_stream import CallDetails, VendorStream
from antiphon.transports.memory import PlayedAudio

__all__ = ["PhoneLine"]

TAPS = 31
# Half-band, so that every second sample may be left out. A stream resampler would hold frames back:
# soxr's, 60 ms.
LOW_PASS = np.hamming(TAPS) * np.sinc((np.arange(TAPS) - TAPS // 2) / 2) / 2


class PhoneLine(BaseObject):
    """A phone in the hands of a `Caller`.

    Event handlers available:

    - on_audio_played(line, chunk): a `PlayedAudio` has sounded; called in order

    Example::

        line = PhoneLine("https://voice.example.com/twilio/voice", auth_token=token)
        await Caller(line, script).call()
    """

    def __init__(
        self,
        url: str = "",
        *,
        stream: VendorStream | None = None,
        **call: Unpack[CallDetails],
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook or WebSocket, as `TwilioStream` takes it.
            stream: The phone's end of another vendor's stream, instead.
            **call: See `CallDetails`.

        Raises:
            ValueError: If nobody can be called there.
        """
        super().__init__()
        self._stream = stream or TwilioStream(url, **call)
        self._stream.listener = self._hear
        self._before: Samples = np.zeros(TAPS - 1, np.int16)
        self._register_event_handler("on_audio_played", sync=True)

    @property
    def clears(self) -> Sequence[float]:
        """When the server cut off what was still to be played, on the loop's clock."""
        return [self._stream.began + secs for secs in self._stream.clears]

    async def connect(self) -> None:
        """Call the server.

        Raises:
            ConnectionError: If it does not answer within 10 s, or refuses the call.
        """
        await self._stream.connect()

    async def disconnect(self) -> None:
        """Hang up, if the server has not."""
        await self._stream.disconnect()

    async def send_audio(self, pcm: bytes, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
        """Send a packet of 20 ms.

        Args:
            pcm: 16-bit little-endian mono samples.
            sample_rate_hz: 16,000, as a `Caller` speaks.

        Raises:
            ConnectionError: If the server has hung up.
        """
        if sample_rate_hz != SAMPLE_RATE_HZ:
            raise ValueError(f"sample_rate_hz={sample_rate_hz!r}: a caller speaks at 16000 Hz")
        codec = self._stream.codec
        if codec.rate_hz < SAMPLE_RATE_HZ:
            samples = np.concatenate((self._before, np.frombuffer(pcm, "<i2")))
            self._before = samples[1 - TAPS :]
            narrow = np.convolve(samples, LOW_PASS, "valid")[:: SAMPLE_RATE_HZ // codec.rate_hz]
            pcm = np.clip(np.round(narrow), -32768, 32767).astype("<i2").tobytes()
        await self._stream.send(codec.from_pcm(pcm))

    async def send_frame(self, frame: InputDTMFFrame) -> None:
        """Press a key.

        Args:
            frame: The key.
        """
        await self._stream.press(frame.button.value)

    async def _hear(self, piece: HeardAudio) -> None:
        chunk = PlayedAudio(
            at_secs=self._stream.began + piece.at_secs,
            pcm=piece.pcm,
            sample_rate_hz=self._stream.codec.rate_hz,
            num_channels=1,
        )
        await self._call_event_handler("on_audio_played", chunk)
