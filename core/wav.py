"""Reads sound files: WAV, of 16-bit PCM or float samples."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Audio", "AudioFileError", "Samples", "read_wav"]

Samples = NDArray[np.int16]

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
