"""A language model in the pipeline without one behind it: what it answers, a subclass says."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

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

from antiphon.core.pipecat_internals import Part, require

__all__ = ["AnsweringLLMService"]


class AnsweringLLMService(LLMService[OpenAILLMAdapter]):
    """Answers each context as a real service does: frames, pace, metrics, tools, interruption.

    Subclasses override `answer`, and `answers` if another model comes after them.
    """

    adapter_class = OpenAILLMAdapter

    def __init__(self, *, model: str, tokens_per_sec: float, **kwargs: Any) -> None:
        """Create the service.

        Args:
            model: What metrics call it.
            tokens_per_sec: The pace of the tokens after the first.
            **kwargs: Passed to Pipecat's `LLMService`.

        Raises:
            ValueError: If the pace is not positive.
        """
        require(Part.SERVICES)
        if not tokens_per_sec > 0:
            raise ValueError(f"tokens_per_sec={tokens_per_sec!r} must be more than 0")
        super().__init__(
            settings=LLMSettings(
                model=model,
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
        self._token_secs = 1 / tokens_per_sec

    def can_generate_metrics(self) -> bool:
        """Whether TTFB and processing metrics are reported: yes."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context, if it is for this model.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame) or not self.answers(frame.context):
            await self.push_frame(frame, direction)
            return
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self.start_processing_metrics()
            await self.start_ttfb_metrics()
            await self.answer(frame.context)
        finally:
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())

    def answers(self, context: LLMContext) -> bool:
        """Whether this model answers a context, or passes it on to the next.

        Args:
            context: The conversation.
        """
        return True

    async def answer(self, context: LLMContext) -> None:
        """Answer, with `say` or `call`, and stop the TTFB metrics at the first token.

        Args:
            context: The conversation.
        """
        raise NotImplementedError

    async def say(self, tokens: Iterable[str]) -> None:
        """Say tokens at their pace.

        Args:
            tokens: The tokens, with their spaces.
        """
        for index, token in enumerate(tokens):
            if index:
                await asyncio.sleep(self._token_secs)
            await self._push_llm_text(token)

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, call_id: str, context: LLMContext
    ) -> None:
        """Call a tool; the model is asked again with its result.

        Args:
            name: The tool's name, as registered.
            arguments: Its arguments.
            call_id: Tells this call from the others of the conversation.
            context: The conversation.
        """
        call = FunctionCallFromLLM(
            function_name=name, tool_call_id=call_id, arguments=dict(arguments), context=context
        )
        await self.run_function_calls([call])
