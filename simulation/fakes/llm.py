"""A language model that says what its script says."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.simulation.fakes.behaviour import Failure, Latency
from antiphon.simulation.frames import split_words
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

__all__ = ["FakeLLM", "Reply", "ToolCall"]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A reply that calls a tool; the model runs again with its result.

    Attributes:
        name: The tool's name, as registered with the service.
        arguments: Its arguments.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Reply = str | ToolCall | Failure


class FakeLLM(LLMService[OpenAILLMAdapter]):
    """Answers each run with the next line of its script, or with what a function says.

    Past the end of the script it answers with nothing.
    """

    adapter_class = OpenAILLMAdapter

    def __init__(
        self,
        *,
        script: Iterable[Reply] | Callable[[LLMContext], Reply],
        latency: Latency | None = None,
        tokens_per_second: float = 50.0,
        chunk_chars: int | None = None,
    ) -> None:
        """Create the service.

        Args:
            script: One reply for each run, or a function of the context that gives it.
            latency: From the request to the first token; 0.3 s by default.
            tokens_per_second: The pace of the tokens.
            chunk_chars: Characters in one token; by default a token is a word with its space.
        """
        super().__init__(settings=_settings())
        self._next_reply = script if callable(script) else _in_turn(script)
        self._script_latency = latency or Latency(median=0.3)
        self._token_secs = 1 / tokens_per_second
        self._chunk_chars = chunk_chars
        self._calls = 0

    def can_generate_metrics(self) -> bool:
        """Say that metrics are measured."""
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
        await self.push_frame(LLMFullResponseStartFrame())
        try:
            await self.start_ttfb_metrics()
            await self._answer(frame.context)
        finally:
            await self.push_frame(LLMFullResponseEndFrame())

    async def _answer(self, context: LLMContext) -> None:
        reply = self._next_reply(context)
        await asyncio.sleep(self._script_latency.draw())
        await self.stop_ttfb_metrics()
        match reply:
            case str():
                await self._say(split_words(reply, size=self._chunk_chars))
            case ToolCall():
                self._calls += 1
                call = FunctionCallFromLLM(
                    function_name=reply.name,
                    tool_call_id=f"call-{self._calls}",
                    arguments=dict(reply.arguments),
                    context=context,
                )
                await self.run_function_calls([call])
            case Failure():
                await self._say(split_words(reply.text, size=self._chunk_chars)[: reply.after])
                if reply.stall:
                    await asyncio.Event().wait()
                await self.push_error(reply.message, category=reply.category)

    async def _say(self, tokens: list[str]) -> None:
        for token in tokens:
            await self._push_llm_text(token)
            await asyncio.sleep(self._token_secs)


def _in_turn(script: Iterable[Reply]) -> Callable[[LLMContext], Reply]:
    replies = iter(script)
    return lambda _context: next(replies, "")


def _settings() -> LLMSettings:
    return LLMSettings(
        model="fake-llm",
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
    )
