"""Deadlines for what a provider owes: the silent failures that no error frame reports.

Pure: what happened comes in with its time, what is overdue goes out.
"""

import enum
from dataclasses import dataclass, fields

from antiphon.processors.latency.core.moments import SHORTEST_SPEECH_SECS, Moment

__all__ = ["Stall", "StallKind", "WatchdogLimits", "Watchdogs"]

FAILS_LATE_SECS = 0.1
"""Some services that hear for themselves tell so long after an answer has ended that it failed."""


class StallKind(enum.StrEnum):
    """What is overdue, or went wrong unseen."""

    TRANSCRIPT_MISSING = enum.auto()
    """The caller spoke, and the STT service said nothing."""
    NO_FIRST_TOKEN = enum.auto()
    """The LLM was asked, and began no answer."""
    TOKENS_STALLED = enum.auto()
    """The LLM began an answer, and neither goes on nor ends it."""
    EMPTY_ANSWER = enum.auto()
    """The LLM ended its answer without a word or a tool call."""
    ANSWER_CUT_SHORT = enum.auto()
    """The LLM failed in the midst of its answer."""
    NO_SPEECH = enum.auto()
    """The TTS service began, and sent no audio."""
    SPEECH_UNFINISHED = enum.auto()
    """The TTS service sent audio, then neither more nor an end."""
    SPEECH_CUT_SHORT = enum.auto()
    """The TTS service ended its audio long before its text could have been said."""
    NO_AUDIO_WRITTEN = enum.auto()
    """There was audio to play, and the transport wrote none."""
    NO_TOOL_RESULT = enum.auto()
    """A tool that the answer waits for has given no result."""
    NO_ANSWER = enum.auto()
    """The caller's turn ended, and nothing at all is to be heard."""
    AUDIO_UNDERRUN = enum.auto()
    """The agent's audio broke off in the middle, and went on."""
    LOOP_LAG = enum.auto()
    """The event loop came late: all calls of this process stand still."""


@dataclass(frozen=True, kw_only=True)
class Stall:
    """Something overdue.

    Parameters:
        kind: What.
        service: The processor that owes it; empty if none can be named.
        elapsed_secs: For how long it has been owed.
        at: When it was found, in seconds of the pipeline's clock.
    """

    kind: StallKind
    service: str
    elapsed_secs: float
    at: float


@dataclass(frozen=True, kw_only=True)
class WatchdogLimits:
    """Seconds after which something is overdue; None to never mind.

    The defaults are twice what the slow end of current vendors takes, and short enough that
    the caller can be told something within 3 s.

    Parameters:
        transcript_missing: From the caller's silence, as the VAD has it, to a final transcript.
        no_first_token: From the request to the first token or tool call.
        tokens_stalled: From one token to the next, or to the end.
        no_speech: From the start of speech synthesis to its first audio.
        speech_unfinished: From the last audio, once the LLM is done, to more or the end.
        no_audio_written: From the first audio that reached the transport to the first that it
            wrote; what a gate in front of it holds is not owed.
        no_tool_result: From the first of the tools that the answer waits for to the last result.
        no_answer: From the end of the caller's turn to any audio written, except while a tool
            runs.
        audio_underrun: A hole within the agent's speech that is worth reporting.
        loop_lag: How late the event loop may be.
    """

    transcript_missing: float | None = 2.0
    no_first_token: float | None = 2.5
    tokens_stalled: float | None = 2.0
    no_speech: float | None = 2.0
    speech_unfinished: float | None = 2.5
    no_audio_written: float | None = 1.0
    no_tool_result: float | None = 30.0
    no_answer: float | None = 6.0
    audio_underrun: float | None = 0.1
    loop_lag: float | None = 0.25

    def __post_init__(self) -> None:
        """Refuse a limit that is always exceeded."""
        for limit in fields(self):
            secs = getattr(self, limit.name)
            if secs is not None and not secs > 0:
                raise ValueError(f"{limit.name} must be above 0 seconds or None, not {secs!r}")


@dataclass
class _Owed:
    since: float
    service: str
    reported: bool = False


