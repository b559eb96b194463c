"""The stand-in where no language model is configured: a script that speaks Pipecat's LLM ways.

Tokens come at a set pace, tools run through Pipecat's own function calling and their results are
in the context, and an interruption stops it, as with a real model. With the same script every run
is the same.
"""

import asyncio
import re
import uuid
from collections.abc import Mapping
from typing import Any, cast

from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.core.frames import GoodbyeFrame, NotUnderstoodFrame
from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.services.scripted.script import Answer, Script, ToolCall

__all__ = ["ScriptedLLMService", "messages_of"]

_TOKEN = re.compile(r"\S+\s*")


class ScriptedLLMService(AnsweringLLMService):
    """An LLM service that follows a `Script`.

    Args:
        script: The agent; by default the built-in order desk.
        ttft_secs: Time to the first token.
        tokens_per_sec: The pace of the others. A token is a word.
        **kwargs: Passed to Pipecat's `LLMService`.

    Raises:
        ValueError: If a pace is not positive.
    """

    def __init__(
        self,
        *,
        script: Script | None = None,
        ttft_secs: float = 0.1,
        tokens_per_sec: float = 50.0,
        **kwargs: Any,
    ) -> None:
        if ttft_secs < 0:
            raise ValueError(f"ttft_secs={ttft_secs!r} must be 0 or more")
        super().__init__(model="scripted", tokens_per_sec=tokens_per_sec, **kwargs)
        self._script = script or Script.order_status()
        # Made here, and not when somebody has spoken: it takes some hundred milliseconds.
        _ = self._script.router
        self._ttft_secs = ttft_secs

    def decide(self, context: LLMContext) -> Answer | ToolCall:
        """Return what the script says or calls next.

        Args:
            context: The conversation.
        """
        return self._script.respond(messages_of(context))

    async def answer(self, context: LLMContext) -> None:
        """Answer as the script does.

        Args:
            context: The conversation.
        """
        answer = self.decide(context)
        await asyncio.sleep(self._ttft_secs)
        await self.stop_ttfb_metrics()
        if isinstance(answer, ToolCall):
            call_id = str(uuid.uuid4())
            await self.call(answer.name, answer.arguments, call_id=call_id, context=context)
            return
        if not answer.understood:
            await self.push_frame(NotUnderstoodFrame())
        await self.say(_TOKEN.findall(answer.text))
        if answer.goodbye:
            await self.push_frame(GoodbyeFrame())


def messages_of(context: LLMContext) -> list[Mapping[str, Any]]:
    """Return the messages that any model reads, without those in one vendor's own form.

    Args:
        context: The conversation.
    """
    return [
        cast(Mapping[str, Any], message)
        for message in context.get_messages()
        if isinstance(message, dict)
    ]
