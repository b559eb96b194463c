"""Websocket messages that come as one frame in one piece, and need no parser.

A parser that takes frames in any pieces makes 18 more calls for each message of a phone, of which
there are 50 a second. Nothing is decided here but whether it is needed: what is a message, what is
an error and what ends the connection is the parser's.
"""

try:
    from websockets.speedups import apply_mask
except ImportError:  # no wheel for this machine
    from websockets.utils import apply_mask

__all__ = ["WholeFrames"]

# RFC 6455, 5.2: how a text frame begins that is a whole message and has no extension, the bit of
# the second byte that says that it is masked, and how long a mask is.
WHOLE_TEXT = 0x81
MASKED = 0x80
MASK_BYTES = 4
HEAD_BYTES = 2 + MASK_BYTES

# The lengths that stand for one in the two or eight bytes after them.
LONG, LONGER = 126, 127
LONG_HEAD_BYTES = 4 + MASK_BYTES


class WholeFrames:
    """Knows whether a parser waits for a frame to begin, and reads one that comes whole."""

    def __init__(self) -> None:
        """Start where the first frame begins."""
        self._missing = 0
        self._begun = b""

    def read(self, data: bytes) -> str | None:
        """Read a message that is one masked text frame.

        Args:
            data: What came from the socket.

        Returns:
            The message; None if the data is something else or more than that, if the parser still
            waits for the rest of a frame, or if the text is not UTF-8.
        """
        if self._missing or self._begun or data[0] != WHOLE_TEXT or len(data) < HEAD_BYTES:
            return None
        length, start = data[1] - MASKED, HEAD_BYTES  # below zero without a mask
        if length == LONG:
            length, start = data[2] << 8 | data[3], LONG_HEAD_BYTES
        if start + length != len(data) or length == LONGER:
            return None
        try:
            return apply_mask(data[start:], data[start - MASK_BYTES : start]).decode()
        except UnicodeDecodeError:
            return None

    def follow(self, data: bytes, most: int) -> tuple[int, int]:
        """Note what the parser is given: as much of some data as has so many frames in it.

        Args:
            data: What came from the socket.
            most: How many frames may begin in what is given.

        Returns:
            How many bytes that is, and how many frames begin in it.
        """
        begun = len(self._begun)
        data = self._begun + data
        at = self._missing
        frames = 0
        while at < len(data) and frames < most:
            frame = _frame_at(data, at)
            if frame is None:
                self._begun, self._missing = data[at:], 0
                return len(data) - begun, frames
            _, at = frame
            frames += 1
        taken = min(at, len(data))
        self._begun, self._missing = b"", at - taken
        return taken - begun, frames


def _frame_at(data: bytes, at: int) -> tuple[int, int] | None:
    """Say where a frame's payload begins and ends; None if not all of its head is there."""
    start = at + 2
    if len(data) < start:
        return None
    length = data[at + 1] & ~MASKED
    if length >= LONG:
        begin, start = start, start + (2 if length == LONG else 8)
        length = int.from_bytes(data[begin:start])
    if data[at + 1] & MASKED:
        start += MASK_BYTES
    return (start, start + length) if start <= len(data) else None
