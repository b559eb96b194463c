"""A deterministic agent, written as data, in the place of a language model."""

from antiphon.services.scripted.llm import ScriptedLLMService
from antiphon.services.scripted.script import Intent, Say, Script, ToolCall

__all__ = ["Intent", "Say", "Script", "ScriptedLLMService", "ToolCall"]
