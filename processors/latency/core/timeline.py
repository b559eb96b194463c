"""A call as turns, from what was seen and when: which moments belong to which wait and barge-in.

Pure: moments and their times come in, finished turns go out. Where the time of a turn went is
`stages.py`'s part.
"""

import enum
from collections.abc import Iterator
from dataclasses import replace
from math import inf

from antiphon.processors.latency.core.moments import LATE, Mark, Moment, voice_of_words
from antiphon.processors.latency.core.turn import BargeIn, Turn, TurnKind

__all__ = ["Timeline"]


class _Phase(enum.Enum):
    IDLE = enum.auto()
    LISTENING = enum.auto()
    ANSWERING = enum.auto()
    SPEAKING = enum.auto()


# Once is enough: what follows the first of these belongs to the answer's length, not to the wait.
_FIRST_ONLY = frozenset(
    {
        Moment.TOKEN,
        Moment.SENTENCE,
        Moment.AGGREGATED,
        Moment.AUDIO,
        Moment.MODEL_SPOKE,
        Moment.CONTEXT,
    }
)
_WORK = frozenset({Moment.CONTEXT, Moment.LLM_STARTED, Moment.TOKEN, Moment.SENTENCE, Moment.AUDIO})
_MADE_OF_TOKENS = (Moment.SENTENCE, Moment.AUDIO, Moment.MODEL_SPOKE)
_NOT_WHILE_SPEAKING = _WORK | {
    Moment.FIRST_CHUNK,
    Moment.MARKER,
    Moment.AGGREGATED,
    Moment.MODEL_SPOKE,
}
# What a service owes, and whether there is silence, is for others to follow.
_NO_PART_OF_A_WAIT = frozenset(
    {
        Moment.INTERIM,
        Moment.CANCELLED,
        Moment.LLM_FAILED,
        Moment.LLM_ENDED,
        Moment.TOOLS_CALLED,
        Moment.TTS_STARTED,
        Moment.TTS_STOPPED,
        Moment.BOT_STARTED,
    }
)
# Told by others than the pipeline, so they may overtake what an observer has yet to see.
_TOLD_FROM_OUTSIDE = (Moment.HEARD, Moment.DUCKED, Moment.CALL_ENDED)
_BEGINNINGS = frozenset({Moment.CALLER_STOPPED, Moment.TRANSCRIPT, Moment.SPOKE})
_DONE_SPEAKING = (Moment.WRITTEN, Moment.HEARD)

_LASTING = (Moment.TURN_STARTED, Moment.TRANSCRIPT, Moment.SPOKE)

MAX_MARKS = 256
"""Marks kept of one turn; later ones that may repeat are dropped."""

MAX_GAP_SECS = 120.0
"""A wait in which nothing is seen for longer is a machine that slept, not an agent that thinks."""


def _of_the_turn(marks: list[Mark]) -> list[Mark]:
    """What stays true when the caller speaks on after a pause: words may come before it."""
    kept = [mark for mark in marks if mark.moment in _LASTING]
    return kept[-MAX_MARKS:]


