"""Two tracks of a call on one clock, in which stretches can be silenced before they leave.

Pure: samples and times come in as arguments. Audio is 16-bit mono PCM a track. What is older than
the lag leaves; what may still turn out to hold personal data stays.
"""

import math
from array import array
from collections import deque

from antiphon.processors.redaction.recording.drift import Drift, stretched

__all__ = ["SLACK_S", "Track", "bleep"]

# Arrival jitter that is not a gap.
SLACK_S = 0.2
TONE_HZ = 1000.0
TONE_LEVEL = 3000
BYTES = 2
# Gaps that are remembered; older audio has long left.
GAPS = 256
# How far a place may be off before its shift is remembered, as a gap is.
SHIFT_S = 0.01


class Track:
    """One speaker's audio from the start of the recording, at the rate at which it comes.

    A gap of arrival is filled with silence, so that both tracks keep the clock's time; audio that
    was only late (a stall, then a burst) takes the place of the silence put in for it. A line whose
    own clock is a little fast or slow is followed, a sample at a time.

    Args:
        rate_hz: Samples per second until the first audio tells another rate.
        heard_s: Seconds of the speaker's audio that came before the recording began.

    Attributes:
        left_s: Seconds that have left at the front.
        heard_s: Seconds of audio that have come, those before the recording included.
    """

    def __init__(self, rate_hz: int, *, heard_s: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.left_s = 0.0
        self.heard_s = heard_s
        self.audio = bytearray()
        self._empty = True
        self._fills: deque[tuple[float, float]] = deque(((heard_s, 0.0),), maxlen=GAPS)
        self._last_fill_s = (0.0, 0.0)
        self._drift = Drift()
        self._shifted_s = 0.0

    @property
    def end_s(self) -> float:
        """The track's length so far, what has left included."""
        return self.left_s + len(self.audio) / (BYTES * self.rate_hz)

    def add(self, pcm: bytes, rate_hz: int, now_s: float) -> None:
        """Append audio that has just arrived; at another rate than the first it becomes silence.

        Args:
            pcm: 16-bit mono samples.
            rate_hz: Samples per second.
            now_s: Seconds since the recording began.
        """
        length_s = len(pcm) / (BYTES * rate_hz)
        if self._empty:
            self._empty = False
            self.audio = bytearray(len(self.audio) // BYTES * rate_hz // self.rate_hz * BYTES)
            self.rate_hz = rate_hz
        if rate_hz != self.rate_hz:
            pcm = bytes(self._bytes(length_s))
        behind_s = now_s - length_s - self.end_s
        if behind_s > SLACK_S:
            self._last_fill_s = (self.end_s, behind_s)
            self._fill(behind_s)
        elif -behind_s > SLACK_S:
            self._shrink(-behind_s)
        else:
            pcm = self._following(pcm, behind_s, length_s)
        self.audio.extend(pcm)
        self.heard_s += length_s
        if abs(self._shifted_s) >= SHIFT_S:
            self._remember()

    def placed(self, heard_s: float) -> float:
        """Where on the track the audio is that came after so many seconds of audio."""
        place = 0.0
        for heard, end in self._fills:
            if heard > heard_s:
                break
            place = end + heard_s - heard
        return place

    def silence(self, start_s: float, end_s: float, tone: bool) -> None:
        """Replace what is between two places, as far as it has not left."""
        begin = self._bytes(max(start_s - self.left_s, 0.0))
        stop = min(self._bytes(max(end_s - self.left_s, 0.0)), len(self.audio))
        if stop > begin:
            size = stop - begin
            self.audio[begin:stop] = bleep(size // BYTES, self.rate_hz) if tone else bytes(size)

    def take(self, until_s: float) -> bytes:
        """Let go of what is before a place, with silence where nothing came."""
        if until_s > self.end_s:
            self._fill(until_s - self.end_s)
        taken = bytes(self.audio[: self._bytes(max(until_s - self.left_s, 0.0))])
        del self.audio[: len(taken)]
        self.left_s += len(taken) / (BYTES * self.rate_hz)
        return taken

    def _following(self, pcm: bytes, behind_s: float, length_s: float) -> bytes:
        """The audio, longer or shorter by a sample if the line's clock differs from ours."""
        samples = self._drift.step(behind_s, length_s, sample_s=1 / self.rate_hz)
        if samples:
            pcm = stretched(pcm, samples)
            self._shifted_s += samples / self.rate_hz
        return pcm

    def _fill(self, seconds: float) -> None:
        self.audio.extend(bytes(self._bytes(seconds)))
        self._drift.restart()
        self._remember()

    def _remember(self) -> None:
        """Note where what comes next stands."""
        self._fills.append((self.heard_s, self.end_s))
        self._shifted_s = 0.0

    def _shrink(self, excess_s: float) -> None:
        """Take back silence that was put in for audio that came after all."""
        start_s, size_s = self._last_fill_s
        begin = self._bytes(start_s - self.left_s)
        cut_s = min(excess_s, size_s)
        if begin < 0 or cut_s <= 0:
            return
        del self.audio[begin : begin + self._bytes(cut_s)]
        self._last_fill_s = (start_s, size_s - cut_s)
        self._drift.restart()
        # Of all that came since.
        for index, (heard, end_s) in enumerate(self._fills):
            if end_s > start_s:
                self._fills[index] = (heard, end_s - cut_s)

    def _bytes(self, seconds: float) -> int:
        return round(seconds * self.rate_hz) * BYTES


def bleep(samples: int, rate_hz: int) -> bytes:
    """A 1 kHz tone."""
    step = 2 * math.pi * TONE_HZ / rate_hz
    return array("h", (int(TONE_LEVEL * math.sin(i * step)) for i in range(samples))).tobytes()
