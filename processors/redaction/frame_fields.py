"""The values that Pipecat's frames carry besides text: which fields of which frames are redacted.

Text itself (`TextFrame` and what a voice says) is the redactor's own business, as it comes in
pieces. A test goes through all frames of Pipecat; it fails for a field that may hold text and is
neither redacted nor listed there as harmless.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from pipecat.frames.frames import (
    ExternalFunctionCallInProgressFrame,
    ExternalFunctionCallResultFrame,
    Frame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InputFileRawFrame,
    InputTransportMessageFrame,
    LLMContextFrame,
    LLMContextSummaryRequestFrame,
    LLMContextSummaryResultFrame,
    LLMContextUserTurnFrame,
    LLMMarkerFrame,
    LLMMarkerResponseFrame,
    LLMMessagesAppendFrame,
    LLMMessagesTransformFrame,
    LLMMessagesUpdateFrame,
    LLMUpdateSettingsFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    TextFrame,
    UserFileRawFrame,
    UserImageRawFrame,
    UserImageRequestFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frameworks.rtvi.frames import (
    RTVIClientMessageFrame,
    RTVISendTextFrame,
    RTVIServerMessageFrame,
    RTVIServerResponseFrame,
    RTVIUICommandFrame,
    RTVIUIEventFrame,
    RTVIUISnapshotFrame,
)

__all__ = ["CARRIED", "carried", "has_text", "redacted_fields"]

CARRIED: dict[type[Frame], tuple[str, ...]] = {
    ExternalFunctionCallInProgressFrame: ("arguments",),
    ExternalFunctionCallResultFrame: ("arguments", "result"),
    FunctionCallInProgressFrame: ("arguments",),
    FunctionCallResultFrame: ("arguments", "result", "error"),
    FunctionCallsStartedFrame: ("function_calls",),
    InputFileRawFrame: ("filename",),
    InputTransportMessageFrame: ("message",),
    LLMContextFrame: ("context",),
    LLMContextSummaryRequestFrame: ("context",),
    LLMContextSummaryResultFrame: ("summary", "error"),
    LLMContextUserTurnFrame: ("text",),
    LLMMarkerFrame: ("marker",),
    LLMMarkerResponseFrame: ("raw", "marker", "markers"),
    LLMMessagesAppendFrame: ("messages",),
    LLMMessagesTransformFrame: ("transform",),
    LLMMessagesUpdateFrame: ("messages",),
    LLMUpdateSettingsFrame: ("settings", "delta"),
    OutputTransportMessageFrame: ("message",),
    OutputTransportMessageUrgentFrame: ("message",),
    RTVIClientMessageFrame: ("data",),
    RTVISendTextFrame: ("text",),
    RTVIServerMessageFrame: ("data",),
    RTVIServerResponseFrame: ("data", "error"),
    RTVIUICommandFrame: ("payload",),
    RTVIUIEventFrame: ("payload",),
    RTVIUISnapshotFrame: ("tree",),
    UserFileRawFrame: ("text", "filename", "custom_options"),
    UserImageRawFrame: ("text",),
    UserImageRequestFrame: ("text",),
}


@cache
def _carried(kind: Any) -> tuple[str, ...]:
    return next((CARRIED[base] for base in kind.__mro__ if base in CARRIED), ())


def carried(frame: Frame) -> tuple[str, ...]:
    """The fields of a frame that are redacted as values."""
    kind: Any = type(frame)
    fields: tuple[str, ...] = _carried(kind)
    return fields


def has_text(frame: Frame) -> bool:
    """Whether a frame has anything in it that may be personal."""
    return isinstance(frame, TextFrame) or bool(carried(frame)) or hasattr(frame, "text")


def redacted_fields(frame: Frame, redact: Callable[[Any], Any]) -> dict[str, Any]:
    """What a frame carries, redacted, by field; what has not changed is the same object.

    Args:
        frame: The frame.
        redact: Redacts one value.
    """
    found: dict[str, Any] = {}
    for name in carried(frame):
        value = getattr(frame, name)
        if name == "context":
            found[name] = _context(value, redact)
        elif name == "transform":
            found[name] = _transform(value, redact)
        elif name == "function_calls":
            # Their context is the call's own, which other frames bring.
            found[name] = [replace(c, arguments=redact(c.arguments)) for c in value]
        else:
            found[name] = redact(value)
    return found


def _context(context: LLMContext, redact: Callable[[Any], Any]) -> LLMContext:
    messages = context.messages
    return context if redact(messages) is messages else _Shown(context, redact)


class _Shown(LLMContext):
    """The call's own context, of whose messages whoever reads it here sees what they may.

    It goes on as the call does: a speech-to-speech model keeps the one that it was given, to send
    the conversation again, and what a tool writes into it is written into the call's own.
    """

    def __init__(self, context: LLMContext, redact: Callable[[Any], Any]) -> None:
        # The list itself: it is shared.
        super().__init__(context.messages, context.tools, context.tool_choice)
        self._redact = redact

    def get_messages(self, *args: Any, **kwargs: Any) -> list[Any]:
        messages: list[Any] = self._redact(super().get_messages(*args, **kwargs))
        return messages


def _transform(
    transform: Callable[[list[Any]], list[Any]], redact: Callable[[Any], Any]
) -> Callable[[list[Any]], list[Any]]:
    def redacted(messages: list[Any]) -> list[Any]:
        found: list[Any] = redact(transform(messages))
        return found

    return redacted
