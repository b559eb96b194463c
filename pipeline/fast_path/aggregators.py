"""Pipecat's context aggregators, at which frames end that nobody beyond looks at.

Stock Pipecat 1.14 hands each packet of audio to every processor of the pipeline. Hardly one looks
at it, so here it goes where it is needed and ends there, as does the word that the agent is still
speaking.
"""

import copy
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState
from pipecat.frames.frames import (
    AggregatedTextProgressFrame,
    BotSpeakingFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    UserSpeakingFrame,
)
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMAssistantAggregatorParams,
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.context.llm_context_summarization import LLMAutoContextSummarizationConfig

from antiphon.pipeline.turns import Turns
from antiphon.processors.safe_processor import Bypass, OneCall
from antiphon.services.vad.silero import AnalyzedAudio, SharedSileroVADAnalyzer

__all__ = [
    "AssistantAggregator",
    "KeypadAggregator",
    "LastAggregator",
    "ListeningUserAggregator",
    "create_aggregators",
]

# A second: a recogniser that waits for the end of what was said hears each window till then.
LONG_SILENCE_WINDOWS = 32

# A quarter of a second of a silence that lasts goes to the recogniser at once.
HELD_WINDOWS = 8

# Pipecat tells each 200 ms that somebody still speaks, and takes a second without audio for an end.
TOLD_SECS = 0.22


class _FrameSink(OneCall):
    """Where audio ends, and what only observers want, unless a recorder follows."""

    _sunk: tuple[type[Frame], ...] = ()
    _recorded = False

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, and see who follows.

        Args:
            setup: Pipecat's setup.
        """
        await super().setup(setup)
        self._recorded = any(_records(processor) for processor in _after(self))

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Queue a frame that matters here or beyond.

        Args:
            frame: The frame to queue.
            direction: Its direction.
            callback: Called once it has been processed.
        """
        if self._recorded or not isinstance(frame, self._sunk):
            await super().queue_frame(frame, direction, callback)


class KeypadAggregator(_FrameSink, Bypass, DTMFAggregator):
    """Pipecat's keypad aggregator, past which the microphone's audio goes."""

    _sunk = (UserSpeakingFrame,)


