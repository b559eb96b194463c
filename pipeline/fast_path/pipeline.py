"""The short road of audio: the caller's to the user aggregator, the agent's to the transport.

Stock Pipecat 1.14 hands each packet to every processor of the pipeline, and tells every observer of
each of these steps. Hardly one looks at it, so here it goes where it is needed and ends there, as
does the word that the agent is still speaking.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial

from antiphon.core.pipecat_internals import Part, known
from antiphon.processors.redaction.guards.errors import redacted_error
from antiphon.processors.safe_processor import Bypass, OneCall
from antiphon.services.vad.silero import HeardAudio, SharedSileroVADAnalyzer
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState
from pipecat.frames.frames import (
    AggregatedTextProgressFrame,
    BotSpeakingFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    StartFrame,
    UserSpeakingFrame,
)
from pipecat.observers.base_observer import (
    BaseObserver,
    FramePushed,
    ProcessorSetUp,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
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

__all__ = [
    "GuardedPipeline",
    "KeypadAggregator",
    "LastAggregator",
    "ListeningUserAggregator",
    "QuietPipeline",
]

# A second: a recogniser that waits for the end of what was said hears each window till then.
LONG_SILENCE_WINDOWS = 32

# A quarter of a second of a silence that lasts goes to the recogniser at once.
HELD_WINDOWS = 8

# Pipecat tells each 200 ms that somebody still speaks, and takes a second without audio for an end.
TOLD_SECS = 0.22


class _EndOfTheRoad(OneCall):
    """Where audio ends, and what only observers want, unless a recorder follows."""

    _ending: tuple[type[Frame], ...] = ()
    _ends_here = True

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up, and see who follows.

        Args:
            setup: Pipecat's setup.
        """
        await super().setup(setup)
        self._ends_here = not any(_records(processor) for processor in _after(self))

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
        if not (self._ends_here and isinstance(frame, self._ending)):
            await super().queue_frame(frame, direction, callback)


class KeypadAggregator(_EndOfTheRoad, Bypass, DTMFAggregator):
    """Pipecat's keypad aggregator, past which the microphone's audio goes."""

    _ending = (UserSpeakingFrame,)


class ListeningUserAggregator(_EndOfTheRoad, LLMUserAggregator):
    """Pipecat's user aggregator, at which the microphone's audio ends unless a recorder follows.

    Most of it ends before. Nothing depends on a caller's silence but the VAD, which hears it at
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
        params = LLMUserAggregatorParams(
            vad_analyzer=vad_analyzer, user_turn_strategies=user_turn_strategies
        )
        super().__init__(context, params=params)
        self._vad_analyzer = vad_analyzer
        self._turn_analyzer = turn_analyzer
        self._speaks = False
        self._audio_under_way = 0
        self._untold_secs = 0.0
        self._held: list[tuple[float, HeardAudio]] = []

    def hear(self, audio: bytes, *, travel: Callable[[bytes], Awaitable[None]]) -> None:
        """Hear the caller before the pipeline does.

        Audio travels within 10 ms, but in a silence that lasts several windows travel at once.

        Args:
            audio: 16-bit mono samples.
            travel: Pushes audio into the pipeline. It must not wait for anything, because other
                calls wait for it.
        """
        self._vad_analyzer.hear(audio, partial(self._let_travel, travel))

    async def _let_travel(
        self, travel: Callable[[bytes], Awaitable[None]], audio: HeardAudio
    ) -> None:
        self._held.append((time.monotonic(), audio))
        if (
            audio.silent_windows > LONG_SILENCE_WINDOWS
            and audio.state is VADState.QUIET
            and len(self._held) < HELD_WINDOWS
            and self._ends_here
            and not (self._turn_analyzer and self._turn_analyzer.speech_triggered)
        ):
            return
        if len(self._held) > 1:
            pieces = tuple(self._held)
            state, silent_windows = audio.state, audio.silent_windows
            audio = HeardAudio(b"".join(piece for _, piece in pieces))
            audio.state, audio.silent_windows, audio.pieces = state, silent_windows, pieces
        self._held.clear()
        await travel(audio)

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Queue a frame, or let the VAD hear it first.

        Args:
            frame: The frame to queue.
            direction: Its direction.
            callback: Called once it has been processed.
        """
        down = direction is FrameDirection.DOWNSTREAM
        if not (isinstance(frame, InputAudioRawFrame) and down and self._ends_here) or callback:
            await super().queue_frame(frame, direction, callback)
        elif isinstance(frame.audio, HeardAudio):
            await self._heard(frame, frame.audio)
        else:
            self._vad_analyzer.hear(frame.audio, partial(self._heard, frame))

    async def _heard(self, frame: InputAudioRawFrame, audio: HeardAudio) -> None:
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
        if not (self._ends_here and isinstance(frame, InputAudioRawFrame)):
            await super().push_frame(frame, direction)


