"""What the caller hears while there is no answer: a filler, and, when it is late, an apology."""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.road import Place
from antiphon.core.wav import read_wav
from antiphon.processors.latency.core.waits import Waits
from antiphon.processors.latency.core.watchdogs import Stall, StallKind
from antiphon.processors.latency.frame_events import FILLER_TEXT
from antiphon.processors.latency.observer import LatencyObserver
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["Apology", "Filler"]


class Wait(SafeProcessor):
    """Tells its waits what passes by, and speaks when something is due."""

    def __init__(self, *, due_secs: Sequence[float], **kwargs: Any) -> None:
        """Create the processor.

        Args:
            due_secs: Seconds of a wait after which something is said.
            **kwargs: Passed to `FrameProcessor`.

        Raises:
            ValueError: If one of the times is not positive.
        """
        for secs in due_secs:
            if not secs > 0:
                raise ValueError(f"a wait must be above 0 s, not {secs!r}")
        super().__init__(enable_direct_mode=True, **kwargs)
        self._waits = Waits(due_secs)
        self._timer: asyncio.TimerHandle | None = None
        # Of a voice that speaks fillers, the contexts in which it does.
        self._fillers: deque[str] = deque(maxlen=16)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Begin a wait, or end it."""
        self._look_at(frame)
        await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Wait no longer for an answer that was cancelled."""
        if isinstance(frame, InterruptionFrame | EndFrame | CancelFrame):
            self._waits.interrupted()
            self._set_timer()

    async def release(self) -> None:
        """Let no timer outlive the pipeline."""
        self._waits.give_up()
        self._set_timer()

    def hold(self) -> None:
        """Say nothing, as long as what the agent says is kept from the caller on purpose."""
        self._waits.hold()
        self._set_timer()

    def unhold(self) -> None:
        """Fill waits again; one that goes on counts from now."""
        self._waits.release(_now())
        self._set_timer()

    async def speak(self, stall: Stall | None = None) -> None:
        """Say what is to be said.

        Args:
            stall: What the caller is waiting for, if a watchdog found it.
        """
        raise NotImplementedError

    def _look_at(self, frame: Frame) -> None:
        waits = self._waits
        match frame:
            case VADUserStartedSpeakingFrame():
                waits.voice_started()
            case VADUserStoppedSpeakingFrame():
                waits.voice_ended(_now() - frame.stop_secs)
            case InputDTMFFrame():
                waits.keys_pressed(_now())
            case UserStartedSpeakingFrame():
                waits.turn_started(_now())
            case UserStoppedSpeakingFrame():
                waits.turn_ended(_now())
            case FunctionCallInProgressFrame():
                awaited = frame.cancel_on_interruption
                waits.tool_started(frame.tool_call_id, _now(), awaited=awaited)
            case FunctionCallResultFrame() | FunctionCallCancelFrame():
                waits.tool_ended(frame.tool_call_id, answers=_is_answered(frame))
            case BotStartedSpeakingFrame():
                waits.agent_started()
            case BotStoppedSpeakingFrame():
                waits.agent_stopped(_now())
            case LLMTextFrame() | AggregatedTextFrame() | TTSSpeakFrame() | TTSAudioRawFrame():
                filler = self._is_filler(frame)
                self._passes(frame)
                if not filler and self._answers(frame):
                    waits.answered(_now())
            case _:
                return
        self._set_timer()

    def _passes(self, frame: Frame) -> None:
        """Words or sound of the agent's pass, with which a wait may be filled as well."""

    def _answers(self, frame: Frame) -> bool:
        """Whether what passes is as good as an answer."""
        return True

    def _next_due(self) -> float | None:
        return self._waits.next_due()

    def _take(self, at: float) -> bool:
        return self._waits.take(at)

    def _is_filler(self, frame: Frame) -> bool:
        context_id = getattr(frame, "context_id", None)
        if getattr(frame, "text_type", None) == FILLER_TEXT:
            # A voice announces what it is about to speak, with the context it will be in.
            if context_id:
                self._fillers.append(context_id)
            return True
        return context_id in self._fillers

    def _set_timer(self) -> None:
        due = self._next_due()
        if self._timer:
            if due == self._timer.when():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._late)

    def _late(self) -> None:
        self._timer = None
        if self._take(_now()):
            self.create_task(self.speak(), "late")
        self._set_timer()


class Filler(Wait):
    """Says "One moment…" when a tool or the first token is late; never over what the agent says.

    It says so once more when the wait goes on, and then no more.

    Stands between the LLM and the TTS service. What it says is not put into the context.

    Event handlers available:

    - on_filler(filler): something was said
    """

    belongs = Place(
        behind="LLMService",
        before="TTSService",
        otherwise="there nothing that it says is spoken, or it talks into an answer",
    )

    def __init__(
        self,
        *,
        texts: Sequence[str] = ("One moment…",),
        after_secs: float = 1.1,
        again_secs: float | None = 2.4,
        **kwargs: Any,
    ) -> None:
        """Create the filler.

        Args:
            texts: What it says, in turn.
            after_secs: How long the caller waits before, from their last sound; less than about
                1 s would often be followed at once by the answer.
            again_secs: How long after that it says something for the second time, if at all.
            **kwargs: Passed to `FrameProcessor`.

        Raises:
            ValueError: If there is nothing to say, or a time is not positive.
        """
        if not texts:
            raise ValueError("a filler needs at least one text")
        if again_secs is not None and not again_secs > 0:
            raise ValueError(f"again_secs must be above 0 s or None, not {again_secs!r}")
        again = [] if again_secs is None else [after_secs + again_secs]
        super().__init__(due_secs=[after_secs, *again], **kwargs)
        self._texts = tuple(texts)
        self._count = 0
        self._register_event_handler("on_filler")

    async def give_up(self, *_: object) -> None:
        """Say no more in this wait, as after an apology: there is nothing to wait for."""
        self._waits.give_up()
        self._set_timer()

    async def speak(self, stall: Stall | None = None) -> None:
        """Say the next text."""
        text = self._texts[self._count % len(self._texts)]
        self._count += 1
        await self.push_frame(TTSSpeakFrame(text, append_to_context=False, text_type=FILLER_TEXT))
        await self._call_event_handler("on_filler")


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

    @property
    def _may_apologise(self) -> bool:
        quiet = self._waits.quiet and not self._unheard
        return self._stall is not None and quiet and not self._speaks_first

    def _next_due(self) -> float | None:
        if self._may_apologise:
            return _now()
        dues = [due for due in (self._waits.next_due(), self._mute_at()) if due is not None]
        # An answer that is about to sound is not apologised for.
        return max(min(dues), self._voice_expected_at or 0.0) if dues else None

    def _take(self, at: float) -> bool:
        if self._may_apologise:
            return True
        if at < (self._voice_expected_at or 0.0) - 1e-6:
            return False
        mute_at = self._mute_at()
        return (mute_at is not None and at >= mute_at - 1e-6) or super()._take(at)

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


def _is_answered(frame: FunctionCallResultFrame | FunctionCallCancelFrame) -> bool:
    """Whether the model is asked for an answer, as it is unless the tool says otherwise."""
    properties = getattr(frame, "properties", None)
    return (properties.run_llm if properties else None) is not False and frame.run_llm is not False


def _now() -> float:
    return asyncio.get_running_loop().time()
