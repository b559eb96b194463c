"""Who has the turn in a composed call: settings, and what is made of them for each call."""

import inspect
import reprlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakSet

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import ServiceMetadataFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    ExternalUserTurnStartStrategy,
    MinWordsUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
    WakePhraseUserTurnStartStrategy,
)
from pipecat.turns.user_stop import (
    BaseUserTurnStopStrategy,
    EagerUserTurnStopStrategy,
    ExternalUserTurnStopStrategy,
    SpeechTimeoutUserTurnStopStrategy,
    TurnAnalyzerUserTurnStopStrategy,
)
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from antiphon.pipeline.providers.kinds import UnusableService
from antiphon.processors.interruption import Interruption, InterruptionSettings
from antiphon.services.smart_turn import SharedSmartTurnAnalyzer
from antiphon.services.vad.silero import SharedSileroVADAnalyzer

__all__ = ["TurnSettings", "Turns"]

# Smart Turn judges eSpeak's voices at random, and PocketSphinx's final is there 5 ms
# after the VAD stop, so silence alone ends a turn. Both figures measured.
EMBEDDED_SPEECH_TIMEOUT_SECS = 0.4

# These look at no audio, so most of it need not reach them. Any other may.
DEAF = (
    ExternalUserTurnStartStrategy,
    MinWordsUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
    WakePhraseUserTurnStartStrategy,
    EagerUserTurnStopStrategy,
    ExternalUserTurnStopStrategy,
    SpeechTimeoutUserTurnStopStrategy,
)


