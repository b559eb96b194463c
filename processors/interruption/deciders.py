"""Another decider first, ours where it fails or takes too long."""

import asyncio

from loguru import logger
from pipecat.frames.frames import LLMMessagesAppendFrame

from antiphon.processors.interruption.decision import (
    Decider,
    Decision,
    InterruptionDecider,
    Utterance,
)
from antiphon.processors.interruption.echo import judge_echo
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

    def note(self, words: str, language: str | None) -> LLMMessagesAppendFrame | None:
        """Return what the model is to know of words that did not interrupt; None for "uh-huh".

        Args:
            words: What was said over the agent.
            language: In which language, if it is known.
        """
        if self._ours.is_comment(words, language):
            return None
        text = f'While you were speaking the caller said "{words}". You spoke on.'
        return LLMMessagesAppendFrame([{"role": "developer", "content": text}], run_llm=False)

    async def decide(self, utterance: Utterance) -> Decision:
        """Decide about the utterance as it stands.

        Args:
            utterance: All that is known so far.
        """
        judged = judge_echo(utterance)
        if isinstance(judged, Decision):
            return judged
        utterance = judged
        if self._other:
            try:
                async with asyncio.timeout(self._limit_secs):
                    return await self._other.decide(utterance)
            except TimeoutError:
                logger.debug(f"{self._other}: took too long to decide about an interruption")
            except Exception as error:
                logger.warning(f"{self._other}: failed to decide ({type(error).__name__})")
        return self._ours.decide(utterance)
