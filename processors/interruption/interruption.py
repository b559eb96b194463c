"""The parts of the capability, wired to each other."""

from collections.abc import Collection
from dataclasses import replace

from loguru import logger
from pipecat.frames.frames import Frame, StartFrame
from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
)
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from antiphon.processors.interruption.decision import Decider
from antiphon.processors.interruption.gate import PlaybackGate
from antiphon.processors.interruption.settings import InterruptionSettings
from antiphon.processors.interruption.strategy import InterruptionStrategy
from antiphon.processors.safe_processor import serves

__all__ = ["Interruption"]


class Interruption:
    """A strategy for the user aggregator, and the gate that obeys it; one pair a call.

    Example::

        interruption = Interruption()
        aggregators = LLMContextAggregatorPair(
            context,
            user_params=LLMUserAggregatorParams(
                user_turn_strategies=interruption.turn_strategies(),
                vad_analyzer=SileroVADAnalyzer(),
            ),
        )
        pipeline = Pipeline([
            transport.input(), stt, aggregators.user(), llm, tts,
            interruption.playback, transport.output(), aggregators.assistant(),
        ])
    """

    def __init__(
        self,
        *,
        settings: InterruptionSettings | None = None,
        enable_interruptions: bool | None = None,
        side_effect_tools: Collection[str] | None = None,
        decider: Decider | None = None,
    ) -> None:
        """Create both.

        Args:
            settings: How callers interrupt, and how the agent sounds when they do.
            enable_interruptions: Goes before that of the settings.
            side_effect_tools: Goes before those of the settings.
            decider: Asked before the decider that comes with the package.
        """
        settings = settings or InterruptionSettings()
        if enable_interruptions is not None:
            settings = replace(settings, enable_interruptions=enable_interruptions)
        if side_effect_tools is not None:
            settings = replace(settings, side_effect_tools=frozenset(side_effect_tools))
        self.playback = PlaybackGate(settings=settings.playback)
        self.strategy = InterruptionStrategy(
            settings=settings, playback=self.playback, decider=decider
        )
        self.playback.add_event_handler("on_before_process_frame", self._tell_if_forgotten)

    async def _tell_if_forgotten(self, gate: PlaybackGate, frame: Frame) -> None:
        if not isinstance(frame, StartFrame):
            return
        gate.remove_event_handler("on_before_process_frame", self._tell_if_forgotten)
        if not serves(self.strategy, gate.pipeline_worker):
            logger.warning(
                f"{gate}: nothing tells it who interrupts; give LLMUserAggregatorParams("
                "user_turn_strategies=interruption.turn_strategies())"
            )

    def turn_strategies(
        self,
        *,
        start: list[BaseUserTurnStartStrategy] | None = None,
        stop: list[BaseUserTurnStopStrategy] | None = None,
    ) -> UserTurnStrategies:
        """Return the strategy first among Pipecat's own, for the user aggregator.

        Args:
            start: How a turn begins while the agent is silent; by default as in Pipecat.
            stop: How a turn ends; by default as in Pipecat.
        """
        if start is None:
            interrupts = self.strategy.settings.enable_interruptions
            start = [
                VADUserTurnStartStrategy(enable_interruptions=interrupts),
                TranscriptionUserTurnStartStrategy(enable_interruptions=interrupts),
            ]
        return UserTurnStrategies(start=[self.strategy, *start], stop=stop)
