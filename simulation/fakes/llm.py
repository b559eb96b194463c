"""A language model that says what its script says."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.simulation.fakes.behaviour import Failure, Latency
from antiphon.simulation.frames import split_words

__all__ = ["FakeLLM", "Reply", "ToolCall"]


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A reply that calls a tool; the model runs again with its result.

    Parameters:
        name: The tool's name, as registered with the service.
        arguments: Its arguments.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Reply = str | ToolCall | Failure


class FakeLLM(AnsweringLLMService):
    """Answers each run with the next line of its script, or with what a function says.

    Past the end of the script it answers with nothing.
    """

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
        super().__init__(model="fake-llm", tokens_per_sec=tokens_per_second)
        self._next_reply = script if callable(script) else _in_turn(script)
        self._script_latency = latency or Latency(median=0.3)
        self._chunk_chars = chunk_chars
        self._calls = 0

    async def answer(self, context: LLMContext) -> None:
        """Answer with the next reply of the script.

        Args:
            context: The conversation.
        """
        reply = self._next_reply(context)
        await asyncio.sleep(self._script_latency.draw())
        await self.stop_ttfb_metrics()
        match reply:
            case str():
                await self.say(split_words(reply, size=self._chunk_chars))
            case ToolCall():
                self._calls += 1
                call_id = f"call-{self._calls}"
                await self.call(reply.name, reply.arguments, call_id=call_id, context=context)
            case Failure():
                await self.say(split_words(reply.text, size=self._chunk_chars)[: reply.after])
                if reply.stall:
                    await asyncio.Event().wait()
                await self.push_error(reply.message, category=reply.category)


def _in_turn(script: Iterable[Reply]) -> Callable[[LLMContext], Reply]:
    replies = iter(script)
    return lambda _context: next(replies, "")
