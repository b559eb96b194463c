"""Every field of a frame of Pipecat that may hold words is redacted, or is known as harmless."""

import inspect
from dataclasses import fields
from typing import Any

import pytest
from pipecat.frames import frames as pipecat_frames
from pipecat.frames.frames import (
    AggregatedTextProgressFrame,
    ErrorFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallResultFrame,
    LLMContextAssistantTurnFrame,
    LLMContextFrame,
    LLMMessagesAppendFrame,
    LLMThoughtTextFrame,
    LLMUpdateSettingsFrame,
    OutputTransportMessageFrame,
    TextFrame,
    TTSSpeakFrame,
    UserBackchannelFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.services.settings import LLMSettings

from antiphon.processors.redaction import PIIRedactor
from antiphon.processors.redaction.frame_fields import CARRIED, carried
from antiphon.simulation.frames import frames
from antiphon.simulation.runs import run_frames

CARD = "4539 1488 0343 6467"
# Types that hold no words, as they are written in Pipecat.
WORDLESS = (
    "int",
    "float",
    "bool",
    "bytes",
    "Language",
    "KeypadEntry",
    "FrameProcessor",
    "TextType",
    "ErrorCategory",
    "Literal",
    "Event",
    "Exception",
    "FileSourceType",
    "VADParams",
    "BaseTurnParams",
    "TracingContext",
    "UserTurnStrategies",
    "tuple",
    "OutputImageRawFrame",
    "MetricsData",
    "FunctionCallResultProperties",
)
# Text in pieces or as it is spoken: the redactor's methods for text.
AS_TEXT = (
    TextFrame,
    TTSSpeakFrame,
    UserBackchannelFrame,
    LLMThoughtTextFrame,
    LLMContextAssistantTurnFrame,
    AggregatedTextProgressFrame,
)
TEXTS = {"text", "raw_text", "result", "accumulated_text", "remaining_text"}
# What may hold words by its type, and why it holds none of a caller's.
HARMLESS = {
    # Every frame's.
    "metadata": "between processors, not told to anyone",
    "name": "made by Pipecat",
    "transport_source": "a track",
    "transport_destination": "a track",
    # Names of things.
    "context_id": "made by Pipecat",
    "function_name": "the name of a tool",
    "tool_call_id": "pairs a call with its result",
    "group_id": "made by Pipecat",
    "request_id": "made by Pipecat",
    "user_id": "the transport's name for a track",
    "timestamp": "a time",
    "text_type": "a kind of text",
    "kind": "a kind of marker",
    "llm": "the name of a service",
    "service_name": "the name of a service",
    "video_source": "a track",
    "format": "a MIME type",
    "origin": "made by Pipecat",
    "original_mime_type": "a MIME type",
    "signature": "by which a model knows its own thoughts again; opaque",
    # Set by the application, before anybody has said anything.
    "tools": "what the application offers",
    "tool_choice": "what the application offers",
    "config": "how the application sums up",
    "summarization_prompt": "how the application sums up",
    "settings": "of voices, ears, mixers and filters",
    "delta": "of voices and ears",
    "reason": "of the application for the end, told to its own handlers",
    # Media, or where it is.
    "file": "media",
    "url": "where a picture is",
    "request": "a frame that went by itself before",
    "result_callback": "a function",
    "function_calls": "names and ids, where it is not redacted",
    # Errors go another way.
    "error": "an ErrorFrame: see test_redactor.py",
}


def kinds() -> list[type[Frame]]:
    found = [k for _, k in inspect.getmembers(pipecat_frames, inspect.isclass)]
    return [k for k in found if issubclass(k, Frame)]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_each_field_that_may_hold_words_is_redacted_or_known_as_harmless(
    kind: type[Frame],
) -> None:
    redacted = set(carried(object.__new__(kind)))
    if issubclass(kind, AS_TEXT):
        redacted |= TEXTS
    for field in fields(kind):
        words = str(field.type)
        wordless = any(w in words for w in WORDLESS) and not any(
            w in words for w in ("str", "Any", "dict", "Message", "Mapping", "Callable")
        )
        if not wordless and field.name not in redacted:
            reason = f"{kind.__name__}.{field.name}: {words} is neither redacted nor harmless"
            assert field.name in HARMLESS, reason
            only_errors = field.name != "error" or issubclass(kind, ErrorFrame)
            assert only_errors, reason


VALUES: dict[str, Any] = {
    "arguments": {"card": CARD},
    "context": LLMContext([{"role": "user", "content": CARD}]),
    "delta": LLMSettings(system_instruction=f"The caller's card is {CARD}."),
    "function_calls": [FunctionCallFromLLM("pay", "1", {"card": CARD}, None)],
    "markers": [CARD],
    "messages": [
        {"role": "user", "content": CARD},
        LLMSpecificMessage(llm="x", message={"text": CARD}),
    ],
    "result": {"card": float(CARD.replace(" ", ""))},
    "settings": {"system_instruction": f"The caller's card is {CARD}."},
    "transform": lambda messages: [*messages, {"role": "user", "content": CARD}],
}


def made(kind: type[Frame]) -> Frame:
    """A frame with a card in each field that is redacted."""
    frame = object.__new__(kind)
    Frame.__post_init__(frame)
    frame.interruptible = True
    for field in fields(kind):
        if field.init:
            setattr(frame, field.name, None)
    for name in carried(frame):
        setattr(frame, name, VALUES.get(name, f"card {CARD}"))
    return frame


async def redacted(frame: Frame) -> Frame:
    """What a redactor makes of a frame."""
    out = await run_frames(PIIRedactor(), frames(frame))
    (new,) = (o.frame for o in out if type(o.frame) is type(frame))
    return new


@pytest.mark.parametrize("kind", CARRIED, ids=lambda kind: kind.__name__)
async def test_what_a_frame_carries_is_redacted(kind: type[Frame]) -> None:
    frame = made(kind)

    new = await redacted(frame)

    assert new.id != frame.id
    for name in carried(frame):
        value = getattr(new, name)
        if isinstance(value, LLMContext):
            value = value.messages
        elif name == "transform":
            value = value([])
        assert "<CREDIT_CARD>" in repr(value)
        assert "6467" not in repr(value)
    assert VALUES["context"].messages[0]["content"] == CARD


@pytest.mark.parametrize(
    "frame",
    [
        LLMContextFrame(LLMContext([{"role": "user", "content": "where is my order?"}])),
        LLMMessagesAppendFrame(messages=[{"role": "user", "content": "where is my order?"}]),
        FunctionCallResultFrame("status", "call_12345678", {"order": "12"}, {"eta_ms": 12345}),
        LLMUpdateSettingsFrame(delta=LLMSettings(temperature=0.5, max_tokens=4096)),
        OutputTransportMessageFrame(
            message={
                "event": "clear",
                "streamSid": "MZ18ad3ab5a668481ce02b83e7395059f0",
            }
        ),
        OutputTransportMessageFrame(
            message={
                "label": "rtvi-ai",
                "type": "metrics",
                "id": "12345678",
                "data": {"ttfb": [{"processor": "X#0", "value": 0.1234567}]},
            }
        ),
    ],
    ids=lambda frame: type(frame).__name__,
)
async def test_a_frame_in_which_nothing_is_personal_passes_as_it_is(frame: Frame) -> None:
    assert await redacted(frame) is frame
