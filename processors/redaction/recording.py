"""Two tracks of a call on one clock, in which stretches can be silenced before they leave.

Pure: samples and times come in as arguments. Audio is 16-bit mono PCM a track. What is older than
the lag leaves; what may still turn out to hold personal data stays.
"""

import math
from array import array

__all__ = ["SLACK_S", "Track", "bleep"]

# Arrival jitter that is not a gap.
SLACK_S = 0.2
TONE_HZ = 1000.0
TONE_LEVEL = 3000
BYTES = 2


class Track:
    """One speaker's audio from the start of the recording.

    A gap of arrival is filled with silence, so that both tracks keep the clock's time; audio that
    was only late (a stall, then a burst) takes the place of the silence put in for it.

    Args:
        rate_hz: Samples per second.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.audio = bytearray()
        self.left = 0  # bytes that have left at the front
        self.received = 0  # bytes of real audio, as the STT counts them
        self._fills: list[tuple[int, int]] = []  # (received before it, end of it on the track)
        self._last_fill = (0, 0)

    @property
    def end(self) -> int:
        """The track's length so far in bytes, what has left included."""
        return self.left + len(self.audio)

    def add(self, pcm: bytes, now_s: float) -> None:
        """Append audio that has just arrived.

        Args:
            pcm: 16-bit mono samples.
            now_s: Seconds since the recording began.
        """
        clock = self.position(now_s)
        behind = clock - len(pcm) - self.end
        slack = self.position(SLACK_S)
        if behind > slack:
            self.audio.extend(bytes(behind))
            self._last_fill = (self.end - behind, behind)
            self._fills.append((self.received, self.end))
        elif -behind > slack:
            self._shrink(-behind)
        self.audio.extend(pcm)
        self.received += len(pcm)

    def _shrink(self, excess: int) -> None:
        """Take back silence that was put in for audio that came after all."""
        start, size = self._last_fill
        cut = min(excess, size) & ~1
        begin = start - self.left
        if cut <= 0 or begin < 0:
            return
        del self.audio[begin : begin + cut]
        self._last_fill = (start, size - cut)
        if self._fills:
            received, end = self._fills[-1]
            self._fills[-1] = (received, end - cut)

    def position(self, seconds: float) -> int:
        """Bytes from the start at a time, on a whole sample."""
        return max(0, int(seconds * self.rate_hz)) * BYTES

    def heard_at(self, stream_s: float) -> int:
        """Where on the track the audio is that the STT counts as this many seconds."""
        wanted = self.position(stream_s)
        place = wanted
        for received, end in self._fills:
            if received > wanted:
                break
            place = end + wanted - received
        return place

    def silence(self, start: int, end: int, tone: bool) -> None:
        """Replace what is between two positions, as far as it has not left."""
        begin = max(start, self.left) - self.left
        stop = min(end, self.end) - self.left
        if stop > begin:
            size = stop - begin
            self.audio[begin:stop] = bleep(size // BYTES, self.rate_hz) if tone else bytes(size)

    def pad_to(self, end: int) -> None:
        """Fill with silence up to a position."""
        if end > self.end:
            self.audio.extend(bytes(end - self.end))

    def take(self, until: int) -> bytes:
        """Let go of what is before a position."""
        size = max(0, until - self.left)
        taken = bytes(self.audio[:size])
        del self.audio[:size]
        self.left += len(taken)
        return taken


def bleep(samples: int, rate_hz: int) -> bytes:
    """A 1 kHz tone."""
    step = 2 * math.pi * TONE_HZ / rate_hz
    return array("h", (int(TONE_LEVEL * math.sin(i * step)) for i in range(samples))).tobytes()
