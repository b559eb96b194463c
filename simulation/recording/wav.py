"""A stereo recording written while the call goes on, a valid WAV file at every moment of it."""

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.core.wav import Samples
from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.private_files import open_file

__all__ = ["AGENT", "CALLER", "StereoRecording"]

CALLER, AGENT = 0, 1
"""The channels: the caller left, the agent right."""

CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS
HEADER_BYTES = 44

SEAM_SECS = 0.01
"""A chunk that begins later than this after the one before begins a stream of its own."""


class StereoRecording:
    """Puts two voices on one time line and writes it to a WAV file at `SAMPLE_RATE_HZ`.

    The file's header is brought up to date with each second that is written, so even a killed
    process leaves a valid file behind.
    """

    def __init__(self, path: Path, *, hold_secs: float = 1.0) -> None:
        """Create the file.

        Args:
            path: The file, which only its owner may read; one that exists is replaced.
            hold_secs: How far one voice may lag behind the other and still be recorded.

        Raises:
            OSError: If the file cannot be written.
        """
        self._file: BinaryIO = open_file(path)
        self._hold = round(hold_secs * SAMPLE_RATE_HZ)
        self._written = 0
        self._pending: NDArray[np.int16] = np.zeros((0, CHANNELS), np.int16)
        self._voices = (_Voice(), _Voice())
        self._write_header()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, channel: int, at_secs: float, samples: Samples, sample_rate_hz: int) -> None:
        """Add a chunk of one voice; what is older than `hold_secs` is lost.

        Args:
            channel: `CALLER` or `AGENT`.
            at_secs: When its first sample sounds, from the start of the recording.
            samples: Mono samples.
            sample_rate_hz: Frames per second.
        """
        for start, part in self._voices[channel].place(at_secs, samples, sample_rate_hz):
            self._mix(channel, start, part)
        if len(self._pending) >= 2 * self._hold:
            frames = len(self._pending) - self._hold
            self._finish_voices(until=self._written + frames)
            self._flush(frames)

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._file.closed:
            return
        self._finish_voices(until=self._written + len(self._pending) + self._hold)
        self._flush(len(self._pending))
        self._file.close()

    def _finish_voices(self, *, until: int) -> None:
        """Take what is left of the voices that have fallen silent before a frame."""
        for channel, voice in enumerate(self._voices):
            if voice.position < until:
                for start, part in voice.finish():
                    self._mix(channel, start, part)

    def _mix(self, channel: int, start: int, samples: Samples) -> None:
        start -= self._written
        samples, start = samples[max(0, -start) :], max(0, start)
        end = start + len(samples)
        if end > len(self._pending):
            grown = np.zeros((end, CHANNELS), np.int16)
            grown[: len(self._pending)] = self._pending
            self._pending = grown
        self._pending[start:end, channel] = samples

    def _flush(self, frames: int) -> None:
        self._file.write(self._pending[:frames].astype("<i2").tobytes())
        self._pending = self._pending[frames:]
        self._written += frames
        self._write_header()

    def _write_header(self) -> None:
        size = self._written * FRAME_BYTES
        self._file.seek(0)
        self._file.write(
            struct.pack(
                "<4sI4s4sIHHIIHH4sI",
                *(b"RIFF", HEADER_BYTES - 8 + size, b"WAVE", b"fmt ", 16, 1, CHANNELS),
                *(SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * FRAME_BYTES, FRAME_BYTES, 16, b"data", size),
            )
        )
        self._file.seek(0, 2)
        self._file.flush()


class _Voice:
    """Gives the chunks of one voice their places, in samples, at the recording's rate.

    Chunks that follow each other are one stream to the resampler, without seams.
    """

    def __init__(self) -> None:
        self.position = 0
        self._resampler: soxr.ResampleStream | None = None
        self._rate_hz = 0
        self._next_secs = 0.0

    def place(
        self, at_secs: float, samples: Samples, sample_rate_hz: int
    ) -> list[tuple[int, Samples]]:
        """Return samples with the frames at which they begin."""
        placed: list[tuple[int, Samples]] = []
        seamless = abs(at_secs - self._next_secs) <= SEAM_SECS and sample_rate_hz == self._rate_hz
        if not seamless:
            placed = self.finish()
            self._rate_hz = sample_rate_hz
            self._next_secs = at_secs
        if self._resampler is None:
            self.position = round(self._next_secs * SAMPLE_RATE_HZ)
            if sample_rate_hz != SAMPLE_RATE_HZ:
                self._resampler = soxr.ResampleStream(sample_rate_hz, SAMPLE_RATE_HZ, 1, "int16")
        self._next_secs += len(samples) / sample_rate_hz
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        placed.append((self.position, samples))
        self.position += len(samples)
        return placed

    def finish(self) -> list[tuple[int, Samples]]:
        """Return what the resampler still holds."""
        if self._resampler is None:
            return []
        rest = self._resampler.resample_chunk(np.zeros(0, np.int16), last=True)
        self._resampler = None
        return [(self.position, rest)]
