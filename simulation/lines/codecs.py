"""How a telephone writes sound: G.711, both laws, and plain samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ALAW", "ULAW", "Codec", "linear", "pcm_to_ulaw", "ulaw_to_pcm"]


def _ulaw_values() -> npt.NDArray[np.int16]:
    """Return the sample of each µ-law byte (ITU-T G.711, table 2a)."""
    code = ~np.arange(256)
    exponent = (code >> 4) & 7
    magnitude = ((((code & 15) << 3) + 0x84) << exponent) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_values() -> npt.NDArray[np.int16]:
    """Return the sample of each A-law byte (ITU-T G.711, table 1a)."""
    code = np.arange(256) ^ 0x55
    exponent = (code >> 4) & 7
    magnitude = ((code & 15) << 4) + 8
    steep = (magnitude + 0x100) << np.maximum(exponent - 1, 0)
    magnitude = np.where(exponent > 0, steep, magnitude)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


class _Law:
    """A table of 256 levels, to which each sample is rounded."""

    def __init__(self, values: npt.NDArray[np.int16]) -> None:
        self._decode = values
        self._order = np.argsort(values, kind="stable")
        levels = values[self._order].astype(np.int32)
        self._borders = (levels[1:] + levels[:-1]) // 2

    def to_pcm(self, sound: bytes) -> bytes:
        return self._decode[np.frombuffer(sound, dtype=np.uint8)].astype("<i2").tobytes()

    def from_pcm(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
        return self._order[np.searchsorted(self._borders, samples)].astype(np.uint8).tobytes()


_ULAW, _ALAW = _Law(_ulaw_values()), _Law(_alaw_values())


def ulaw_to_pcm(ulaw: bytes) -> bytes:
    """Decode µ-law to 16-bit little-endian PCM."""
    return _ULAW.to_pcm(ulaw)


def pcm_to_ulaw(pcm: bytes) -> bytes:
    """Encode 16-bit little-endian PCM as µ-law: each sample becomes the nearest level."""
    return _ULAW.from_pcm(pcm)


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How the sound of a line is written.

    Parameters:
        rate_hz: Samples per second.
        sample_bytes: The length of each.
        to_pcm: Makes 16-bit little-endian PCM of it.
        from_pcm: Makes it of that.
    """

    rate_hz: int
    sample_bytes: int
    to_pcm: Callable[[bytes], bytes]
    from_pcm: Callable[[bytes], bytes]

    @property
    def bytes_per_sec(self) -> int:
        """How much a second of it is."""
        return self.rate_hz * self.sample_bytes


ULAW = Codec(rate_hz=8_000, sample_bytes=1, to_pcm=ulaw_to_pcm, from_pcm=pcm_to_ulaw)
ALAW = Codec(rate_hz=8_000, sample_bytes=1, to_pcm=_ALAW.to_pcm, from_pcm=_ALAW.from_pcm)


def linear(rate_hz: int) -> Codec:
    """Return plain 16-bit little-endian samples at a rate in Hz."""
    return Codec(rate_hz=rate_hz, sample_bytes=2, to_pcm=bytes, from_pcm=bytes)
