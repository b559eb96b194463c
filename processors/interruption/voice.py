"""The agent's voice as the strategy moves it, with a gate or without one."""

from collections.abc import Container

from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.processors.interruption.echo import OwnWords
from antiphon.processors.interruption.gate import PlaybackGate

__all__ = ["AgentVoice"]


class AgentVoice:
    """Without a gate the agent talks on at full loudness, and what it says is not known."""

    def __init__(self, playback: PlaybackGate | None) -> None:
        self._gate = playback
        self.own_words = playback.own_words if playback else OwnWords()

    def watch(self, processors: Container[FrameProcessor]) -> None:
        """Warn of a gate that the voice does not go through.

        Args:
            processors: All of the pipeline.
        """
        if self._gate and self._gate not in processors:
            logger.warning(
                f"{self._gate}: the agent talks on at full loudness; put interruption.playback "
                "behind the TTS service, before transport.output()"
            )

    @property
    def text(self) -> str:
        """What the agent is saying."""
        return self._gate.ledger.text() if self._gate else ""

    @property
    def heard_secs(self) -> float:
        """How much of the reply the caller has heard."""
        return self._gate.reply_heard_secs if self._gate else 0.0

    @property
    def fills(self) -> bool:
        """Whether what was said last only filled a wait."""
        return self._gate is not None and self._gate.fills

    @property
    def held(self) -> bool:
        """Whether the agent is silent in the middle of what it says."""
        return self._gate is not None and self._gate.held

    def late(self, now: float) -> bool:
        """Whether the far end still plays what has had its turn.

        Args:
            now: The time.
        """
        return self._gate is not None and self._gate.ledger.far_end.late(now)

    @property
    def protected(self) -> bool:
        """Whether what is being said must be heard to its end."""
        return self._gate is not None and self._gate.protected

    def asked(self, secs_ago: float) -> bool:
        """Return whether the agent was asking something.

        Args:
            secs_ago: How long ago.
        """
        return self._gate is not None and self._gate.asked(secs_ago=secs_ago)

    def duck(self) -> bool:
        """Speak more quietly; return whether that is possible."""
        if self._gate:
            self._gate.duck()
        return self._gate is not None

    def hold(self) -> bool:
        """Fall silent, and lose nothing; return whether that is possible."""
        if self._gate:
            self._gate.hold()
        return self._gate is not None

    def go_on(self, *, quietly: bool = False) -> None:
        """Speak on where it fell silent.

        Args:
            quietly: More quietly than before.
        """
        if self._gate:
            self._gate.restore()
            self._gate.resume()
            if quietly:
                self._gate.duck()