class UserAggregator(LLMUserAggregator):
    """Pipecat's user aggregator, which knows when the caller's voice really began and ended."""

    def __init__(
        self,
        context: LLMContext,
        *,
        vad_analyzer: SharedSileroVADAnalyzer,
        user_turn_strategies: UserTurnStrategies,
        realtime: bool | None = None,
    ) -> None:
        """Create the aggregator.

        Args:
            context: The conversation.
            vad_analyzer: Hears whether the caller speaks.
            user_turn_strategies: Tell when a turn begins and ends.
            realtime: Whether the model hears the caller itself.
        """
        params = LLMUserAggregatorParams(
            vad_analyzer=vad_analyzer, user_turn_strategies=user_turn_strategies
        )
        super().__init__(context, params=params, _realtime_service_mode=realtime)
        self._vad_analyzer = vad_analyzer
        self._ending = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take in a frame, and notice the end of the call."""
        self._ending |= isinstance(frame, EndFrame)
        await super().process_frame(frame, direction)

    async def broadcast_interruption(self) -> None:
        """Interrupt the agent, but for its goodbye.

        A voice of Pipecat 1.14 that is interrupted while it is at its last words loses the
        `EndFrame` with them, and the line stays open and silent.
        """
        if not self._ending:
            await super().broadcast_interruption()

    def voice_began_secs_ago(self) -> float | None:
        """Tell, when a voice was noticed, how long ago it began; None if that is not known."""
        return self._vad_analyzer.voice_began_secs_ago()

    def voice_ended_secs_ago(self) -> float | None:
        """Tell, when its end was noticed, how long ago a voice ended; None if it is not known."""
        return self._vad_analyzer.voice_ended_secs_ago()


class ListeningUserAggregator(_FrameSink, UserAggregator):
    """Pipecat's user aggregator, at which the microphone's audio ends unless a recorder follows.

    Most of it ends before. Nothing depends on a caller's silence but the VAD, which has it at
    once, and the turn analyzer, which keeps a few seconds of it; without an analyzer nothing
    depends on speech but that it begins, goes on and ends.
    """

    def __init__(
        self,
        context: LLMContext,
        *,
        vad_analyzer: SharedSileroVADAnalyzer,
        user_turn_strategies: UserTurnStrategies,
        turn_analyzer: BaseTurnAnalyzer | None = None,
    ) -> None:
        """Create the aggregator.

        Args:
            context: The conversation.
            vad_analyzer: Hears whether the caller speaks.
            user_turn_strategies: Tell when a turn begins and ends. None may listen to audio but
                a `TurnAnalyzerUserTurnStopStrategy`.
            turn_analyzer: That of such a strategy.
        """
        super().__init__(
            context, vad_analyzer=vad_analyzer, user_turn_strategies=user_turn_strategies
        )
        self._turn_analyzer = turn_analyzer
        self._speaks = False
        self._audio_under_way = 0
        self._untold_secs = 0.0
        self._held: list[tuple[float, AnalyzedAudio]] = []

    def take_audio(self, audio: bytes, *, push: Callable[[bytes], Awaitable[None]]) -> None:
        """Let the VAD have the caller's audio before the pipeline does.

        It is pushed within 10 ms, but in a silence that lasts several windows are pushed at once.

        Args:
            audio: 16-bit mono samples.
            push: Pushes audio into the pipeline. It must not wait for anything, because other
                calls wait for it.
        """
        self._vad_analyzer.analyze_soon(audio, partial(self._push_or_hold, push))

    async def _push_or_hold(
        self, push: Callable[[bytes], Awaitable[None]], audio: AnalyzedAudio
    ) -> None:
        self._held.append((time.monotonic(), audio))
        if (
            audio.silent_windows > LONG_SILENCE_WINDOWS
            and audio.state is VADState.QUIET
            and len(self._held) < HELD_WINDOWS
            and not self._recorded
            and not (self._turn_analyzer and self._turn_analyzer.speech_triggered)
        ):
            return
        if len(self._held) > 1:
            pieces = tuple(self._held)
            state, silent_windows = audio.state, audio.silent_windows
            audio = AnalyzedAudio(b"".join(piece for _, piece in pieces))
            audio.state, audio.silent_windows, audio.pieces = state, silent_windows, pieces
        self._held.clear()
        await push(audio)

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Queue a frame, or let the VAD have its audio first.

        Args:
            frame: The frame to queue.
            direction: Its direction.
            callback: Called once it has been processed.
        """
        down = direction is FrameDirection.DOWNSTREAM
        if not (isinstance(frame, InputAudioRawFrame) and down) or self._recorded or callback:
            await super().queue_frame(frame, direction, callback)
        elif isinstance(frame.audio, AnalyzedAudio):
            await self._queue_analyzed(frame, frame.audio)
        else:
            self._vad_analyzer.analyze_soon(frame.audio, partial(self._queue_analyzed, frame))

    async def _queue_analyzed(self, frame: InputAudioRawFrame, audio: AnalyzedAudio) -> None:
        spoke = self._speaks
        if audio.state in (VADState.QUIET, VADState.STARTING) and not spoke:
            if self._turn_analyzer is None:
                return
            if not (self._turn_analyzer.speech_triggered or self._audio_under_way):
                self._turn_analyzer.append_audio(audio, False)
                return
        elif audio.state is not VADState.STOPPING:
            self._speaks = audio.state is VADState.SPEAKING
        if spoke and self._speaks and self._turn_analyzer is None:
            self._untold_secs += frame.num_frames / frame.sample_rate
            if self._untold_secs < TOLD_SECS:
                return
        self._untold_secs = 0.0
        self._audio_under_way += 1
        frame.audio = audio
        await super().queue_frame(frame, callback=self._audio_arrived)

    async def _audio_arrived(self, *_: object) -> None:
        self._audio_under_way -= 1

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame that somebody beyond may want.

        Args:
            frame: The frame to push.
            direction: Where to.
        """
        down = direction is FrameDirection.DOWNSTREAM
        if isinstance(frame, BotSpeakingFrame) or (isinstance(frame, UserSpeakingFrame) and down):
            return
        if self._recorded or not isinstance(frame, InputAudioRawFrame):
            await super().push_frame(frame, direction)


class AssistantAggregator(OneCall, LLMAssistantAggregator):
    """Pipecat's assistant aggregator, which keeps of the agent's words what the model may read."""

    def __init__(
        self,
        context: LLMContext,
        *,
        hide: Callable[[str], str] | None = None,
        summary: LLMAutoContextSummarizationConfig | None = None,
        hears: LLMUserAggregator | None = None,
    ) -> None:
        """Create the aggregator.

        Args:
            context: The conversation.
            hide: Takes out of what the agent said what the model may not read. Only here is it
                whole again; the voice gives it word by word.
            summary: When the beginning of the conversation becomes a summary; never by default.
            hears: Of a model that hears the caller itself: what writes down the caller's words,
                when the model begins to speak.
        """
        if hide and summary and summary.summary_config.llm:
            summary = _redacted(summary, hide)
        params = LLMAssistantAggregatorParams(
            enable_auto_context_summarization=summary is not None,
            auto_context_summarization_config=summary,
        )
        super().__init__(
            context,
            params=params,
            _realtime_service_mode=hears is not None or None,
            _paired_user_aggregator=hears,
        )
        self._hide = hide
        self.redacts_what_it_keeps = hide is not None

    def aggregation_string(self) -> str:
        """What the agent said, as it enters the context."""
        said = super().aggregation_string()
        return self._hide(said) if self._hide else said


def _redacted(
    summary: LLMAutoContextSummarizationConfig, hide: Callable[[str], str]
) -> LLMAutoContextSummarizationConfig:
    """Have redacted what another model sums up, which goes past the redactor behind the call's."""
    # All calls have the model; each has its own redactor.
    llm: Any = copy.copy(summary.summary_config.llm)
    infer = llm.run_inference

    async def run_inference(*args: Any, **kwargs: Any) -> str | None:
        said = await infer(*args, **kwargs)
        return hide(said) if said else said

    llm.run_inference = run_inference
    return replace(summary, summary_config=replace(summary.summary_config, llm=llm))


