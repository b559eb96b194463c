"""An agent as data: what callers ask, what it answers, which tools it calls. No Pipecat."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from antiphon.services.phrases import Phrase, jsgf_from_phrases, spoken_form

__all__ = ["Answer", "Intent", "Script", "ToolCall"]

# What Pipecat's keypad aggregator writes before the keys that a caller pressed.
KEYS_PREFIX = "DTMF: "


@dataclass(frozen=True)
class Answer:
    """The agent says something.

    Parameters:
        text: What it says.
        understood: Whether it made something of what the caller said.
        goodbye: Whether that is its goodbye.
    """

    text: str
    understood: bool = True
    goodbye: bool = False


@dataclass(frozen=True)
class ToolCall:
    """The agent calls a tool first.

    Parameters:
        name: The tool's name.
        arguments: Its arguments, by name.
    """

    name: str
    arguments: dict[str, str]


class Intent(BaseModel):
    """One thing that a caller may want.

    Parameters:
        name: For logs and tests.
        phrases: How callers say it: words with slots, such as "order {order_number:digits}".
        reply: The answer. `{order_number}` stands for a slot's value, or for a field of what the
            tool returned; digits are read out one by one.
        tool: The tool to call before answering, with the slots as its arguments.
        goodbye: Whether the reply is a goodbye, after which the agent may hang up.
        example: How a person would ask for it, to be read; empty for what nobody need be told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    phrases: tuple[str, ...]
    reply: str
    tool: str | None = None
    goodbye: bool = False
    example: str = ""

    @field_validator("phrases")
    @classmethod
    def _readable(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        if not phrases:
            raise ValueError("an intent needs at least one phrase")
        for phrase in phrases:
            Phrase.parse(phrase)
        return phrases

    @model_validator(mode="after")
    def _reply_can_be_filled(self) -> Self:
        for phrase in self.parsed:
            slots = {slot.name: "0" for slot in phrase.slots}
            # What a tool returns is known only when it has.
            missing = None if self.tool else _missing_field(self.reply, slots)
            if missing:
                raise ValueError(
                    f"reply {self.reply!r} needs {missing}, which phrase {phrase.text!r} does not "
                    "have"
                )
        return self

    @cached_property
    def parsed(self) -> tuple[Phrase, ...]:
        """The phrases, read."""
        return tuple(Phrase.parse(phrase) for phrase in self.phrases)

    def match(self, spoken: str) -> dict[str, str] | None:
        """Return the slots' values if one of the phrases was said, else None."""
        for phrase in self.parsed:
            slots = phrase.match(spoken)
            if slots is not None:
                return slots
        return None


class Script(BaseModel):
    """A small deterministic agent. Frozen; one can serve every call of a process.

    Parameters:
        greeting: What it says when nobody has spoken yet.
        fallback: What it says to anything it does not understand.
        tool_failed: What it says when a tool failed or returned less than the reply needs.
        keys_mean: What a caller says who presses keys, before these, such as "my number is".
        intents: What it understands; where several match, the first counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting: str
    fallback: str = "Sorry, could you say that again?"
    tool_failed: str = "Sorry, I cannot look that up right now."
    keys_mean: str = ""
    intents: tuple[Intent, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a script from a TOML file.

        Args:
            path: The file.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is not TOML or not a script; the text names the file and the place.
        """
        return cls._parse(Path(path).read_text(encoding="utf-8"), str(path))

    @classmethod
    @cache
    def order_status(cls) -> Self:
        """Return the built-in agent: an order desk."""
        name = "order_status.toml"
        return cls._parse(
            files("antiphon.services.scripted").joinpath(name).read_text("utf-8"), name
        )

    @classmethod
    def _parse(cls, toml: str, source: str) -> Self:
        try:
            return cls.model_validate(tomllib.loads(toml))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"{source}: {place}: {first['msg']}") from error
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{source}: {error}") from error

    def jsgf(self) -> str:
        """Return the grammar of everything this agent understands, for the recogniser."""
        return jsgf_from_phrases(phrase for intent in self.intents for phrase in intent.parsed)

    def examples(self) -> list[str]:
        """Return what callers may ask, in the order of the intents, for a person to read."""
        return [intent.example for intent in self.intents if intent.example]

    def understand(self, text: str) -> tuple[Intent, dict[str, str]] | None:
        """Find what a caller wants.

        Args:
            text: What was said, as any recogniser writes it, or keyed in, as Pipecat does.

        Returns:
            The intent and the values of its slots, or None.
        """
        spoken = spoken_form(text.replace(KEYS_PREFIX, f"{self.keys_mean} "))
        for intent in self.intents:
            slots = intent.match(spoken)
            if slots is not None:
                return intent, slots
        return None

    def respond(self, messages: Sequence[Mapping[str, Any]]) -> Answer | ToolCall:
        """Decide what comes next in a conversation.

        Args:
            messages: The conversation, in OpenAI's format as Pipecat keeps it.
        """
        roles = [message.get("role") for message in messages]
        if "user" not in roles:
            return Answer(self.greeting)
        asked = len(roles) - 1 - roles[::-1].index("user")
        understood = self.understand(_text(messages[asked]))
        # A last word from somebody else, such as a note that nothing was heard: ask again.
        if understood is None or roles[-1] not in ("user", "tool"):
            return Answer(self.fallback, understood=False)
        results = [message for message in messages[asked:] if message.get("role") == "tool"]
        intent, slots = understood
        if intent.tool is None:
            return Answer(_fill(intent.reply, slots) or self.fallback, goodbye=intent.goodbye)
        if not results:
            return ToolCall(intent.tool, slots)
        reply = _fill(intent.reply, slots | _fields(results[-1]))
        return Answer(reply or self.tool_failed, goodbye=intent.goodbye and reply is not None)


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part["text"]) for part in content if part.get("type") == "text")


def _fields(message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        result = json.loads(_text(message))
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {"result": result}


class _Spoken(str):
    """A value in a reply. Digits are read one by one; nothing of it can be reached into."""

    def __format__(self, _: str) -> str:
        return " ".join(self) if self.isdecimal() else str(self)


def _fill(template: str, values: Mapping[str, Any]) -> str | None:
    """Fill a template, or return None if it needs more than there is."""
    if _missing_field(template, values):
        return None
    return template.format_map({name: _Spoken(value) for name, value in values.items()})


def _missing_field(template: str, values: Mapping[str, Any]) -> str | None:
    for _, field, _, _ in Formatter().parse(template):
        if field is not None and field not in values:
            return "{" + field + "}"
    return None
