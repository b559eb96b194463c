"""What is known of an utterance over the agent, until it is settled."""

from collections import deque
from dataclasses import dataclass, field

from pipecat.frames.frames import Frame, InterimTranscriptionFrame, TranscriptionFrame

from antiphon.processors.interruption.decision import AgentState, Utterance
from antiphon.processors.interruption.echo import OwnWords

__all__ = ["LATE_SECS", "NEXT_WORDS_SECS", "SAID_BY", "Speech"]

# A final transcript this long after its utterance was settled still belongs to it.
LATE_SECS = 3.0
# Of a caller who speaks on, a service that tells words early tells the next within this.
NEXT_WORDS_SECS = 1.5
# When what a transcript tells was over, where that is known, in seconds of the loop's clock.
SAID_BY = "antiphon.said_by"
# Far more than anybody says over an agent before it is settled.
_MAX_FRAMES = 64


@dataclass
class Speech:
    """One utterance over the agent, from its onset until it is settled."""

    onset: float
    state: AgentState
    asked: bool
    agent_text: str
    ended: float
    speaking: bool = False
    over_filler: bool = False
    finals: list[str] = field(default_factory=list)
    interim: str = ""
    user_id: str = ""
    timestamp: str = ""
    language: str | None = None
    held_since: float | None = None
    pending: bool = False
    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=_MAX_FRAMES))
    settled: float | None = None
    told_at: float = 0.0

    @property
    def words(self) -> str:
        """All words so far."""
        return " ".join([*self.finals, self.interim]).strip()

    def told_by(self, frame: Frame) -> bool:
        """Whether a transcript may be of this voice: not if it tells what was over before.

        Args:
            frame: The transcript.
        """
        return bool(frame.metadata.get(SAID_BY, self.onset) >= self.onset)

    def take(self, frame: TranscriptionFrame | InterimTranscriptionFrame, now: float) -> None:
        """Add a transcript; what was settled is open again.

        Args:
            frame: The transcript.
            now: The time.
        """
        self.told_at = now
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text.strip())
            self.frames.append(frame)
            self.interim = ""
        else:
            self.interim = frame.text.strip()
        self.user_id, self.timestamp = frame.user_id, frame.timestamp
        self.language = str(frame.language) if frame.language else None
        self.settled = None

    def complete(self, now: float, *, silence_secs: float) -> bool:
        """Whether the words are final and the caller has been silent for so long."""
        final = bool(self.finals) and not self.interim and not self.speaking
        return final and now - self.ended >= silence_secs

    def silence_secs(self, now: float) -> float | None:
        """How long the voice has been over; None while it lasts."""
        return None if self.speaking else now - self.ended

    def utterance(
        self,
        now: float,
        *,
        sounding: bool,
        transcribed: bool,
        told_early: bool,
        own_words: OwnWords,
    ) -> Utterance:
        """What is known of it, for a decision.

        Args:
            now: The time.
            sounding: Whether the voice is to be heard at this moment.
            transcribed: Whether words of it are to be waited for.
            told_early: Whether words are told while they are spoken.
            own_words: What the agent has said of late.
        """
        words, silence_secs = self.words, self.silence_secs(now)
        overdue = silence_secs is not None and silence_secs > LATE_SECS / 2
        ended = not self.speaking and (not self.interim or overdue)
        # The voice that goes on is another's.
        no_more = told_early and not self.interim and now - self.told_at >= NEXT_WORDS_SECS
        return Utterance(
            words=words,
            agent_text=self.agent_text,
            agent_asked=self.asked,
            speech_secs=(now if self.speaking else self.ended) - self.onset,
            is_final=bool(words) and (ended or no_more),
            silence_secs=silence_secs,
            agent_state=self.state,
            language=self.language,
            sounding=sounding,
            transcribed=transcribed,
            own_words=own_words.around(self.onset),
        )

    def settle(self, now: float) -> None:
        """Leave it at that, unless more of it is heard."""
        self.settled = now
        self.finals, self.interim, self.held_since = [], "", None
        self.frames.clear()