class LastAggregator(_FrameSink, AssistantAggregator):
    """The assistant aggregator, at which audio that was played ends unless it is recorded."""

    _sunk = (AggregatedTextProgressFrame, BotSpeakingFrame, MetricsFrame, OutputAudioRawFrame)


def create_aggregators(
    context: LLMContext,
    *,
    turns: Turns,
    hide: Callable[[str], str] | None,
    summary: LLMAutoContextSummarizationConfig | None,
    fast_path: bool,
    realtime: bool = False,
) -> tuple[DTMFAggregator, LLMUserAggregator, AssistantAggregator]:
    """Make the aggregators of one call: those of the fast path, or Pipecat's own.

    Args:
        context: The conversation.
        turns: Tell when the caller has the turn.
        hide: Takes out of what the agent said what the model may not read.
        summary: When the beginning of the conversation becomes a summary, if ever.
        fast_path: Whether frames may end at them that nobody beyond looks at.
        realtime: Whether the model hears the caller itself: all audio goes on to it.

    Returns:
        Those of keys, of the caller and of the agent.
    """
    vad_analyzer, strategies = turns.vad_analyzer, turns.strategies
    if not isinstance(vad_analyzer, SharedSileroVADAnalyzer):
        params = LLMUserAggregatorParams(vad_analyzer=vad_analyzer, user_turn_strategies=strategies)
        mode = realtime or None
        stock = LLMUserAggregator(context, params=params, _realtime_service_mode=mode)
    elif fast_path and not (turns.need_all_audio or realtime):
        user = ListeningUserAggregator(
            context,
            vad_analyzer=vad_analyzer,
            user_turn_strategies=strategies,
            turn_analyzer=turns.turn_analyzer,
        )
        return KeypadAggregator(), user, LastAggregator(context, hide=hide, summary=summary)
    else:
        stock = UserAggregator(
            context,
            vad_analyzer=vad_analyzer,
            user_turn_strategies=strategies,
            realtime=realtime or None,
        )
    hears = stock if realtime else None
    assistant = AssistantAggregator(context, hide=hide, summary=summary, hears=hears)
    return DTMFAggregator(), stock, assistant


def _after(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    while following := processor.next:
        yield following
        processor = following


def _records(processor: FrameProcessor) -> bool:
    return isinstance(processor, AudioBufferProcessor) or (
        isinstance(processor, Bypass) and processor.hears_microphone
    )
