"""What an emulated model answers, as data or as a function of the conversation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

__all__ = ["Part", "Replies", "Reply", "parts_of", "replies"]

Part = str | Mapping[str, Any]
Reply = Part | Sequence[Part]
"""A text, one tool call as `{"tool": "name", "arguments": {…}}`, or several of those."""

Replies = Iterable[Reply] | Callable[[dict[str, Any]], Reply]
"""One reply for each request, or a function of the request's body."""


def replies(script: Replies | None) -> Callable[[dict[str, Any]], Reply]:
    """Make the function that answers.

    Args:
        script: The replies, empty past their end; without any the user is echoed.

    Returns:
        A function of a chat completion's body.
    """
    if script is None:
        return lambda body: f"You said: {_last_user_text(body)}"
    if callable(script):
        return script
    each = iter(script)
    return lambda _body: next(each, "")


def parts_of(reply: Reply) -> Sequence[Part]:
    """Return a reply's texts and tool calls."""
    return [reply] if isinstance(reply, str | Mapping) else reply


def _last_user_text(body: dict[str, Any]) -> str:
    for message in reversed(body["messages"]):
        if message["role"] == "user":
            content = message.get("content") or ""
            if isinstance(content, str):
                return content
            return " ".join(part.get("text", "") for part in content)
    return ""