_OF_AN_ANSWER = (
    StallKind.NO_FIRST_TOKEN,
    StallKind.TOKENS_STALLED,
    StallKind.NO_SPEECH,
    StallKind.SPEECH_UNFINISHED,
    StallKind.NO_AUDIO_WRITTEN,
)
_OF_A_CHOICE = (StallKind.NO_FIRST_TOKEN, StallKind.TOKENS_STALLED, StallKind.NO_ANSWER)
_OF_THE_SOUND = (StallKind.NO_AUDIO_WRITTEN, StallKind.NO_ANSWER)

# What is no longer owed once something is seen.
_SETTLES: dict[Moment, tuple[StallKind, ...]] = {
    Moment.CALLER_STARTED: (StallKind.TRANSCRIPT_MISSING,),
    Moment.TRANSCRIPT: (StallKind.TRANSCRIPT_MISSING,),
    Moment.TURN_STARTED: (StallKind.NO_ANSWER,),
    Moment.INTERRUPTED: _OF_AN_ANSWER,
    Moment.CANCELLED: _OF_AN_ANSWER,
    Moment.TOKEN: (StallKind.NO_FIRST_TOKEN,),
    Moment.LLM_ENDED: (StallKind.NO_FIRST_TOKEN, StallKind.TOKENS_STALLED),
    Moment.TOOLS_CALLED: _OF_A_CHOICE,
    Moment.TOOL_STARTED: _OF_A_CHOICE,
    Moment.TOOLS_DONE: (StallKind.NO_TOOL_RESULT,),
    Moment.MODEL_SPOKE: (StallKind.NO_FIRST_TOKEN, StallKind.TOKENS_STALLED),
    Moment.SHOWN: (StallKind.NO_ANSWER,),
    Moment.AUDIO: (StallKind.NO_SPEECH,),
    Moment.TTS_STOPPED: (StallKind.NO_SPEECH, StallKind.SPEECH_UNFINISHED),
    Moment.WRITTEN: _OF_THE_SOUND,
    Moment.FILLER_WRITTEN: _OF_THE_SOUND,
}

# What begins to be owed, by the service that it was seen at.
_OWES: dict[Moment, StallKind] = {
    Moment.LLM_STARTED: StallKind.NO_FIRST_TOKEN,
    Moment.TOKEN: StallKind.TOKENS_STALLED,
    Moment.TTS_STARTED: StallKind.NO_SPEECH,
    Moment.TURN_ENDED: StallKind.NO_ANSWER,
    Moment.TOOLS_AWAITED: StallKind.NO_TOOL_RESULT,
    Moment.TOOL_ENDED: StallKind.NO_ANSWER,
}


