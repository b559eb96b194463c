"""Pipecat services that follow a script: no key, no network, the same every time."""

from .behaviour import Failure, Latency
from .llm import FakeLLM, Reply, ToolCall
from .stt import FakeSTT
from .tts import FakeTTS

__all__ = ["Failure", "FakeLLM", "FakeSTT", "FakeTTS", "Latency", "Reply", "ToolCall"]
