"""What a caller hears while an answer is late."""

import asyncio
from collections import deque
from collections.abc import Sequence
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
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.road import Place
from antiphon.processors.latency.core.waits import Waits
from antiphon.processors.latency.core.watchdogs import Stall
from antiphon.processors.latency.frame_kinds import FILLER_TEXT
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["Filler", "Wait"]


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
                waits.tool_ended(frame.tool_call_id, _now(), answers=_is_answered(frame))
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
        if (
            not self._waits.stands
        ):  # the answer passed in the same instant, and would be heard first
            return
        text = self._texts[self._count % len(self._texts)]
        self._count += 1
        await self.push_frame(TTSSpeakFrame(text, append_to_context=False, text_type=FILLER_TEXT))
        await self._call_event_handler("on_filler")


def _is_answered(frame: FunctionCallResultFrame | FunctionCallCancelFrame) -> bool:
    """Whether the model is asked for an answer, as it is unless the tool says otherwise."""
    properties = getattr(frame, "properties", None)
    if properties and properties.on_context_updated:
        # As a flow does, which asks it once the next node has been entered.
        return True
    return (properties.run_llm if properties else None) is not False and frame.run_llm is not False


def _now() -> float:
    return asyncio.get_running_loop().time()
