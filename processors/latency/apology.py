"""What a caller hears when no answer will come."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.road import Place
from antiphon.core.wav import read_wav
from antiphon.processors.latency.core.watchdogs import Stall, StallKind
from antiphon.processors.latency.fillers import Wait
from antiphon.processors.latency.frame_kinds import FILLER_TEXT
from antiphon.processors.latency.observer import LatencyObserver

__all__ = ["Apology"]

MUTE_SECS = 2.35
"""So long a caller waits for a voice that was asked to speak, unless it is known to be slower."""

UNKNOWN_VOICE_SECS = 1.0
"""How slow a voice may be of which nothing was heard yet: the slow end of current vendors."""

NOTICED_SECS = 0.5
"""So long after it began, at the most, a voice is noticed."""

# The silent failures that a caller notices.
_HEARD_AS_SILENCE = frozenset(StallKind) - {StallKind.AUDIO_UNDERRUN, StallKind.LOOP_LAG}


class Apology(Wait):
    """Apologises when an answer will not come: after a long wait, or when a watchdog says so.

    With a text it stands between the LLM and the TTS service; with a recording, which also
    helps when the TTS service is what failed, behind the TTS service. It is heard to its end
    even when the stuck request is being ended; but a recording makes way for a caller who began
    to speak when it did.

    Event handlers available:

    - on_apology(apology, stall): it was spoken; the place to offer a person. `stall` is None
      after a wait that was merely long
    """

    def __init__(
        self,
        *,
        text: str = "I'm sorry, this is not working right now. Would you like to talk to a person?",
        recording: str | Path | None = None,
        after_secs: float = 6.0,
        observer: LatencyObserver | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the apology.

        Args:
            text: What it says.
            recording: A WAV file of it, 16-bit and mono, played instead.
            after_secs: How long the caller waits before, fillers not counted as an answer.
            observer: The call's observer, whose watchdogs know sooner.
            **kwargs: Passed to `FrameProcessor`.

        Raises:
            ValueError: If there is nothing to say, the recording is of another kind, or
                `after_secs` is not positive.
            OSError: If the recording cannot be read.
        """
        if not text and not recording:
            raise ValueError("an apology needs a text or a recording")
        super().__init__(due_secs=[after_secs], **kwargs)
        self.belongs = (
            Place(behind="TTSService", otherwise="there its recording waits for the TTS service")
            if recording
            else Place(before="TTSService", otherwise="there nothing that it says is spoken")
        )
        self._text = text
        self._recording = _samples(Path(recording)) if recording else None
        self._agent_speaks = self._talks_on = False
        self._voice_asked_at: float | None = None
        self._slowest_voice_secs = 0.0
        self._stall: Stall | None = None
        self._speaks_first = False
        # Speech that has gone by and is not over yet, and whether any of it answers.
        self._unheard, self._has_answered = 0, False
        self._sounds: str | None = None
        self._said: Sequence[Frame] = ()
        self._said_at = float("-inf")
        self._register_event_handler("on_apology")
        if observer:
            observer.add_event_handler("on_stall", self._stalled)

    def set_recording(self, recording: Path) -> None:
        """Say another recording from now on, as in the caller's language.

        Args:
            recording: As the one it was made with.
        """
        self._recording = _samples(recording)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Begin a wait, or end it; know whether the agent talks on after a voice."""
        if isinstance(frame, BotStartedSpeakingFrame | BotStoppedSpeakingFrame):
            self._agent_speaks = isinstance(frame, BotStartedSpeakingFrame)
            if not self._agent_speaks:
                self._unheard = max(0, self._unheard - 1)
                self._speaks_first &= bool(self._unheard) or not self._has_answered
            self._talks_on |= self._agent_speaks
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            if _now() - self._said_at < NOTICED_SECS:
                self._make_way()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._talks_on = self._agent_speaks
        elif isinstance(frame, UserStartedSpeakingFrame):
            self._stall, self._talks_on = None, False
        await super().handle(frame, direction)

    async def speak(self, stall: Stall | None = None) -> None:
        """Apologise."""
        stall, self._stall = stall or self._stall, None
        self._waits.give_up()
        self._set_timer()
        self._unheard += self._recording is not None
        self._said, self._said_at = self._frames(), _now()
        for frame in self._said:
            frame.interruptible = False
            await self.push_frame(frame)
        await self._call_event_handler("on_apology", stall)

    def _make_way(self) -> None:
        """Let what has hardly begun be held, and dropped, for who began at the same time."""
        for frame in self._said:
            frame.interruptible = True

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Wait no longer for a voice that was interrupted."""
        if isinstance(frame, InterruptionFrame):
            self._voice_asked_at = None
            self._unheard, self._has_answered, self._sounds = 0, False, None
        await super().handle_lifecycle(frame, direction)

    def _passes(self, frame: Frame) -> None:
        if isinstance(frame, TTSAudioRawFrame):
            if self._voice_asked_at is not None:
                secs = _now() - self._voice_asked_at
                self._slowest_voice_secs = max(self._slowest_voice_secs, secs)
            self._voice_asked_at = None
            self._unheard += self._sounds != frame.context_id
            self._sounds = frame.context_id
            self._has_answered |= frame.context_id not in self._fillers
        elif isinstance(frame, AggregatedTextFrame) and not isinstance(frame, TTSTextFrame):
            self._voice_asked_at = self._voice_asked_at or _now()

    def _answers(self, frame: Frame) -> bool:
        # Behind the voice, what it was given to say is not heard yet.
        return isinstance(frame, TTSAudioRawFrame) or not self._recording

    def _mute_at(self) -> float | None:
        """When a voice that was asked to speak, and is not heard, is taken for mute."""
        since, expected_at = self._waits.since, self._voice_expected_at
        if since is None or expected_at is None:
            return None
        return max(since + MUTE_SECS, expected_at)

    @property
    def _voice_expected_at(self) -> float | None:
        if self._voice_asked_at is None or not self._recording:
            return None
        return self._voice_asked_at + 1.3 * (self._slowest_voice_secs or UNKNOWN_VOICE_SECS) + 0.2

    def _long_at(self) -> float | None:
        """When a wait is long, unless what a tool gave is about to be answered."""
        due = self._waits.next_due()
        return None if due is None else max(due, self._waits.answer_expected_at or 0.0)

    @property
    def _may_apologise(self) -> bool:
        quiet = self._waits.quiet and not self._unheard
        return self._stall is not None and quiet and not self._speaks_first

    def _next_due(self) -> float | None:
        if self._may_apologise:
            return _now()
        dues = [due for due in (self._long_at(), self._mute_at()) if due is not None]
        # An answer that is about to sound is not apologised for.
        return max(min(dues), self._voice_expected_at or 0.0) if dues else None

    def _take(self, at: float) -> bool:
        if self._may_apologise:
            return True
        if at < (self._voice_expected_at or 0.0) - 1e-6:
            return False
        mute_at, long_at = self._mute_at(), self._long_at()
        if mute_at is not None and at >= mute_at - 1e-6:
            return True
        return long_at is not None and at >= long_at - 1e-6 and super()._take(at)

    def _frames(self) -> Sequence[Frame]:
        if not self._recording:
            return [TTSSpeakFrame(self._text, append_to_context=False, text_type=FILLER_TEXT)]
        audio, sample_rate_hz = self._recording
        context_id = f"{self.name}.apology"
        return [
            TTSStartedFrame(context_id=context_id, append_to_context=False),
            TTSAudioRawFrame(audio, sample_rate_hz, 1, context_id=context_id),
            TTSStoppedFrame(context_id=context_id),
        ]

    async def _stalled(self, observer: LatencyObserver, stall: Stall) -> None:
        # A voice that no word is made of, and after which the agent talks on, is mostly a noise.
        noise = stall.kind is StallKind.TRANSCRIPT_MISSING and self._talks_on
        heard = stall.kind in _HEARD_AS_SILENCE and not noise
        # The caller has spoken since: what they wait for is not what was apologised for.
        over = self._waits.over and stall.kind is not StallKind.TRANSCRIPT_MISSING
        if not heard or over or self._waits.held:
            return
        # What the model had said before it failed is still to be heard.
        self._speaks_first = stall.kind is StallKind.ANSWER_CUT_SHORT
        self._stall = stall
        if self._may_apologise:
            await self.speak(stall)


@lru_cache(maxsize=16)
def _samples(recording: Path) -> tuple[bytes, int]:
    """Read a WAV file once for all calls: its samples, and how many a second."""
    audio = read_wav(recording)
    if audio.samples.shape[1] != 1:
        raise ValueError(f"{recording} has {audio.samples.shape[1]} channels: it must be mono")
    return audio.samples.tobytes(), audio.sample_rate_hz


def _now() -> float:
    return asyncio.get_running_loop().time()
