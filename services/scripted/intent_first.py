"""A script before a language model: what it is sure of needs no request to that."""

from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import DataFrame, Frame, LLMContextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import LLMService

from antiphon.services.scripted.llm import ScriptedLLMService, messages_of
from antiphon.services.scripted.script import Answer, Script, ToolCall

__all__ = ["IntentFirstLLMService"]


class IntentFirstLLMService(Pipeline):
    """A language model with a script before it, which answers at once what it is sure of.

    It takes the place of the model: `VoiceAgent(llm=lambda: IntentFirstLLMService(script=…,
    fallback=OpenAILLMService(…)))`. Each sees in the context what the other said.

    Args:
        script: What is answered without the model. Its `greeting` is said if the model is asked
            before the caller has spoken.
        fallback: The model, for all else.

    Raises:
        ValueError: If the script has no wordings to be sure by.
    """

    def __init__(self, *, script: Script, fallback: LLMService[Any]) -> None:
        if script.router is None:
            raise ValueError("script: none of its intents has wordings, so it is sure of nothing")
        self._fallback = fallback
        self._first = _Sure(script=script, ttft_secs=0.0)
        super().__init__([self._first, fallback, _Past(self._first)])

    def register_function(self, *args: Any, **kwargs: Any) -> None:
        """Register a tool with both, as `LLMService.register_function` does.

        Args:
            *args: What that takes.
            **kwargs: Idem.
        """
        for service in (self._first, self._fallback):
            service.register_function(*args, **kwargs)

    async def run_inference(self, *args: Any, **kwargs: Any) -> str | None:
        """Ask the model beside the conversation, as `LLMService.run_inference` does.

        Args:
            *args: What that takes.
            **kwargs: Idem.
        """
        return await self._fallback.run_inference(*args, **kwargs)


@dataclass
class _ForTheScriptFrame(DataFrame):
    """A context that the model is to let past.

    Parameters:
        context: The conversation.
    """

    context: LLMContext


class _Sure(ScriptedLLMService):
    """Answers what the script is sure of, and passes on the rest."""

    def answers(self, context: LLMContext) -> bool:
        return self._script.respond_if_sure(messages_of(context)) is not None

    def decide(self, context: LLMContext) -> Answer | ToolCall:
        return self._script.respond_if_sure(messages_of(context)) or super().decide(context)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, _ForTheScriptFrame):
            frame = LLMContextFrame(context=frame.context)
        await super().process_frame(frame, direction)


class _Past(FrameProcessor):
    """Takes contexts that come from behind the model, as with a tool's result, past it."""

    def __init__(self, first: _Sure) -> None:
        super().__init__()
        self._first = first

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        upstream = direction is FrameDirection.UPSTREAM
        if upstream and isinstance(frame, LLMContextFrame) and self._first.answers(frame.context):
            frame = _ForTheScriptFrame(context=frame.context)
        await self.push_frame(frame, direction)