class Watchdogs:
    """Keeps the deadlines of one call.

    Attributes:
        transcribes: Whether somebody writes down what the caller says, before it is answered.
        hears: The model that hears the caller itself, if one does.
    """

    def __init__(self, limits: WatchdogLimits | None = None) -> None:
        """Start with nothing owed.

        Args:
            limits: When something is overdue.
        """
        self.transcribes = True
        self.hears = ""
        self._limits = limits or WatchdogLimits()
        self._owed: dict[StallKind, _Owed] = {}
        self._unheard = self._missing = False
        self._caller_started_at: float | None = None
        self._voice_open = self._turn_open = self._said = False
        self._llm_ended_at = float("-inf")
        self._llm_at_work = False
        self._llm_said_something = self._llm_failed = False
        self._llm_asked_at = 0.0
        self._llm_speaks = self._text_under_way = False
        self._speaking = False

    def see(self, moment: Moment, *, at: float, service: str = "") -> list[Stall]:
        """Take in what happened.

        Args:
            moment: What.
            at: When, in seconds of the pipeline's clock; of the caller, when the VAD said so.
            service: The processor it was seen at; of `CALLER_STOPPED`, that which owes the
                transcript; of `AUDIO`, the TTS service.

        Returns:
            What this itself shows to have gone wrong.
        """
        late = self._owed.get(StallKind.NO_FIRST_TOKEN)
        for kind in _SETTLES.get(moment, ()):
            self._owed.pop(kind, None)
        owed = _OWES.get(moment)
        if owed and self._is_owed(moment, at):
            self._owe(owed, at, service)
        match moment:
            case Moment.CALLER_STARTED:
                self._unheard, self._caller_started_at = True, at
                self._voice_open, self._said = True, False
                if self.hears:
                    # Whoever speaks on is not waiting, and is owed an answer after that.
                    self._owed.pop(StallKind.NO_ANSWER, None)
            case Moment.INTERIM:
                self._unheard, self._caller_started_at = True, None
            case Moment.TRANSCRIPT:
                self._unheard = self._missing = False
            case Moment.CALLER_STOPPED if self.transcribes and self._unheard and self._spoke(at):
                # Of a voice before a cough, it is missing after that as well.
                self._missing = True
                self._owe(StallKind.TRANSCRIPT_MISSING, at, service)
            case Moment.CALLER_STOPPED if self.hears:
                self._voice_open, self._said = False, self._spoke(at)
                # Over what the agent says, an apology as it may be, only what is taken for a turn.
                self._missing |= self._said and (self._turn_open or not self._speaking)
                if self._said and not self._speaking:
                    self._owe(StallKind.NO_ANSWER, at, self.hears)
            case Moment.TURN_STARTED | Moment.TURN_ENDED if self.hears:
                self._turn_open = moment is Moment.TURN_STARTED
                self._missing |= self._turn_open and self._said
            case Moment.SPOKE:
                self._missing |= self._turn_open or not self._speaking
            case Moment.BACKCHANNEL if self.hears:
                self._missing = False
                self._owed.pop(StallKind.NO_ANSWER, None)
            case Moment.LLM_STARTED:
                self._llm_at_work, self._llm_said_something = True, False
                self._llm_failed = False
                self._llm_asked_at = at
                self._llm_speaks = self._text_under_way = False
            case Moment.MODEL_SPOKE:
                self._llm_speaks = self._llm_said_something = True
                self._missing = self._said = False
            case Moment.TEXT_UNDER_WAY:
                self._text_under_way = True
            case Moment.TEXT_GIVEN:
                self._text_under_way = False
                self._speech_may_end(at)
            case Moment.TOKEN | Moment.TOOLS_CALLED | Moment.TOOL_STARTED:
                self._llm_said_something = True
                self._missing &= not self.hears
                if self._llm_speaks and moment is not Moment.TOKEN:
                    # A model that speaks itself may go on when the tool has returned.
                    self._owed.pop(StallKind.SPEECH_UNFINISHED, None)
            case Moment.LLM_FAILED:
                failed, self._llm_failed = self._llm_failed, True
                if self.hears and not failed:
                    return self._hearing_llm_failed(at, service)
            case Moment.LLM_ENDED:
                # An answer that was reported late, and then ended, is one failure and not two.
                told = late is not None and late.reported
                return self._llm_ended(at, service, told=told)
            case Moment.AUDIO:
                self._owe(StallKind.SPEECH_UNFINISHED, at, service)
            case Moment.TO_WRITE:
                if not self._speaking and StallKind.NO_AUDIO_WRITTEN not in self._owed:
                    self._owe(StallKind.NO_AUDIO_WRITTEN, at, "")
            case Moment.WRITTEN | Moment.FILLER_WRITTEN:
                self._speaking = True
            case Moment.INTERRUPTED | Moment.CANCELLED:
                self._llm_at_work = self._text_under_way = self._speaking = False
            case Moment.TTS_STOPPED | Moment.BOT_STOPPED:
                self._speaking = False
        return []

    def more_audio(self, at: float) -> bool:
        """Take in audio that follows on other audio, at next to no cost.

        Returns:
            Whether there was other audio; if not, it is for `see` to take in.
        """
        owed = self._owed.get(StallKind.SPEECH_UNFINISHED)
        if owed is None or owed.reported:
            return False
        owed.since = at
        return True

    def owes(self, kind: StallKind) -> bool:
        """Whether something of a kind is awaited."""
        return kind in self._owed

    def due(self, at: float) -> list[Stall]:
        """Return what is overdue, each once.

        Args:
            at: The present time.
        """
        overdue: list[Stall] = []
        for kind, owed in self._owed.items():
            limit = self._limit(kind)
            if limit is not None and not owed.reported and at - owed.since >= limit - 1e-6:
                owed.reported = True
                told = StallKind.NO_ANSWER if self.hears else StallKind.TRANSCRIPT_MISSING
                self._missing &= kind is not told
                overdue.append(
                    Stall(kind=kind, service=owed.service, elapsed_secs=at - owed.since, at=at)
                )
        return overdue

    def next_due(self) -> float | None:
        """Return when to ask again, None if nothing is owed."""
        times = [
            owed.since + limit
            for kind, owed in self._owed.items()
            if not owed.reported and (limit := self._limit(kind)) is not None
        ]
        return min(times, default=None)

    def _is_owed(self, moment: Moment, at: float) -> bool:
        match moment:
            case Moment.TOKEN:
                # Text that comes after the LLM is done is another processor's, and owes nothing;
                # nor does what an LLM writes of its own voice, which takes longer than the text.
                return self._llm_at_work and not self._llm_speaks
            case Moment.TURN_ENDED if self.hears:
                heard_no_voice = self._caller_started_at is None
                return self._missing or heard_no_voice or (self._voice_open and self._spoke(at))
            case Moment.TURN_ENDED:
                # To a sound without a word there is no answer.
                return not self._unheard
            case _:
                return True

    def _spoke(self, until: float) -> bool:
        """Whether there were words, or a voice long enough for some."""
        started = self._caller_started_at
        long = started is None or until - started >= SHORTEST_SPEECH_SECS
        return long or self._missing

    def _owe(self, kind: StallKind, at: float, service: str) -> None:
        self._owed[kind] = _Owed(since=at, service=service)

    def _limit(self, kind: StallKind) -> float | None:
        # While text is still to come, a TTS service waits for it, not the other way round.
        gives_text = self._text_under_way or (self._llm_at_work and not self._llm_speaks)
        if kind is StallKind.SPEECH_UNFINISHED and gives_text:
            return None
        limit: float | None = getattr(self._limits, kind.value)
        return limit

    def _llm_ended(self, at: float, service: str, *, told: bool) -> list[Stall]:
        was_at_work, self._llm_at_work = self._llm_at_work, False
        self._llm_ended_at = at
        self._speech_may_end(at)
        if self.hears:
            # One that was taken back, as when the caller goes on, ends like one that said nothing.
            return []
        whole = self._llm_said_something and not self._llm_failed
        if told or not was_at_work or whole:
            return []
        cut_short = self._llm_said_something
        kind = StallKind.ANSWER_CUT_SHORT if cut_short else StallKind.EMPTY_ANSWER
        elapsed = max(0.0, at - self._llm_asked_at)
        return [Stall(kind=kind, service=service, elapsed_secs=elapsed, at=at)]

    def _hearing_llm_failed(self, at: float, service: str) -> list[Stall]:
        """Of a model that hears for itself, an answer that failed has mostly ended before."""
        asked_at = self._llm_asked_at
        if not self._llm_said_something and StallKind.NO_ANSWER in self._owed:
            self._owed.pop(StallKind.NO_FIRST_TOKEN, None)
            kind = StallKind.EMPTY_ANSWER
        elif self._llm_said_something and (
            self._llm_at_work or at - self._llm_ended_at < FAILS_LATE_SECS
        ):
            self._llm_at_work = False
            self._owed.pop(StallKind.SPEECH_UNFINISHED, None)
            kind = StallKind.ANSWER_CUT_SHORT
        else:
            return []
        return [Stall(kind=kind, service=service, elapsed_secs=max(0.0, at - asked_at), at=at)]

    def _speech_may_end(self, at: float) -> None:
        if unfinished := self._owed.get(StallKind.SPEECH_UNFINISHED):
            unfinished.since = max(unfinished.since, at)
