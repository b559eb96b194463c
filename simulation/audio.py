"""Audio as the simulator handles it: 16-bit mono samples, and when somebody is heard in them.

Nothing here knows a clock, a transport or Pipecat: times come in as arguments.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

__all__ = [
    "SAMPLE_RATE_HZ",
    "Audio",
    "AudioFileError",
    "Samples",
    "SpeechActivity",
    "VoicedSpan",
    "level_dbfs",
    "read_wav",
    "resample",
    "spans_of_speech",
]

Samples = NDArray[np.int16]

SAMPLE_RATE_HZ = 16000
"""The rate at which callers speak and calls are recorded: what the recognisers take."""

AUDIBLE_DBFS = -45.0
"""Quieter than this counts as silence: 20 dB under the softest eSpeak phoneme that was met."""

WINDOW_SECS = 0.01

PCM, IEEE_FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
ENCODINGS = {1: "PCM", 3: "float", 6: "A-law", 7: "mu-law", 17: "ADPCM", 85: "MP3"}


class AudioFileError(ValueError):
    """A sound file that cannot be used; the message is one line and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Audio:
    """Recorded sound.

    Parameters:
        samples: 16-bit samples, shape (frames, channels).
        sample_rate_hz: Frames per second.
    """

    samples: Samples
    sample_rate_hz: int


@dataclass(frozen=True, kw_only=True)
class VoicedSpan:
    """A stretch in which a voice is heard.

    Parameters:
        start_secs: When the first audible sample sounds.
        end_secs: When the last audible sample has sounded.
    """

    start_secs: float
    end_secs: float


class SpeechActivity:
    """Hears who speaks when, by the energy of windows of 10 ms.

    Meant for clean channels such as a synthesiser's; a noisy one needs a model.
    """

    def __init__(self, *, threshold_dbfs: float = AUDIBLE_DBFS, join_secs: float = 0.3) -> None:
        """Start with silence.

        Args:
            threshold_dbfs: A window whose RMS is above this, relative to full scale, is audible.
            join_secs: A shorter pause does not end a span.
        """
        self.spans: list[VoicedSpan] = []
        self._threshold = 32768.0 * 10 ** (threshold_dbfs / 20)
        self._join_secs = join_secs

    def feed(self, at_secs: float, samples: Samples, sample_rate_hz: int) -> None:
        """Hear a chunk.

        Args:
            at_secs: When its first sample sounds; chunks come in order.
            samples: Mono samples, shape (frames,).
            sample_rate_hz: Frames per second.
        """
        for start, end in _audible(samples, sample_rate_hz, self._threshold):
            self._hear(at_secs + start, at_secs + end)

    def _hear(self, start_secs: float, end_secs: float) -> None:
        if self.spans and start_secs - self.spans[-1].end_secs < self._join_secs:
            start_secs = self.spans.pop().start_secs
        self.spans.append(VoicedSpan(start_secs=start_secs, end_secs=end_secs))


def _audible(samples: Samples, sample_rate_hz: int, threshold: float) -> list[tuple[float, float]]:
    """Return the audible runs of a chunk, in seconds from its start."""
    window = max(1, int(sample_rate_hz * WINDOW_SECS))
    starts = np.arange(0, len(samples), window)
    if not len(starts):
        return []
    energy = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    lengths = np.minimum(window, len(samples) - starts)
    loud = np.concatenate(([False], np.sqrt(energy / lengths) > threshold, [False]))
    edges = np.flatnonzero(loud[1:] != loud[:-1]) * window / sample_rate_hz
    limit = len(samples) / sample_rate_hz
    return [
        (float(start), min(float(end), limit))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def spans_of_speech(
    samples: Samples, sample_rate_hz: int, *, join_secs: float = 0.3
) -> list[VoicedSpan]:
    """Return where a voice is heard in a recording, pauses under `join_secs` included."""
    activity = SpeechActivity(join_secs=join_secs)
    activity.feed(0.0, samples, sample_rate_hz)
    return activity.spans


def level_dbfs(samples: Samples) -> float:
    """Return the RMS level relative to full scale, -96 at the lowest."""
    if not len(samples):
        return -96.0
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return max(-96.0, 20 * float(np.log10(max(rms, 1e-9) / 32768)))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return the samples at another rate."""
    if from_hz == to_hz or not len(samples):
        return samples
    # Floats, because libsoxr dithers integers with a seed that nobody set.
    resampled = soxr.resample(samples.astype(np.float32), from_hz, to_hz)
    rounded: Samples = np.clip(np.rint(resampled), -32768, 32767).astype(np.int16)
    return rounded


def read_wav(path: Path) -> Audio:
    """Read a WAV file of 16-bit PCM or float samples.

    Args:
        path: The file.

    Raises:
        AudioFileError: If it is not readable, not such a WAV, or holds no sample.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AudioFileError(f"cannot read {path}: {error.strerror or error}") from error
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise AudioFileError(f"{path} is not a WAV file: give one of 16-bit PCM or float samples")
    chunks = _riff_chunks(data)
    header, body = chunks.get(b"fmt "), chunks.get(b"data")
    if header is None or len(header) < 16 or body is None:
        raise AudioFileError(f"{path} has no audio format or no audio data: is it complete?")
    encoding, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", header)
    if encoding == EXTENSIBLE and len(header) >= 26:
        encoding = struct.unpack_from("<H", header, 24)[0]
    if (encoding, bits) not in ((PCM, 16), (IEEE_FLOAT, 32), (IEEE_FLOAT, 64)):
        kind = ENCODINGS.get(encoding, f"encoding {encoding:#06x}")
        raise AudioFileError(
            f"{path} holds {bits}-bit {kind} samples: convert it to 16-bit PCM or float, "
            "for example with: ffmpeg -i in.wav -c:a pcm_s16le out.wav"
        )
    if not 1 <= channels <= 64 or not 4000 <= rate_hz <= 384000:
        raise AudioFileError(f"{path} says {channels} channels at {rate_hz} Hz: is it damaged?")
    frame_bytes = channels * bits // 8
    body = body[: len(body) // frame_bytes * frame_bytes]
    if not body:
        raise AudioFileError(f"{path} holds no audio: its data is empty")
    if encoding == PCM:
        samples = np.frombuffer(body, "<i2")
    else:
        floats = np.nan_to_num(np.frombuffer(body, f"<f{bits // 8}"))
        samples = (np.clip(floats, -1.0, 1.0) * 32767).astype(np.int16)
    return Audio(samples=samples.reshape(-1, channels), sample_rate_hz=rate_hz)


def _riff_chunks(data: bytes) -> dict[bytes, bytes]:
    """Return the chunks of a RIFF file; a length beyond the end means "until the end"."""
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return chunks
