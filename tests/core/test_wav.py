"""What is read from a sound file."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from antiphon.core.wav import AudioFileError, read_wav

RATE_HZ = 16000


def wav_bytes(encoding: int, bits: int, body: bytes, *, channels: int = 1) -> bytes:
    frame = channels * bits // 8
    header = struct.pack("<HHIIHH", encoding, channels, RATE_HZ, RATE_HZ * frame, frame, bits)
    chunks = b"fmt " + struct.pack("<I", len(header)) + header
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_16_bit_stereo_is_read_channel_by_channel(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.array([[1, -1], [2, -2]], "<i2").tobytes())

    audio = read_wav(path)

    assert audio.sample_rate_hz == 8000
    assert audio.samples.tolist() == [[1, -1], [2, -2]]


@pytest.mark.parametrize(("kind", "bits"), [("<f4", 32), ("<f8", 64)])
def test_float_samples_are_scaled_and_clipped(tmp_path: Path, kind: str, bits: int) -> None:
    path = tmp_path / "float.wav"
    path.write_bytes(wav_bytes(3, bits, np.array([0.0, 0.5, -1.0, 3.0, np.nan], kind).tobytes()))

    assert read_wav(path).samples[:, 0].tolist() == [0, 16383, -32767, 32767, 0]


def test_the_extensible_header_of_recording_programs_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "extensible.wav"
    header = struct.pack("<HHIIHHHHIH14s", 0xFFFE, 1, RATE_HZ, 32000, 2, 16, 22, 16, 4, 1, b"")
    body = np.array([5, 6], "<i2").tobytes()
    chunks = b"LIST" + struct.pack("<I3sx", 3, b"abc") + b"fmt " + struct.pack("<I", len(header))
    path.write_bytes(
        b"RIFF\0\0\0\0WAVE" + chunks + header + b"data" + struct.pack("<I", len(body)) + body
    )

    assert read_wav(path).samples[:, 0].tolist() == [5, 6]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not a WAV file"),
        (b"ID3 something else entirely", "is not a WAV file"),
        (b"RIFF\x04\0\0\0WAVE", "no audio format"),
        (wav_bytes(1, 8, b"\x80\x80"), "8-bit PCM"),
        (wav_bytes(1, 24, b"\0\0\0"), "24-bit PCM"),
        (wav_bytes(7, 8, b"\x80\x80"), "mu-law"),
        (wav_bytes(1, 16, b""), "its data is empty"),
        (wav_bytes(1, 16, b"\0"), "its data is empty"),
        (wav_bytes(1, 16, b"\0\0", channels=0), "0 channels"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason_in_one_line(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)

    with pytest.raises(AudioFileError, match=complaint) as raised:
        read_wav(path)

    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="No such file"):
        read_wav(tmp_path / "none.wav")
