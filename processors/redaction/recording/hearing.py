"""What is known of the caller's audio, whether it is recorded or not.

Pure: times come in as arguments. Everything is told in seconds of the caller's audio that have come
("heard"), which neither a pause of the recording nor a stall of the line moves. Word times are told
in seconds of what the STT has got; each packet of audio says which second of that it is.
"""

from collections import deque
from dataclasses import dataclass

__all__ = ["PAD_S", "Hearing", "Stretch"]

Stretch = tuple[float, float]

# Word times of providers are this far off, either way.
PAD_S = 0.12
# Speech begins this long before a VAD has begun to count it, and ends so long after.
MARGIN_S = 0.4
# The same where no VAD tells, but the turn, which may wait for a first word.
TURN_MARGIN_S = 2.0
# A final transcript is not there for so long after the words that it holds, without word times.
LATE_S = 3.0
# Two packets so far apart in the STT's count are none in a row.
STEP_S = 0.005
# How finely arrivals are remembered, and how many of them: 5 s.
ARRIVAL_S = 0.05
ARRIVALS = 100
# Breaks of the STT's count, and stretches of speech without a transcript, that are remembered.
PIECES = 256
SPEECHES = 64


@dataclass
class _Piece:
    """Audio that the STT got without a break."""

    stt_s: float
    start_s: float
    end_s: float


@dataclass
class _Speech:
    start_s: float
    stop_s: float | None = None


