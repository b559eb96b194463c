"""How sound is encoded on a telephone line, read from what a stream says of itself.

A stream that is decoded as something else is noise to the agent, which then hears nobody: so an
encoding that is not served is refused by its name.
"""

import audioop
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["L16", "PCMA", "PCMU", "Encoding", "LineFormat", "UnservedFormat", "described_line"]

TELEPHONE_RATE_HZ = 8000

SHOWN_CHARS = 80


class UnservedFormat(ValueError):
    """A stream is encoded in a way that is not served, or does not say how."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """One way to write samples.

    Parameters:
        name: Its name in RTP.
        rates_hz: The sample rates at which it is served.
        sample_bytes: The length of a sample.
        decode: Makes 16-bit little-endian samples of it.
        encode: Makes it of those.
    """

    name: str
    rates_hz: tuple[int, ...] = (TELEPHONE_RATE_HZ,)
    sample_bytes: int = 1
    decode: Callable[[bytes], bytes]
    encode: Callable[[bytes], bytes]


PCMU = Encoding(
    name="PCMU",
    decode=lambda sound: audioop.ulaw2lin(sound, 2),
    encode=lambda pcm: audioop.lin2ulaw(pcm, 2),
)
PCMA = Encoding(
    name="PCMA",
    decode=lambda sound: audioop.alaw2lin(sound, 2),
    encode=lambda pcm: audioop.lin2alaw(pcm, 2),
)
# Neither Telnyx nor Plivo documents the byte order; their users' servers take and send it little
# endian, as no RTP is between.
L16 = Encoding(name="L16", rates_hz=(8000, 16_000), sample_bytes=2, decode=bytes, encode=bytes)


@dataclass(frozen=True, kw_only=True)
class LineFormat:
    """How sound is on one line, both ways.

    Parameters:
        encoding: How its samples are written.
        rate_hz: Its sample rate.
    """

    encoding: Encoding = PCMU
    rate_hz: int = TELEPHONE_RATE_HZ

    @property
    def bytes_per_sec(self) -> int:
        """How much a second of it is."""
        return self.rate_hz * self.encoding.sample_bytes


def described_line(
    described: object, *, encodings: Mapping[str, Encoding], rate_key: str
) -> LineFormat:
    """Read how a stream says that it is encoded.

    Args:
        described: What stands in the place of the description; any shape.
        encodings: The encodings that are served, by the vendor's names, in lower case.
        rate_key: What the vendor calls the sample rate.

    Returns:
        The format.

    Raises:
        UnservedFormat: If it is another one, or none.
    """
    served = ", ".join(
        f"{name} at {' or '.join(map(str, each.rates_hz))} Hz" for name, each in encodings.items()
    )
    refused = UnservedFormat(f"stream in {str(described)[:SHOWN_CHARS]!r}: served are {served}")
    if not isinstance(described, Mapping):
        raise refused
    # As in Plivo's XML: `audio/x-l16;rate=16000`.
    told = str(described.get("encoding")).lower().replace(" ", "")
    name, _, rate_in_name = told.partition(";rate=")
    encoding = encodings.get(name)
    if encoding is None or described.get("channels", 1) not in (1, "1"):
        raise refused
    rate_hz = _whole(described.get(rate_key, rate_in_name or None))
    if rate_hz not in encoding.rates_hz:
        raise refused
    return LineFormat(encoding=encoding, rate_hz=rate_hz)


def _whole(number: Any) -> int | None:
    # Plivo's pages show the rate both as a number and as a string.
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 7:
        return int(number)
    return number if type(number) is int else None
