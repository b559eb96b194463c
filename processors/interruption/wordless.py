"""What a call has shown of voices whose words do not come.

No clock.
"""

from collections.abc import Iterable

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.stt_service import SegmentedSTTService

from antiphon.processors.interruption.decision import AgentState
from antiphon.processors.interruption.speech import Speech
from antiphon.processors.interruption.voice_level import VoiceLevel

__all__ = ["WordlessVoices"]

# A voice that is twice as loud as the echo, 6 dB, is not the echo alone.
_ABOVE_ECHO = 2.0
# How long the agent is silent, at the most, for a voice of which no word can be expected yet.
_LONGEST_HOLD_SECS = 5.0
# How long after a voice its final words may come: of a service that has told words while they were
# spoken, and of one that has told none yet.
_FINAL_DUE_SECS = 0.55
_FIRST_FINAL_DUE_SECS = 0.75
# A word's last sound, as of "please", is too soft to count as the voice: so much earlier than the
# voice, from which a service counts, the sound is over.
_SOFT_END_SECS = 0.2
# Longer silence is a dead line to who waits; some services say a second and more.
_LONGEST_DUE_SECS = 0.85
# A shorter voice is a cough: no television.
_SHORTEST_SPEECH_SECS = 0.6


class WordlessVoices:
    """Whether words come while they are spoken, and whether there is a voice that never has any."""

    def __init__(self, level: VoiceLevel, limit_secs: float) -> None:
        """Begin with a service that is taken to tell words as they are spoken.

        Args:
            level: How loud the voice is.
            limit_secs: How long the agent is silent for a voice whose words do not come.
        """
        self._level = level
        self._limit_secs = limit_secs
        self.words_soon = True
        """Whether words can be expected before the voice ends."""
        self.hold = True
        """Whether to fall silent for a voice without words: not where a television is on."""
        self._interim = self._told = False
        self._echo = 0.0
        self._final_secs = 0.0

    def finals_take(self, secs: float) -> None:
        """Note what a speech service says of itself.

        Args:
            secs: How long behind a voice its final words come, at the longest.
        """
        self._final_secs = secs

    def watch(self, processors: Iterable[FrameProcessor]) -> None:
        """Find out whether the speech service tells words only when a voice has ended.

        Args:
            processors: All of the pipeline.
        """
        if any(isinstance(processor, SegmentedSTTService) for processor in processors):
            self.words_soon = False

    def may_hold(self, *, asked: bool) -> bool:
        """Return whether to fall silent for a voice that has no words yet.

        Args:
            asked: Whether the agent has asked something.
        """
        return (asked or self.hold) and self._level.loudest >= self._echo * _ABOVE_ECHO

    def in_vain(self, speech: Speech, now: float) -> bool:
        """Return whether the agent has been silent for long enough without a word.

        Args:
            speech: The voice.
            now: The time.
        """
        if speech.held_since is None or speech.words:
            return False
        # Nothing is lost of what only fills a wait.
        over = speech.state is AgentState.SPEAKING and not speech.over_filler
        soon = over and not speech.asked and self.words_soon
        if now - speech.held_since <= (self._limit_secs if soon else _LONGEST_HOLD_SECS):
            return False
        # Of a voice that is just over the final words may be due, although none came before.
        due_secs = max(
            _FINAL_DUE_SECS if self._told else _FIRST_FINAL_DUE_SECS,
            min(self._final_secs + _SOFT_END_SECS, _LONGEST_DUE_SECS),
        )
        return self._level.sounds(now) or self._level.quiet_secs(now) >= due_secs

    def echoed(self) -> None:
        """Note that the voice is the agent's own."""
        self._echo = max(self._echo, self._level.loudest)

    @property
    def tells_early(self) -> bool:
        """Whether words have been told while they were spoken, and still are."""
        return self._told and self.words_soon

    def interim(self) -> None:
        """Note words that are not final."""
        self._interim = self._told = self.words_soon = self.hold = True

    def final(self) -> None:
        """Note final words: with none before them, none are to be expected."""
        self.words_soon = self._interim
        self._interim = False
        self.hold = True

    def ignored(self, speech: Speech, now: float) -> None:
        """Note that a voice turned out to be no interruption.

        Args:
            speech: The voice.
            now: The time.
        """
        lasted_secs = (now if speech.speaking else speech.ended) - speech.onset
        in_vain = speech.held_since is not None and lasted_secs >= _SHORTEST_SPEECH_SECS
        self.hold &= bool(speech.words) or not in_vain