class LastAggregator(_EndOfTheRoad, LLMAssistantAggregator):
    """Pipecat's assistant aggregator, at which audio that was played ends unless it is recorded."""

    _ending = (AggregatedTextProgressFrame, BotSpeakingFrame, MetricsFrame, OutputAudioRawFrame)

    def __init__(self, context: LLMContext, *, hide: Callable[[str], str] | None = None) -> None:
        """Create the aggregator.

        Args:
            context: The conversation.
            hide: Takes out of what the agent said what the model may not read. Only here is it
                whole again; the voice gives it word by word.
        """
        super().__init__(context)
        self._hide = hide
        self.redacts_what_it_keeps = hide is not None

    def aggregation_string(self) -> str:
        """What the agent said, as it enters the context."""
        said = super().aggregation_string()
        return self._hide(said) if self._hide else said


class QuietPipeline(Pipeline):
    """A pipeline that tells observers of each push, but for those of the microphone's audio.

    Stock Pipecat also tells each observer of each processing of each frame, which next to none
    uses. An observer whose `observes_microphone` is not False, as a foreign one, is told it all.
    """

    def __init__(self, processors: Sequence[FrameProcessor]) -> None:
        """Link the processors.

        Args:
            processors: The processors, in their order.
        """
        super().__init__(processors)
        self._quiet = True
        self._quiet_observer = _QuietObserver()

    def tell_only(self, frames: tuple[type[Frame], ...], *, every_secs: float) -> None:
        """Tell of nothing else but the start: nobody observes but the watch for an idle call.

        Args:
            frames: The kinds of frames for which it waits.
            every_secs: How long it is not told again; so much too early it takes a call for idle.
        """
        self._quiet_observer.tell((StartFrame, *frames), every_secs=every_secs)

    def admit(self, observer: BaseObserver) -> None:
        """Tell an observer all that it has to know.

        Args:
            observer: An observer of the worker's.
        """
        self._quiet &= not getattr(observer, "observes_microphone", True)
        self._quiet_observer.tell((Frame,))

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up the pipeline.

        Args:
            setup: The setup, with Pipecat's observer.
        """
        if self._quiet and known(Part.OBSERVERS) and (observer := setup.observer):
            self._quiet_observer.behind = observer
            setup = _QuickSetup(**{**vars(setup), "observer": self._quiet_observer})
        await super().setup(setup)


class GuardedPipeline(QuietPipeline):
    """A quiet pipeline that no error leaves with what somebody said.

    Not every error passes a redactor on its way up, and on the phone no RTVI processor stands
    between the pipeline and its worker.
    """

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Push a frame out of the pipeline, an error redacted.

        Args:
            frame: The frame to push.
            direction: Where to.
        """
        if isinstance(frame, ErrorFrame):
            frame = redacted_error(frame)
        await super().push_frame(frame, direction)


class _QuickSetup(FrameProcessorSetup):
    # Pipecat's looks at the name of each attribute that is read, which is four times for each push
    # of a frame, to warn of a deprecated one.
    __getattribute__ = object.__getattribute__  # pyright: ignore[reportAssignmentType]


class _QuietObserver(BaseObserver):
    observes_microphone = False
    behind: BaseObserver

    def __init__(self) -> None:
        super().__init__()
        self._told_at = 0
        self.tell((Frame,))

    def tell(self, told: tuple[type[Frame], ...], *, every_secs: float = 0.0) -> None:
        self._told = told
        self._every = round(every_secs * 1e9)

    async def on_push_frame(self, data: FramePushed) -> None:
        if not isinstance(data.frame, self._told) or isinstance(data.frame, InputAudioRawFrame):
            return
        if data.timestamp >= self._told_at + self._every or isinstance(data.frame, StartFrame):
            self._told_at = data.timestamp
            await self.behind.on_push_frame(data)

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        await self.behind.on_processor_setup(data)


def _after(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    while following := processor.next:
        yield following
        processor = following


def _records(processor: FrameProcessor) -> bool:
    return isinstance(processor, AudioBufferProcessor) or (
        isinstance(processor, Bypass) and processor.hears_microphone
    )