class Hearing:
    """Tells which audio a transcript speaks of.

    Args:
        lag_s: Seconds within which a final transcript comes.

    Attributes:
        heard_s: Seconds of audio that have come.
    """

    def __init__(self, *, lag_s: float) -> None:
        self.heard_s = 0.0
        self._lag_s = lag_s
        self._pieces: deque[_Piece] = deque(maxlen=PIECES)
        self._arrivals: deque[tuple[float, float]] = deque(maxlen=ARRIVALS)
        self._waiting: deque[_Speech] = deque()
        self._settled = deque([_Speech(0.0, 0.0)], maxlen=SPEECHES)
        self._last_transcript_s = 0.0
        self._last_word_s = 0.0
        self._vad = False

    @property
    def waiting_from_s(self) -> float | None:
        """From where on speech still waits for its transcript, if any does."""
        return self._waiting[0].start_s if self._waiting else None

    def audio(self, length_s: float, now_s: float, stt_s: float | None) -> None:
        """Note a packet.

        Args:
            length_s: Its length.
            now_s: When it came.
            stt_s: How much the STT had got before it; None if that is not known, or if the STT did
                not get it.
        """
        start_s, self.heard_s = self.heard_s, self.heard_s + length_s
        if len(self._arrivals) > 1 and now_s - self._arrivals[-2][0] < ARRIVAL_S:
            self._arrivals.pop()
        self._arrivals.append((now_s, self.heard_s))
        if stt_s is None:
            return
        last = self._pieces[-1] if self._pieces else None
        if last and last.end_s == start_s and abs(_stt_end(last) - stt_s) < STEP_S:
            last.end_s = self.heard_s
        else:
            self._pieces.append(_Piece(stt_s, start_s, self.heard_s))

    def started(self, now_s: float, *, vad_s: float | None = None) -> None:
        """Note that the caller has begun to speak.

        Args:
            now_s: When it was told.
            vad_s: For how long a VAD had heard speech by then; None if the turn tells it.
        """
        if self._ignored(vad_s) or (self._waiting and self._waiting[-1].stop_s is None):
            return
        ago_s = TURN_MARGIN_S if vad_s is None else vad_s + MARGIN_S
        self._waiting.append(_Speech(self._came_by(now_s - ago_s)))
        if len(self._waiting) > SPEECHES:
            oldest = self._waiting.popleft()
            self._waiting[0].start_s = oldest.start_s

    def stopped(self, *, vad_s: float | None = None) -> None:
        """Note that the caller has ceased to speak.

        Args:
            vad_s: For how long a VAD had heard silence by then; None if the turn tells it.
        """
        if not self._ignored(vad_s):
            self.withheld(vad_s or 0.0)

    def withheld(self, silent_s: float = 0.0) -> None:
        """Note that no more of the caller's speech will come for now.

        Args:
            silent_s: For how long none has come.
        """
        if not self._waiting or self._waiting[-1].stop_s is not None:
            return
        speech = self._waiting[-1]
        speech.stop_s = self.heard_s - silent_s
        told_s = self._last_transcript_s
        short = not self._vad or speech.stop_s - speech.start_s <= 2 * MARGIN_S
        if told_s >= speech.stop_s or (short and told_s > speech.start_s):
            self._settled.append(self._waiting.pop())

    def transcript(
        self, spans_s: tuple[Stretch, ...] = (), words_s: Stretch | None = None
    ) -> tuple[list[Stretch], list[Stretch]]:
        """Note a final transcript.

        Args:
            spans_s: When the words to hide were said, as the STT counts.
            words_s: Start of its first word and end of its last, as the STT counts.

        Returns:
            The words to hide, and the whole utterance: to be covered where the first are not known,
            or cannot be true.
        """
        begin_s = self._begin()
        words = self._within(words_s, begin_s)
        spans = [self._place(span) for span in spans_s] if words else []
        told = [(start - PAD_S, end + PAD_S) for start, end in filter(None, spans)]
        whole = (
            [] if told and len(told) == len(spans_s) else [(self._earliest(begin_s), self.heard_s)]
        )
        self._settle(words[1] if words else None)
        if words_s:
            self._last_word_s = words_s[1]
        self._last_transcript_s = self.heard_s
        return told, whole

    def overdue(self) -> list[Stretch]:
        """The speech whose transcript is not there in time; it is waited for no longer."""
        found: list[Stretch] = []
        while self._waiting and (stop_s := self._waiting[0].stop_s) is not None:
            if self.heard_s - stop_s <= self._lag_s:
                return found
            self._settled.append(self._waiting.popleft())
            found.append((self._settled[-1].start_s, stop_s + MARGIN_S))
        if self._waiting and self.heard_s - self._waiting[0].start_s > 3 * self._lag_s:
            if self.heard_s - self._last_transcript_s > 3 * self._lag_s:
                found.append((self._waiting[0].start_s, self.heard_s))
            self._waiting[0].start_s = self.heard_s - (0.0 if found else 3 * self._lag_s)
        return found

    def _ignored(self, vad_s: float | None) -> bool:
        """Where a VAD tells of speech, a turn tells nothing more."""
        self._vad |= vad_s is not None
        return self._vad and vad_s is None

    def _came_by(self, when_s: float) -> float:
        """How much had come by a time, not long ago; what came in a burst came after it."""
        came = 0.0
        for at_s, heard_s in self._arrivals:
            if at_s > when_s:
                break
            came = heard_s
        return came

    def _begin(self) -> float:
        """Where the utterance begins of which a transcript has come."""
        if self._waiting:
            return self._waiting[0].start_s
        last = self._settled[-1]
        if last.stop_s and self.heard_s - last.stop_s <= self._lag_s:
            return last.start_s
        return max(0.0, self._last_transcript_s - LATE_S)

    def _earliest(self, begin_s: float) -> float:
        """The same, if it may be the transcript of an utterance before, come late."""
        late_s = self.heard_s - LATE_S
        may_be = (s.start_s for s in self._settled if s.stop_s and s.stop_s >= late_s)
        return min((begin_s, *may_be))

    def _within(self, words_s: Stretch | None, begin_s: float) -> Stretch | None:
        """Where a transcript's words are, unless they are not of the current utterance."""
        if words_s is None or words_s[0] < self._last_word_s - MARGIN_S:
            return None
        placed = self._place(words_s)
        last = self._waiting[-1].stop_s if self._waiting else None
        end_s = self.heard_s if last is None else last + MARGIN_S
        inside = placed and begin_s - PAD_S <= placed[0] and placed[1] <= end_s
        return placed if inside else None

    def _place(self, span_s: Stretch) -> Stretch | None:
        start, end = (self._heard_at(stt_s) for stt_s in span_s)
        return None if start is None or end is None else (start, end)

    def _heard_at(self, stt_s: float) -> float | None:
        for piece in reversed(self._pieces):
            if piece.stt_s <= stt_s + STEP_S:
                if piece is self._pieces[-1] and stt_s > _stt_end(piece) + MARGIN_S:
                    return None
                return min(piece.start_s + stt_s - piece.stt_s, piece.end_s)
        return None

    def _settle(self, end_s: float | None) -> None:
        """Wait no longer for what has been said by a place, or for all that has ended."""
        while self._waiting and self._waiting[0].stop_s is not None:
            if end_s is not None and end_s < self._waiting[0].start_s:
                break
            self._settled.append(self._waiting.popleft())
        if self._waiting and end_s is not None:
            self._waiting[0].start_s = max(self._waiting[0].start_s, end_s)


def _stt_end(piece: _Piece) -> float:
    return piece.stt_s + piece.end_s - piece.start_s