class Timeline:
    """Cuts what is seen in a call into turns.

    Attributes:
        transcribes: Whether somebody writes down what the caller says, before it is answered.
        hears: Whether the model hears the caller itself, and needs nothing written down.
    """

    def __init__(self, *, max_gap_secs: float = MAX_GAP_SECS) -> None:
        """Start at the beginning of a call.

        Args:
            max_gap_secs: Seconds without any moment inside a wait that count as a clock jump.
        """
        self.transcribes = True
        self.hears = False
        self._max_gap_secs = max_gap_secs
        self._phase = _Phase.IDLE
        self._marks: list[Mark] = []
        self._aside: list[Mark] = []
        # Words without a voice of their own, and the voice that they were still owed to.
        self._late: list[Mark] = []
        self._owed: list[Mark] = []
        self._barge_in: BargeIn | None = None
        self._ducked_at: float | None = None
        self._ducked_until = -inf
        self._jumped = False
        self._now: float | None = None
        self._greeted = self._announced = self._voiced = False

    @property
    def waiting(self) -> bool:
        """Whether the caller has finished, or connected, and has heard no answer yet."""
        return self._phase is _Phase.ANSWERING

    @property
    def speaking(self) -> bool:
        """Whether the agent is speaking."""
        return self._phase is _Phase.SPEAKING

    def ducked(self, since: float) -> bool:
        """Whether the agent gives way to a voice, or did: it may have been silent on purpose.

        Args:
            since: From when on that counts.
        """
        return self._ducked_at is not None or self._ducked_until >= since

    def has(self, moment: Moment) -> bool:
        """Whether the turn in progress has seen a moment: then its like need not be told."""
        return any(mark.moment is moment for mark in self._marks)

    def answered(self, at: float) -> Turn | None:
        """Return the wait that what the agent is saying has ended, as far as it is known.

        Args:
            at: The present time.
        """
        return next(self._close(at), None) if self.speaking else None

    def see(self, mark: Mark) -> list[Turn | BargeIn]:
        """Take in a moment.

        Args:
            mark: What was seen. A time before that of an earlier mark is taken for that of the
                earlier one, and the turn is flagged.

        Returns:
            What this moment completed.
        """
        if mark.moment in _NO_PART_OF_A_WAIT:
            return []
        mark = self._in_order(mark)
        match mark.moment:
            case Moment.CONNECTED:
                if not self._greeted and self._phase is _Phase.IDLE:
                    self._begin([mark], _Phase.ANSWERING)
                self._greeted = True
            case Moment.CALLER_STARTED:
                return self._caller_started(mark)
            case Moment.CALLER_STOPPED | Moment.TRANSCRIPT:
                self._caller_heard(mark)
            case Moment.SPOKE:
                self._spoke(mark)
            case Moment.TURN_STARTED:
                self._announced = True
                return self._turn_started(mark)
            case Moment.TURN_ENDED:
                return self._turn_ended(mark)
            case Moment.BACKCHANNEL:
                self._aside, self._late = [], []
                if self._ducked_at is not None:
                    self._ducked_at, self._ducked_until = None, mark.at
                if self._phase is _Phase.LISTENING and not self.has(Moment.TURN_STARTED):
                    # The agent held its breath for it, and goes on.
                    self._begin([], _Phase.IDLE)
            case Moment.DUCKED:
                self._ducked_at = mark.at
            case Moment.INTERRUPTED:
                return self._interrupted(mark)
            case Moment.WRITTEN | Moment.FILLER_WRITTEN:
                self._written(mark)
            case Moment.BOT_STOPPED:
                return self._bot_stopped(mark)
            case Moment.CALL_ENDED:
                return self._call_ended(mark)
            case _:
                self._worked(mark)
        return []

    def _in_order(self, mark: Mark) -> Mark:
        if mark.moment in _TOLD_FROM_OUTSIDE:
            return mark
        before, self._now = self._now, mark.at
        if before is None:
            return mark
        if mark.at < before:
            self._now = before
            self._jumped = True
            return replace(mark, at=before)
        if self._phase is _Phase.ANSWERING and mark.at - before > self._max_gap_secs:
            self._jumped = True
        return mark

    def _caller_started(self, mark: Mark) -> list[Turn | BargeIn]:
        self._voiced = True
        if self._phase in (_Phase.ANSWERING, _Phase.SPEAKING):
            # Perhaps a turn, perhaps an "mhm": known when a strategy has decided.
            self._aside = [*self._lasting(self._aside), mark]
            return []
        self._begin([*self._lasting(self._marks), mark], _Phase.LISTENING)
        return []

    def _lasting(self, marks: list[Mark]) -> list[Mark]:
        spoke = voice_of_words(marks) if self.hears else None
        kept = _of_the_turn(marks)
        return [*kept, replace(spoke, moment=Moment.SPOKE)] if spoke else kept

    def _caller_heard(self, mark: Mark) -> None:
        voice = mark.moment is Moment.CALLER_STOPPED
        if self.hears and voice and self._ends_the_turns_voice():
            # The vendor knew of it before the VAD here.
            self._keep(mark)
            return
        owed, self._owed = ([], [mark]) if voice else (self._owed, [])
        if self._phase in (_Phase.IDLE, _Phase.LISTENING):
            self._phase = _Phase.LISTENING
            self._marks = self._marks or owed
            self._keep(mark)
        elif self.has(Moment.TURN_STARTED) and not (self.has(Moment.TURN_ENDED) or self._aside):
            # At work for what was said before, while the caller's turn is open.
            self._keep(mark)
        elif self._aside or mark.moment is Moment.CALLER_STOPPED:
            self._aside.append(mark)
            del self._aside[:-MAX_MARKS]
        else:
            # Of the turn in progress, unless one starts with it.
            self._late = [*owed, mark]
            if self._phase is _Phase.ANSWERING:
                self._keep(mark)

    def _ends_the_turns_voice(self) -> bool:
        """Whether a voice that ends now is that of the turn which is over already."""
        if self._aside or not self.has(Moment.TURN_ENDED):
            return False
        voices = (Moment.CALLER_STARTED, Moment.CALLER_STOPPED)
        last = next((mark for mark in reversed(self._marks) if mark.moment in voices), None)
        return last is not None and last.moment is Moment.CALLER_STARTED

    def _spoke(self, mark: Mark) -> None:
        begun = self._phase not in (_Phase.IDLE, _Phase.LISTENING)
        if mark.key == LATE and not begun and (self._announced or self._voiced):
            # Words of a turn that is over: of one that goes on there are none yet.
            return
        if self._phase is _Phase.IDLE:
            # Nobody here has heard a voice, as of one that is too short for the VAD.
            self._phase = _Phase.LISTENING
        if self._phase is not _Phase.SPEAKING and not self.has(Moment.SPOKE):
            self._keep(mark)

    def _turn_started(self, mark: Mark) -> list[Turn | BargeIn]:
        if self._phase in (_Phase.IDLE, _Phase.LISTENING):
            self._phase = _Phase.LISTENING
            self._keep(mark)
            return []
        done: list[Turn | BargeIn] = [*self._barge_in_over(None)]
        if self._phase is _Phase.SPEAKING:
            started = next((m for m in self._aside if m.moment is Moment.CALLER_STARTED), None)
            self._barge_in = BargeIn(
                onset_at=started.at - started.secs if started else None,
                vad_at=started.at if started else None,
                ducked_at=self._ducked_at,
                decided_at=mark.at,
            )
        done.extend(self._close(mark.at))
        self._begin([*(self._aside or self._late), mark], _Phase.LISTENING)
        return done

    def _turn_ended(self, mark: Mark) -> list[Turn | BargeIn]:
        done: list[Turn | BargeIn] = []
        if self.hears and self._phase is _Phase.IDLE:
            # It was answered before the turn strategies were sure that it had ended.
            return done
        if self._phase in (_Phase.ANSWERING, _Phase.SPEAKING):
            if not self._aside:
                if self._phase is _Phase.ANSWERING:
                    self._keep(mark)
                return done
            # A turn that nothing announced, in a pipeline without start strategies.
            done.extend(self._close(mark.at))
            self._begin(self._aside, _Phase.LISTENING)
        self._keep(mark)
        self._phase = _Phase.ANSWERING
        return done

    def _interrupted(self, mark: Mark) -> list[Turn | BargeIn]:
        if self._barge_in:
            self._barge_in = replace(self._barge_in, decided_at=mark.at)
        elif self._aside and (self.speaking or not self._announced):
            return self._turn_started(mark)
        # Where turns are announced, what ends a stuck request begins none.
        return []

    def _worked(self, mark: Mark) -> None:
        if self._phase is _Phase.IDLE:
            return
        if self._phase is _Phase.LISTENING and mark.moment in _WORK:
            if not any(self.has(moment) for moment in _BEGINNINGS):
                return
            if self.has(Moment.TURN_STARTED) and mark.moment in _MADE_OF_TOKENS:
                # The rest of an answer that the turn has cut off.
                return
            # In a pipeline without turn strategies, being at work is the end of the turn.
            self._phase = _Phase.ANSWERING
        if self._phase is _Phase.SPEAKING and mark.moment in _NOT_WHILE_SPEAKING:
            return
        if mark.moment is Moment.HEARD and (self.has(Moment.HEARD) or not self.speaking):
            return
        if mark.moment in _FIRST_ONLY and self.has(mark.moment):
            return
        self._keep(mark)

    def _written(self, mark: Mark) -> None:
        if mark.moment is Moment.FILLER_WRITTEN:
            if self._phase is _Phase.ANSWERING and not self.has(Moment.FILLER_WRITTEN):
                self._keep(mark)
            return
        if self._phase is _Phase.LISTENING and self.has(Moment.TURN_STARTED):
            # The rest of what was said before answers no turn that has only begun.
            return
        if self._phase in (_Phase.ANSWERING, _Phase.LISTENING) and self._marks:
            self._keep(mark)
            self._phase = _Phase.SPEAKING
        elif self._phase is _Phase.IDLE:
            voices = self._marks
            self._begin([], _Phase.SPEAKING)
            self._aside = voices

    def _bot_stopped(self, mark: Mark) -> list[Turn | BargeIn]:
        done: list[Turn | BargeIn] = [*self._barge_in_over(mark.at - mark.secs)]
        if self._phase is _Phase.SPEAKING:
            done.extend(self._close(mark.at))
            speaks = self._aside and self._aside[-1].moment is Moment.CALLER_STARTED
            self._begin(self._aside, _Phase.LISTENING if speaks else _Phase.IDLE)
        return done

    def _call_ended(self, mark: Mark) -> list[Turn | BargeIn]:
        done: list[Turn | BargeIn] = [
            *self._barge_in_over(None),
            *self._close(mark.at, unanswered=TurnKind.UNANSWERED),
        ]
        self._begin([], _Phase.IDLE)
        return done

    def _barge_in_over(self, silent_at: float | None) -> Iterator[BargeIn]:
        if self._barge_in:
            yield replace(self._barge_in, silent_at=silent_at)
        self._barge_in = None

    def _begin(self, marks: list[Mark], phase: _Phase) -> None:
        self._marks = list(marks)
        self._phase = phase
        self._aside, self._late = [], []
        self._ducked_at = None
        self._jumped = False

    def _keep(self, mark: Mark) -> None:
        if len(self._marks) < MAX_MARKS or mark.moment in _DONE_SPEAKING:
            self._marks.append(mark)

    def _close(self, at: float, unanswered: TurnKind = TurnKind.INTERRUPTED) -> Iterator[Turn]:
        if self._phase is _Phase.IDLE:
            return
        kind = self._kind() or unanswered
        # A caller who connects and speaks first has waited for nothing.
        begun = _BEGINNINGS if not self.has(Moment.CONNECTED) else _WORK
        if self.hears and not self.has(Moment.CALLER_STARTED) and begun is _BEGINNINGS:
            # By the vendor's own word, where no VAD listens.
            begun = begun | {Moment.TURN_ENDED}
        if any(mark.moment in begun for mark in self._marks):
            yield Turn(
                kind=kind,
                marks=tuple(self._marks),
                ended_at=at,
                clock_jumped=self._jumped,
                transcribed=self.transcribes,
            )

    def _kind(self) -> TurnKind | None:
        answered = self.has(Moment.WRITTEN)
        if self.has(Moment.CONNECTED):
            return TurnKind.GREETING if answered else None
        said = self._said_something() if self.hears else self.has(Moment.TRANSCRIPT)
        if not said and (self.transcribes or not answered):
            return TurnKind.EMPTY
        return TurnKind.ANSWERED if answered else None

    def _said_something(self) -> bool:
        """Whether a model that hears for itself has heard more than a cough."""
        told = self.has(Moment.SPOKE) or not self.has(Moment.CALLER_STARTED)
        return told or voice_of_words(self._marks) is not None
