"""Reads a conversation as Pipecat keeps it: the caller's turns, what a tool said, yes and no."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import Formatter
from typing import Any

from antiphon.services.phrases import MAX_TEXT_CHARS
from antiphon.services.scripted.numbers import mask_numbers

__all__ = [
    "Answer",
    "ToolCall",
    "Turn",
    "answers_a_question",
    "comes_of",
    "fill",
    "is_only_a_number",
    "missing_field",
    "said_before",
    "turns_of",
    "yes_or_no",
]

_VERDICT = re.compile(
    r"\W*(?:(?:um|uh|well|oh|ah)\W+)*"
    r"(?:(?P<yes>yes|yeah|yep|yup|yea|sure|right|correct|exactly|indeed|affirmative|of course"
    r"|it (?:is|was)|that's (?:right|it)|uh[- ]?huh|mm+[- ]?hm+|mhm+)"
    r"|(?P<no>no|nope|nah|n?uh-uh|not really|wrong|incorrect|negative))\b",
    re.IGNORECASE,
)
# What stands beside a number in the answer to a question for it; not whose it is.
_BESIDE = re.compile(
    r"\b(?:it's|it|is|its|that's|the|my|a|number|yes|yeah|sure|okay|ok|um|uh|so|well|and"
    r"|here|you|go|dtmf|please|thanks|thank|of|course|one|moment|i|think|have)\b|\W",
    re.IGNORECASE,
)

# Fewer words are an answer to something: "okay", "blue, please".
_FEWEST_WORDS = 3


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


@dataclass(frozen=True)
class Turn:
    """What a caller said, and what came of it.

    Parameters:
        text: The words.
        result: What the last tool returned, by name; None if none was called.
    """

    text: str
    result: Mapping[str, Any] | None


def turns_of(messages: Sequence[Mapping[str, Any]], *, last: int) -> list[Turn]:
    """Return the caller's last turns.

    Args:
        messages: The conversation, in OpenAI's format as Pipecat keeps it.
        last: How many, so that a long call costs no more than a short one.
    """
    starts = [at for at, message in enumerate(messages) if message.get("role") == "user"][-last:]
    turns = []
    for start, end in pairwise([*starts, len(messages)]):
        results = [m for m in messages[start:end] if m.get("role") == "tool"]
        said = _text(messages[start])[:MAX_TEXT_CHARS]
        turns.append(Turn(said, _fields(results[-1]) if results else None))
    return turns


def yes_or_no(text: str) -> tuple[bool | None, str]:
    """Tell whether an answer begins with a yes or a no.

    Args:
        text: What was said.

    Returns:
        Yes, no or neither, and what else was said.
    """
    match = _VERDICT.match(text)
    if match is None:
        return None, text
    return match["yes"] is not None, text[match.end() :]


def said_before(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what the agent said last before the caller's last turn; nothing if it has not spoken.

    Args:
        messages: The conversation, in OpenAI's format as Pipecat keeps it.
    """
    answered = False
    for message in reversed(messages):
        if message.get("role") == "user":
            answered = True
        elif answered and message.get("role") == "assistant" and (text := _text(message).strip()):
            return text
    return ""


def comes_of(template: str, text: str) -> bool:
    """Tell whether a text is a reply, or the beginning of one that was interrupted.

    Args:
        template: The reply, with its fields.
        text: The text.
    """
    pieces = [
        re.escape(words) + (".+" if field is not None else "")
        for words, field, _, _ in Formatter().parse(template)
    ]
    return bool(re.fullmatch("".join(pieces), text)) or template.startswith(text)


def answers_a_question(text: str) -> bool:
    """Tell whether a text says something only together with what was asked: "no", "4217".

    Args:
        text: What was said.
    """
    rest = yes_or_no(text)[1].split()
    return is_only_a_number(text) or len(rest) < _FEWEST_WORDS


def is_only_a_number(text: str) -> bool:
    """Tell whether a text is a number, and what is said beside one.

    Args:
        text: What was said.
    """
    masked = mask_numbers(text)
    return "#" in masked and not _BESIDE.sub("", masked)


def fill(template: str, values: Mapping[str, Any]) -> str | None:
    """Fill a template.

    Args:
        template: A reply.
        values: The values there are, by name.

    Returns:
        The text, or None if it needs more than there is.
    """
    if missing_field(template, values):
        return None
    return template.format_map({name: _Spoken(value) for name, value in values.items()})


def missing_field(template: str, values: Mapping[str, Any]) -> str | None:
    """Return the first field of a template that has no value, in its braces.

    Args:
        template: A reply.
        values: The values there are, by name.
    """
    for _, field, _, _ in Formatter().parse(template):
        if field is not None and field not in values:
            return "{" + field + "}"
    return None


class _Spoken(str):
    """A value in a reply. Digits are read one by one; nothing of it can be reached into."""

    def __format__(self, _: str) -> str:
        return " ".join(self) if self.isdecimal() else str(self)


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
