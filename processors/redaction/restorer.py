"""Gives values back to those who may have them: the TTS, and the tools that the policy names.

Put it before the TTS. Wrap a tool's handler with `tool`, and its arguments arrive restored while
the context, the logs and the client go on seeing placeholders; what it returns is redacted again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.processors.redaction.core.policy import TTS, Policy
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.values import redact_value
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.frames import renewed
from antiphon.processors.safe_processor import SafeProcessor

if TYPE_CHECKING:
    from pipecat.services.llm_service import FunctionCallParams

__all__ = ["PIIRestorer"]

Handler = Callable[["FunctionCallParams"], Awaitable[None]]
MOST_HELD = 64


class PIIRestorer(SafeProcessor):
    """Puts the vault's values in the place of placeholders in what will be spoken.

    Args:
        vault: The call's vault, the same as the redactors'.
        policy: Who may have what back, the same as the redactors'.
        language: The language spoken, for what tools return.
    """

    def __init__(self, *, vault: Vault, policy: Policy, language: str = "en") -> None:
        super().__init__()
        self.vault = vault
        self.policy = policy
        self._tool_results = Redactor(policy, language=language, vault=vault)
        self._speakable = policy.restorable(TTS)
        self.gives_values_back = bool(self._speakable)
        self._tail = ""
        self._last: LLMTextFrame | None = None

    def holds(self) -> Sequence[object]:
        """Name the vault: it is this call's alone."""
        return (self.vault,)

    def tool(self, handler: Handler) -> Handler:
        """Wrap a tool's handler: arguments restored as its name allows, results redacted.

        Args:
            handler: What would be given to `LLMService.register_function`.
        """

        @wraps(handler)
        async def restored(params: "FunctionCallParams") -> None:
            kinds = self.policy.restorable(params.function_name)
            deliver = params.result_callback

            async def redacted(result: Any, **options: Any) -> None:
                await deliver(redact_value(self._tool_results, result), **options)

            await handler(
                replace(
                    params,
                    arguments=self._restore(params.arguments, kinds),
                    result_callback=redacted,
                )
            )

        return restored

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Restore in text on its way to the TTS; a placeholder may come in pieces."""
        match frame:
            case LLMTextFrame():
                self._last = frame
                text = self._tail + frame.text
                held = min(self.vault.pending(text), MOST_HELD)
                self._tail = text[len(text) - held :]
                await self._push_text(frame, text[: len(text) - held], direction)
            case AggregatedTextFrame() | TTSSpeakFrame():
                await self._push_text(frame, frame.text, direction)
            case LLMFullResponseEndFrame():
                await self._flush()
                await self.push_frame(frame, direction)
            case _:
                await self.push_frame(frame, direction)

    async def handle_lifecycle(self, frame: Frame, direction: FrameDirection) -> None:
        """Discard the tail at an interruption, say it at the end."""
        if isinstance(frame, InterruptionFrame):
            self._tail = ""
        elif isinstance(frame, EndFrame):
            await self._flush()

    async def _flush(self) -> None:
        tail, self._tail = self._tail, ""
        if tail and self._last:
            await self._push_text(self._last, tail, FrameDirection.DOWNSTREAM)

    async def _push_text(
        self,
        frame: LLMTextFrame | AggregatedTextFrame | TTSSpeakFrame,
        text: str,
        direction: FrameDirection,
    ) -> None:
        shown = self.vault.restore(text, self._speakable, spoken=True)
        if shown or not frame.text:
            await self.push_frame(renewed(frame, text=shown), direction)

    def _restore(self, value: Any, kinds: frozenset[str]) -> Any:
        if isinstance(value, str):
            return self.vault.restore(value, kinds)
        if isinstance(value, Mapping):
            return {self._restore(k, kinds): self._restore(v, kinds) for k, v in value.items()}
        if isinstance(value, list):
            return [self._restore(v, kinds) for v in value]
        return value
