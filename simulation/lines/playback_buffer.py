"""What a telephone vendor keeps of a server's sound until it has been played."""

import bisect
from collections import deque
from dataclasses import dataclass

from antiphon.simulation.lines.codecs import ULAW, Codec

__all__ = ["CHUNK_SECS", "HeardAudio", "PlaybackBuffer"]

CHUNK_SECS = 0.02


@dataclass(frozen=True, kw_only=True)
class HeardAudio:
    """Sound that the caller heard without a break.

    Parameters:
        at_secs: When it began, in seconds since the call began.
        pcm: 16-bit little-endian mono PCM at the line's rate.
    """

    at_secs: float
    pcm: bytes


class PlaybackBuffer:
    """The buffer of one call.

    Time comes in as an argument, in seconds since the call began.
    """

    def __init__(self, codec: Codec = ULAW) -> None:
        """Create the buffer.

        Args:
            codec: How the sound is written.
        """
        self._codec = codec
        self._chunks: list[tuple[float, bytes]] = []
        self._marks: deque[tuple[float, str]] = deque()
        self._ends_at = 0.0

    def put(self, sound: bytes, now: float) -> None:
        """Append sound; it plays at once, or behind what is still to be played."""
        starts_at = max(now, self._ends_at)
        self._chunks.append((starts_at, sound))
        self._ends_at = starts_at + len(sound) / self._codec.bytes_per_sec

    def mark(self, name: str, now: float) -> None:
        """Append a mark behind all sound that is there."""
        self._marks.append((max(now, self._ends_at), name))

    def clear(self, now: float) -> list[str]:
        """Drop what was not played; return the marks in it, which come back at once."""
        self._chunks = [
            (at, self._played(at, sound, now)) for at, sound in self._chunks if at < now
        ]
        self._ends_at = min(self._ends_at, now)
        names = [name for _, name in self._marks]
        self._marks.clear()
        return names

    def reached(self, now: float) -> list[str]:
        """Return, once, the marks whose sound has been played."""
        names = []
        while self._marks and self._marks[0][0] <= now:
            names.append(self._marks.popleft()[1])
        return names

    def heard(self, now: float, since: float = 0.0) -> list[HeardAudio]:
        """Return what has been played, joined where there was no gap.

        Args:
            now: The time.
            since: What had sounded before is left out.
        """
        joined: list[tuple[float, bytearray]] = []
        first = bisect.bisect(self._chunks, since, key=lambda chunk: chunk[0]) - 1
        for at, sound in self._chunks[max(0, first) :]:
            if at + len(sound) / self._codec.bytes_per_sec <= since:
                continue
            part = self._played(at, sound, now)
            if at < since:
                part = part[self._length(since - at) :]
                at = since
            if joined and part and at - self._end(joined[-1]) < CHUNK_SECS / 2:
                joined[-1][1].extend(part)
            elif part:
                joined.append((at, bytearray(part)))
        return [
            HeardAudio(at_secs=at, pcm=self._codec.to_pcm(bytes(sound))) for at, sound in joined
        ]

    def _played(self, at: float, sound: bytes, now: float) -> bytes:
        return sound[: max(0, self._length(now - at))]

    def _length(self, secs: float) -> int:
        return round(secs * self._codec.rate_hz) * self._codec.sample_bytes

    def _end(self, piece: tuple[float, bytearray]) -> float:
        return piece[0] + len(piece[1]) / self._codec.bytes_per_sec
