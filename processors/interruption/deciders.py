"""Another decider first, ours where it fails or takes too long."""

import asyncio

from loguru import logger

from antiphon.processors.interruption.decision import (
    Decider,
    Decision,
    InterruptionDecider,
    Utterance,
)
from antiphon.processors.interruption.settings import InterruptionSettings

__all__ = ["Deciders"]


class Deciders:
    """Decides about one utterance at a time; `reset` it between utterances."""

    def __init__(self, settings: InterruptionSettings, other: Decider | None) -> None:
        self._other = other
        self._limit_secs = settings.decider_limit_secs
        self._ours = InterruptionDecider(settings=settings.decision)

    def reset(self) -> None:
        """Forget the utterance."""
        self._ours.reset()

    async def decide(self, utterance: Utterance) -> Decision:
        """Decide about the utterance as it stands.

        Args:
            utterance: All that is known so far.
        """
        if self._other:
            try:
                async with asyncio.timeout(self._limit_secs):
                    return await self._other.decide(utterance)
            except TimeoutError:
                logger.debug(f"{self._other}: took too long to decide about an interruption")
            except Exception as error:
                logger.warning(f"{self._other}: failed to decide ({type(error).__name__})")
        return self._ours.decide(utterance)
