"""The stop strategies of the turns that ours begins."""

import asyncio
from collections.abc import Iterable, Sequence

from pipecat.audio.vad.vad_analyzer import VAD_STOP_SECS
from pipecat.frames.frames import Frame, VADUserStoppedSpeakingFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_start import BaseUserTurnStartStrategy
from pipecat.turns.user_stop import (
    BaseUserTurnStopStrategy,
    DeferredUserTurnStopStrategy,
    ExternalUserTurnStopStrategy,
    SpeechTimeoutUserTurnStopStrategy,
    TurnAnalyzerUserTurnStopStrategy,
)

from antiphon.core.reaching_in import start_strategies, stop_strategies, tell_of_turn

__all__ = ["StopStrategies"]

# They ask for nothing but the caller's last words and some silence.
_ENDED_BY_SILENCE = (
    ExternalUserTurnStopStrategy,
    SpeechTimeoutUserTurnStopStrategy,
    TurnAnalyzerUserTurnStopStrategy,
)

# An interruption has gone through the pipeline, to what writes down the agent's words.
_INTERRUPTED_SECS = 0.05


class StopStrategies:
    """What ends a turn forgets, as the turn begins, all that it heard before.

    But ours begins a turn when an utterance is known to be one, which may be after its last word:
    nothing more would come, and Pipecat would end the turn by its timer, 5 s later.
    """

    def __init__(self, ours: BaseUserTurnStartStrategy) -> None:
        self._ours = ours
        self._processor: FrameProcessor | None = None

    def watch(self, processors: Iterable[FrameProcessor]) -> None:
        """Find out who starts the turns.

        Args:
            processors: All of the pipeline.
        """
        for processor in processors:
            if self._ours in start_strategies(processor):
                self._processor = processor

    @property
    def wait_for_words(self) -> bool:
        """Whether a turn ends with its transcript; that of a speech-to-speech model does not."""
        stop = map(_inner, self._all())
        return all(getattr(strategy, "wait_for_transcript", True) for strategy in stop)

    async def tell_again(self, frames: Sequence[Frame], *, over: bool) -> None:
        """Tell those of a turn that has begun what belongs to it.

        Args:
            frames: What they had heard of it before.
            over: Whether all was said, and the caller has waited since.
        """
        stop = self._all()
        for strategy in stop:
            for frame in frames:
                await strategy.process_frame(frame)
        ends = [each for each in map(_inner, stop) if isinstance(each, _ENDED_BY_SILENCE)]
        if over and ends:
            # The agent's words go into the context with the interruption, ahead of the caller's.
            await asyncio.sleep(_INTERRUPTED_SECS)
            await ends[0].trigger_user_turn_stopped()

    async def voice_is_over(self) -> None:
        """Have them take the caller for silent, although the VAD hears a voice."""
        # Pipecat ends no turn while the VAD does.
        over = VADUserStoppedSpeakingFrame(stop_secs=VAD_STOP_SECS)
        await tell_of_turn(self._processor, over)

    def _all(self) -> "list[BaseUserTurnStopStrategy]":
        return list(stop_strategies(self._processor))


def _inner(strategy: BaseUserTurnStopStrategy) -> BaseUserTurnStopStrategy:
    return strategy.inner if isinstance(strategy, DeferredUserTurnStopStrategy) else strategy
