"""What the gate knows of audio besides the ledger: from when words are timed, what was played.

No clock: positions and times come in as arguments.
"""

from collections import deque
from collections.abc import Callable, Iterable

from pipecat.frames.frames import AggregatedTextFrame, Frame, OutputAudioRawFrame

from antiphon.processors.interruption.pieces import bytes_of, like, milliseconds, same_kind

__all__ = ["FrameQueue", "PlayedAudio", "WordTimes"]

KEPT_MS = 15_000

# Contexts that have begun and not ended: that of an answer, and an apology's in its midst.
KEPT_CONTEXTS = 4


class FrameQueue(deque[tuple[Frame, float]]):
    """Frames that wait for their turn, with the position of the audio before each.

    Of the first, some audio may have been taken already.
    """

    _taken = 0

    def take_piece(self, ms: float) -> tuple[OutputAudioRawFrame, list[AggregatedTextFrame]]:
        """Take one piece off: of several frames where the first, which is audio, ends within it.

        The announcement of the next sentence makes no gap between two.

        Args:
            ms: How long it sounds, at the most.

        Returns:
            The piece, and the announcements that were in its way.
        """
        first = self[0][0]
        assert isinstance(first, OutputAudioRawFrame)
        size = bytes_of(first, ms)
        piece = bytearray()
        announced = []
        while len(piece) < size and self:
            frame = self[0][0]
            if isinstance(frame, AggregatedTextFrame):
                announced.append(frame)
                self.popleft()
                continue
            if not isinstance(frame, OutputAudioRawFrame) or not same_kind(frame, first):
                break
            piece += self.take_audio(size - len(piece))
        return like(first, bytes(piece)), announced

    def take_audio(self, size: int) -> bytes:
        """Take audio off the first frame, which goes with the last of it.

        Args:
            size: Bytes, at the most.
        """
        frame = self[0][0]
        assert isinstance(frame, OutputAudioRawFrame)
        part = frame.audio[self._taken : self._taken + size]
        self._taken += len(part)
        if self._taken >= len(frame.audio):
            self.popleft()
            self._taken = 0
        return part

    def put_back(self, frames: Iterable[tuple[Frame, float]]) -> None:
        """Put frames in front, the last of them first.

        Args:
            frames: What was taken, the last first.
        """
        self._cut_taken()
        self.extendleft(frames)

    def drop_interruptible(self) -> float | None:
        """Drop what an interruption drops; positions start at 0 again.

        Returns:
            Where the audio that is kept began until now; None if there is none.
        """
        self._cut_taken()
        kept = [item for item in self if not item[0].interruptible]
        self.clear()
        began_ms: float | None = None
        received_ms = 0.0
        for frame, until_ms in kept:
            if isinstance(frame, OutputAudioRawFrame):
                received_ms += milliseconds(frame)
                began_ms = until_ms - received_ms if began_ms is None else began_ms
            self.append((frame, received_ms))
        return began_ms

    def _cut_taken(self) -> None:
        if self._taken:
            frame, received_ms = self[0]
            assert isinstance(frame, OutputAudioRawFrame)
            self[0] = (like(frame, frame.audio[self._taken :]), received_ms)
            self._taken = 0


class WordTimes:
    """Where in the agent's audio a word stands, from the time that its service gave it.

    A service times the words of a context from the context's first audio, or from the last word
    before it if that is later (pipecat's WordTimestampTracker); words known by then come just
    before it.
    """

    def __init__(self) -> None:
        """Begin with no context."""
        self._bases: dict[str | None, tuple[int, float]] = {}
        # Where another began to speak before a context had ended.
        self._left: dict[str | None, float] = {}
        self._speaks: str | None = None
        self._last_pts = self._last_kept_pts = 0

    def begin(
        self, context_id: str | None, *, received_ms: float, clock: Callable[[], int]
    ) -> tuple[int, float]:
        """Note that a context speaks, of which only the first time counts.

        Args:
            context_id: The context.
            received_ms: The position of its audio.
            clock: Tells the time in nanoseconds of the pipeline's clock.

        Returns:
            From when its words are timed, and the position of its audio.
        """
        if context_id != self._speaks:
            if self._speaks in self._bases:
                self._left[self._speaks] = received_ms
            self._speaks = context_id
            if context_id in self._left:
                pts, at_ms = self._bases[context_id]
                gap_ms = received_ms - self._left.pop(context_id)
                self._bases[context_id] = (pts, at_ms + gap_ms)
        if context_id not in self._bases:
            if len(self._bases) >= KEPT_CONTEXTS:
                self.ended(next(iter(self._bases)))
            self._bases[context_id] = (max(self._last_pts, clock()), received_ms)
        return self._bases[context_id]

    def knows(self, context_id: str | None) -> bool:
        """Whether a context is the one that speaks.

        Args:
            context_id: The context.
        """
        return context_id == self._speaks and context_id in self._bases

    def unfinished(self, context_id: str | None) -> bool:
        """Whether a context has begun to speak, and has not ended.

        Args:
            context_id: The context.
        """
        return context_id in self._bases

    def ended(self, context_id: str | None) -> None:
        """Note that the sound of a context has ended; what else it says is timed anew."""
        self._bases.pop(context_id, None)
        self._left.pop(context_id, None)

    def said(self, pts: int, *, interruptible: bool = True) -> None:
        """Note when a word was said, in nanoseconds of the pipeline's clock."""
        self._last_pts = max(self._last_pts, pts)
        if not interruptible:
            self._last_kept_pts = max(self._last_kept_pts, pts)

    def interrupted(self, from_ms: float | None) -> None:
        """Note an interruption: the next words are timed from what is said all the same.

        Args:
            from_ms: Where its audio began until now; None if there is none.
        """
        self._last_pts = self._last_kept_pts
        self._left = {}
        kept = {} if from_ms is None else self._bases
        self._bases = {key: (pts, at - (from_ms or 0.0)) for key, (pts, at) in kept.items()}


class PlayedAudio:
    """The last 15 s of what was played, to be taken up again."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._played: deque[tuple[float, OutputAudioRawFrame]] = deque()

    @property
    def last(self) -> OutputAudioRawFrame | None:
        """What was played last."""
        return self._played[-1][1] if self._played else None

    def add(self, frame: OutputAudioRawFrame, *, at_ms: float) -> None:
        """Keep a frame.

        Args:
            frame: The frame.
            at_ms: The position at which it begins.
        """
        self._played.append((at_ms, frame))
        while self._played[0][0] < at_ms - KEPT_MS:
            self._played.popleft()

    def take_after(self, position_ms: float) -> list[tuple[OutputAudioRawFrame, float]]:
        """Take away what sounded after a position, the last first, with where each begins.

        Args:
            position_ms: The position.
        """
        taken = []
        while (
            self._played and self._played[-1][0] + milliseconds(self._played[-1][1]) > position_ms
        ):
            start_ms, frame = self._played.pop()
            taken.append((frame, start_ms))
        return taken
