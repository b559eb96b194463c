"""What a service tells of the words that it speaks, noted where in the audio they sound."""

from collections.abc import Callable

from pipecat.frames.frames import AggregatedTextFrame, Frame, TTSStoppedFrame, TTSTextFrame

from antiphon.processors.interruption.ledger import PlaybackLedger
from antiphon.processors.interruption.model_speech import SpokenTextFrame
from antiphon.processors.interruption.playback import WordTimes

__all__ = ["ToldText"]


class ToldText:
    """Gives the ledger its text: announced, told with its sound or behind it, timed or not."""

    def __init__(self, ledger: PlaybackLedger, clock: Callable[[], int]) -> None:
        """Begin with nothing told.

        Args:
            ledger: What is told of it.
            clock: Tells the time in nanoseconds of the pipeline's clock.
        """
        self._ledger = ledger
        self._clock = clock
        self._times = WordTimes()

    def announce(self, frame: AggregatedTextFrame) -> None:
        """Note a text whose audio is about to arrive.

        Args:
            frame: The text.
        """
        joined = frame.includes_inter_frame_spaces
        self._ledger.expect(frame.id, frame.text, source=frame, joined=joined)

    def take(self, frame: TTSTextFrame) -> None:
        """Note words that are spoken.

        Args:
            frame: One word with its time, a piece of a text, or all of it.
        """
        joined = frame.includes_inter_frame_spaces
        if isinstance(frame, SpokenTextFrame) and not frame.final:
            self._ledger.grow(frame.segment_id, frame.text, source=frame)
        elif frame.pts:
            start_ms = self.position_of(frame.context_id, frame.pts)
            self._times.said(frame.pts, interruptible=frame.interruptible)
            self._ledger.word(frame.segment_id, frame.text, start_ms, source=frame, joined=joined)
        else:
            self._ledger.close(frame.segment_id, frame.text, source=frame, joined=joined)

    def begin(self, context_id: str | None) -> tuple[int, float]:
        """Note that a context speaks.

        Args:
            context_id: The context.

        Returns:
            From when its words are timed, and the position of its audio.
        """
        if not self._times.knows(context_id):
            self._ledger.break_off(lambda it: getattr(it, "context_id", None) in (None, context_id))
        received_ms = self._ledger.received_ms
        return self._times.begin(context_id, received_ms=received_ms, clock=self._clock)

    def position_of(self, context_id: str | None, pts: int) -> float:
        """Where in the audio a word stands, in ms.

        Args:
            context_id: The context that it is of.
            pts: When it is said, in nanoseconds of the pipeline's clock.
        """
        began, position_ms = self.begin(context_id)
        return position_ms + max(0, pts - began) / 1e6

    def goes_on(self, frame: Frame) -> Callable[[object], bool]:
        """Whether more is to come of a source's context, behind the end of another's.

        Args:
            frame: What ends.
        """
        if not isinstance(frame, TTSStoppedFrame):
            return lambda _: False

        def goes_on(source: object) -> bool:
            context_id = getattr(source, "context_id", None)
            return context_id != frame.context_id and self._times.unfinished(context_id)

        return goes_on

    def ended(self, context_id: str | None) -> None:
        """Note that the sound of a context has ended.

        Args:
            context_id: The context.
        """
        self._times.ended(context_id)

    def interrupted(self, from_ms: float | None) -> None:
        """Note an interruption.

        Args:
            from_ms: Where the audio that is kept began until now; None if there is none.
        """
        self._times.interrupted(from_ms)
