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

from antiphon.services.scripted.script import Script, ToolCall
from pipecat.adapters.llm.services.open_ai_adapter import OpenAILLMAdapter
from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

__all__ = ["ScriptedLLMService"]

_TOKEN = re.compile(r"\S+\s*")


class ScriptedLLMService(LLMService):
    """An LLM service that follows a `Script`.

    Args:
        script: The agent; by default the built-in order desk.
        ttft_secs: Time to the first token.
        tokens_per_sec: The pace of the others. A token is a word.
        **kwargs: Passed to Pipecat's `LLMService`.

    Raises:
        ValueError: If a pace is not positive.
    """

    adapter_class = OpenAILLMAdapter

    def __init__(
        self,
        *,
        script: Script | None = None,
        ttft_secs: float = 0.1,
        tokens_per_sec: float = 50.0,
        **kwargs: Any,
    ) -> None:
        if ttft_secs < 0 or tokens_per_sec <= 0:
            raise ValueError(
                f"ttft_secs={ttft_secs!r} must be 0 or more, "
                f"tokens_per_sec={tokens_per_sec!r} more than 0"
            )
        super().__init__(
            settings=LLMSettings(
                model="scripted",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=False,
                user_turn_completion_config=None,
                use_provider_thinking_default=False,
            ),
            **kwargs,
        )
        self._script = script or Script.order_status()
        self._ttft_secs = ttft_secs
        self._token_secs = 1 / tokens_per_sec

    def can_generate_metrics(self) -> bool:
        """Whether TTFB and processing metrics are reported: yes."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self.start_processing_metrics()
            await self._answer(frame.context)
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())

    async def _answer(self, context: LLMContext) -> None:
        await self.start_ttfb_metrics()
        messages = [
            cast(Mapping[str, Any], message)
            for message in context.get_messages()
            if isinstance(message, dict)
        ]
        answer = self._script.respond(messages)
        await asyncio.sleep(self._ttft_secs)
        await self.stop_ttfb_metrics()
        if isinstance(answer, ToolCall):
            call = FunctionCallFromLLM(
                function_name=answer.name,
                tool_call_id=str(uuid.uuid4()),
                arguments=answer.arguments,
                context=context,
            )
            await self.run_function_calls([call])
            return
        for index, token in enumerate(_TOKEN.findall(answer.text)):
            if index:
                await asyncio.sleep(self._token_secs)
            await self._push_llm_text(token)