@dataclass(frozen=True, kw_only=True)
class TurnSettings:
    """When a caller's turn begins and ends.

    By default any voice begins one, and Smart Turn ends it. A service that finds turns itself, as
    Deepgram Flux does, brings strategies of its own, which are followed unless something is set
    here. Where the agent has `interruption`, that judges first what is said over the agent.

    Parameters:
        silence_secs: Seconds of silence that end a turn. Where PocketSphinx hears, 0.4 s.
        strategies: Makes Pipecat's `UserTurnStrategies` for each call, such as
            `lambda: UserTurnStrategies(stop=[MyStrategy()])`; or a class of them.
        vad: Pipecat's `VADParams`; or a class or function that makes a `VADAnalyzer` for each call.
            By default Silero, shared by all calls.
        enable_interruptions: Whether a turn interrupts the agent; by default as `interruption` has
            it.
        side_effect_tools: Functions that an interruption must not cut short, by name; by default
            those of `interruption`, which are none.
        reprompts: What the agent asks a caller who says nothing, each once in a silence; none for
            an agent that waits.
        reprompt_secs: Seconds of silence before each.
    """

    silence_secs: float | None = None
    strategies: Callable[[], UserTurnStrategies] | None = None
    vad: VADParams | Callable[[], VADAnalyzer] | None = None
    enable_interruptions: bool | None = None
    side_effect_tools: Collection[str] | None = None
    reprompts: Sequence[str] = ("Are you still there?", "Hello? Are you still there?")
    reprompt_secs: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what would fail only in a call."""
        secs = self.silence_secs
        if secs is not None and not (isinstance(secs, int | float) and secs > 0):
            raise ValueError(f"silence_secs={self.silence_secs!r}: give seconds above 0")
        if not self.reprompt_secs > 0:
            raise ValueError(f"reprompt_secs={self.reprompt_secs!r}: give seconds above 0")
        if isinstance(self.reprompts, str) or not all(isinstance(t, str) for t in self.reprompts):
            raise TypeError(f"reprompts={self.reprompts!r}: give a list of texts")
        if self.strategies is not None and not callable(self.strategies):
            raise TypeError(
                f"strategies={self.strategies!r}: give a function that makes them for each call, "
                "such as lambda: UserTurnStrategies(stop=[…])"
            )
        if self.strategies is not None and self.silence_secs is not None:
            raise ValueError(
                f"silence_secs={self.silence_secs!r} beside strategies: give these a "
                "SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=…) instead"
            )
        if not (self.vad is None or isinstance(self.vad, VADParams) or callable(self.vad)):
            raise TypeError(
                f"vad={self.vad!r}: give VADParams(…), or a class or function that makes a "
                "VADAnalyzer for each call"
            )
        if isinstance(self.side_effect_tools, str):
            raise TypeError(
                f"side_effect_tools={self.side_effect_tools!r}: give a set of names, such as "
                f"{ {self.side_effect_tools} }"
            )

    def interruption(self, settings: InterruptionSettings | None) -> Interruption | None:
        """Make what judges what is said over the agent in one call, if it is wanted.

        Args:
            settings: How callers interrupt.
        """
        if settings is None:
            return None
        return Interruption(
            settings=settings,
            enable_interruptions=self.enable_interruptions,
            side_effect_tools=self.side_effect_tools,
        )


@dataclass(frozen=True, kw_only=True)
class Turns:
    """What tells the turns of one call.

    Parameters:
        strategies: Tell when a turn begins and ends.
        vad_analyzer: Hears whether the caller speaks.
        turn_analyzer: That of the strategies, if it is ours.
        need_all_audio: Whether something of it may have to hear silence, too.
    """

    strategies: UserTurnStrategies
    vad_analyzer: VADAnalyzer
    turn_analyzer: BaseTurnAnalyzer | None = None
    need_all_audio: bool = False

    @classmethod
    def of_call(
        cls,
        settings: TurnSettings,
        stt: FrameProcessor,
        interruption: Interruption | None,
        *,
        embedded: bool = False,
        realtime: bool = False,
    ) -> "Turns":
        """Make them.

        Args:
            settings: The agent's.
            stt: The call's speech-to-text.
            interruption: Judges first what is said over the agent, if it is wanted.
            embedded: Whether the speech-to-text is PocketSphinx, by name.
            realtime: Whether the model hears the caller itself, so that no turn waits for a word.
        """
        silence_secs = settings.silence_secs
        if silence_secs is None and embedded:
            silence_secs = EMBEDDED_SPEECH_TIMEOUT_SECS
        chosen: UserTurnStrategies | None = None
        if settings.strategies:
            chosen = _made(settings.strategies, UserTurnStrategies, "turns.strategies")
        elif silence_secs is None:
            chosen = recommended(stt)
        turn_analyzer: SharedSmartTurnAnalyzer | None = None
        start: list[BaseUserTurnStartStrategy] | None = None
        stop: list[BaseUserTurnStopStrategy] | None
        if chosen:
            start, stop = chosen.start, chosen.stop
        elif silence_secs is None:
            turn_analyzer = SharedSmartTurnAnalyzer()
            stop = [
                TurnAnalyzerUserTurnStopStrategy(
                    turn_analyzer=turn_analyzer, wait_for_transcript=not realtime
                )
            ]
        else:
            stop = [
                SpeechTimeoutUserTurnStopStrategy(
                    user_speech_timeout=silence_secs, wait_for_transcript=not realtime
                )
            ]
        if settings.vad is None or isinstance(settings.vad, VADParams):
            vad: VADAnalyzer = SharedSileroVADAnalyzer(params=settings.vad)
        else:
            vad = _made(settings.vad, VADAnalyzer, "turns.vad")  # type: ignore[type-abstract]
        brought = [*(start or []), *(stop or [])] if chosen else []
        _refuse_shared(vad, *brought)
        if start is None and realtime:
            interrupts = (
                interruption.strategy.settings.enable_interruptions
                if interruption
                else settings.enable_interruptions is not False
            )
            start = [VADUserTurnStartStrategy(enable_interruptions=interrupts)]
        elif start is None and interruption is None and settings.enable_interruptions is False:
            start = [
                VADUserTurnStartStrategy(enable_interruptions=False),
                TranscriptionUserTurnStartStrategy(enable_interruptions=False),
            ]
        strategies = interruption.turn_strategies if interruption else UserTurnStrategies
        return cls(
            strategies=strategies(start=start, stop=stop),
            vad_analyzer=vad,
            turn_analyzer=turn_analyzer,
            need_all_audio=not all(type(strategy) in DEAF for strategy in brought),
        )


def recommended(processor: FrameProcessor) -> UserTurnStrategies | None:
    """Return the strategies that a service, or the first of those in a switcher, brings along.

    Args:
        processor: The service.
    """
    announce = getattr(processor, "service_metadata_frame", None)
    # What does not find turns itself has Pipecat's own, which would warn of its latency twice.
    if announce and announce.__qualname__ != "STTService.service_metadata_frame":
        frame: ServiceMetadataFrame | None = announce()
        if frame and frame.user_turn_strategies:
            return frame.user_turn_strategies
    return next(filter(None, map(recommended, processor.processors)), None)


T = TypeVar("T")


def _made(make: Callable[[], T], kind: type[T], name: str) -> T:
    try:
        made: object = make()
    except Exception as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise UnusableService(
            f"{name}={reprlib.repr(make)}, called without arguments, raised {told}"
        ) from error
    if not isinstance(made, kind):
        if inspect.iscoroutine(made):
            made.close()
        raise TypeError(
            f"{name} returned {made!r}: it must return a {kind.__name__}, a new one for each call"
        )
    return made


# What serves a call, and so no other.
_served: WeakSet[object] = WeakSet()


def _refuse_shared(*parts: object) -> None:
    for part in parts:
        if part in _served:
            raise UnusableService(
                f"{part} was made for another call: turns must make a new "
                f"{type(part).__name__} each time"
            )
        _served.add(part)
