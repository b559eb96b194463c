"""What a Realtime model knows of a conversation: its items, and how far each was heard.

No socket and no clock is in here.
"""

import json
from dataclasses import dataclass
from typing import Any

from antiphon.simulation.vendors.realtime.session import RequestError, none_of
from antiphon.simulation.vendors.voices import SpokenWord

__all__ = ["Conversation", "Item", "Tokens"]

# OpenAI's own figures: a token is four characters of English, 100 ms of a user's audio or 50 ms of
# an assistant's.
_CHARS_PER_TOKEN = 4
_USER_TOKEN_SECS = 0.1
_ASSISTANT_TOKEN_SECS = 0.05
_TYPES = ("message", "function_call", "function_call_output")
_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """How many tokens of a kind something takes."""

    text: int
    audio: int

    def __add__(self, other: "Tokens") -> "Tokens":
        """Count both."""
        return Tokens(text=self.text + other.text, audio=self.audio + other.audio)


@dataclass(kw_only=True)
class Item:
    """One item of a conversation.

    Parameters:
        wire: The item as the API writes it.
        audio_secs: How much audio it has by now.
        text: A caller's words, which the model hears whether or not they are transcribed.
        words: The words of the model's audio.
        is_truncated: Whether the client cut it.
    """

    wire: dict[str, Any]
    audio_secs: float = 0.0
    text: str = ""
    words: tuple[SpokenWord, ...] = ()
    is_truncated: bool = False

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.wire["id"])

    @property
    def believed(self) -> str:
        """What the model takes for said: of its own audio, the words of which half was sent."""
        if self.words:
            # Clients cut at whole milliseconds.
            end_ms = round(self.audio_secs * 1000)
            return " ".join(w.text for w in self.words if int((w.start + w.end) * 500) <= end_ms)
        parts = [part.get("text") or "" for part in self.wire.get("content") or ()]
        return self.text or " ".join(part for part in parts if part)

    @property
    def tokens(self) -> Tokens:
        """What it takes of a model's input."""
        if self.audio_secs:
            is_user = self.wire.get("role") == "user"
            each = _USER_TOKEN_SECS if is_user else _ASSISTANT_TOKEN_SECS
            return Tokens(text=0, audio=round(self.audio_secs / each))
        told = [self.believed, self.wire.get("arguments") or "", self.wire.get("output") or ""]
        return count_text("".join(told))


def count_text(text: str) -> Tokens:
    """Count the tokens of a text."""
    return Tokens(text=-(-len(text) // _CHARS_PER_TOKEN), audio=0)


class Conversation:
    """The items of one session, in order."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item behind another, by default behind the last; "root" is before the first.

        Returns:
            The id of the item before it, if there is one.

        Raises:
            RequestError: If there is no such item to put it behind.
        """
        if after is None:
            place = len(self.items)
        elif after == "root":
            place = 0
        else:
            before = self.find(
                after,
                "item_create_invalid_previous_item_id",
                "previous_item_id",
            )
            place = self.items.index(before) + 1
        self.items.insert(place, item)
        return self.items[place - 1].id if place else None

    def find(self, item_id: Any, code: str, param: str = "item_id") -> Item:
        """Find an item.

        Raises:
            RequestError: If there is none.
        """
        for item in self.items:
            if item.id == item_id:
                return item
        raise RequestError(f"The item with id '{item_id}' does not exist.", code, param)

    def previous(self, item: Item) -> str | None:
        """Return the id of the item before another, if there is one."""
        place = self.items.index(item)
        return self.items[place - 1].id if place else None

    def delete(self, item_id: Any) -> None:
        """Remove an item.

        Raises:
            RequestError: If there is none.
        """
        self.items.remove(self.find(item_id, "item_delete_invalid_item_id"))

    def truncate(self, item_id: Any, content_index: Any, audio_end_ms: Any) -> None:
        """Cut the model's audio at what was played; its transcript goes.

        Raises:
            RequestError: If there is no such audio, or less of it.
        """
        item = self.find(item_id, "item_truncate_invalid_item_id")
        content = item.wire.get("content") or ()
        if item.wire.get("role") != "assistant" or not item.words:
            raise RequestError(
                "Only model output audio messages can be truncated.", "invalid_value", "item_id"
            )
        if content_index != 0 or not content:
            raise RequestError(
                f"Content index {content_index} does not exist.", param="content_index"
            )
        if type(audio_end_ms) is not int or audio_end_ms < 0:
            raise RequestError(f"Invalid value: {audio_end_ms!r}.", param="audio_end_ms")
        length_ms = int(item.audio_secs * 1000 + 1e-6)
        if audio_end_ms > length_ms:
            raise RequestError(
                f"Audio content of {length_ms}ms is already shorter than {audio_end_ms}ms",
                param="audio_end_ms",
            )
        item.audio_secs = audio_end_ms / 1000
        item.is_truncated = True
        content[0]["transcript"] = None

    def messages(self) -> list[dict[str, Any]]:
        """Tell the conversation as the model believes it, in the messages of chat completions."""
        messages: list[dict[str, Any]] = []
        for item in self.items:
            wire = item.wire
            match wire["type"]:
                case "function_call":
                    function = {"name": wire["name"], "arguments": wire["arguments"]}
                    call = {"id": wire["call_id"], "type": "function", "function": function}
                    messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
                case "function_call_output":
                    messages.append(
                        {
                            "role": "tool",
                            "tool_call_id": wire["call_id"],
                            "content": wire.get("output") or "",
                        }
                    )
                case _:
                    messages.append({"role": wire["role"], "content": item.believed})
        return messages

    def check(self, wire: Any) -> None:
        """Check an item that a client wants to create.

        Raises:
            RequestError: If the vendor would refuse it.
        """
        if not isinstance(wire, dict) or wire.get("type") not in _TYPES:
            given = wire.get("type") if isinstance(wire, dict) else wire
            raise none_of("item.type", given, _TYPES)
        if wire["type"] == "message" and wire.get("role") not in _ROLES:
            raise none_of("item.role", wire.get("role"), _ROLES)
        if any(item.id == wire.get("id") for item in self.items):
            raise RequestError(
                f"Error adding item: the item with id '{wire['id']}' already exists.",
                "item_create_duplicate_item_id",
                "item.id",
            )
        if wire["type"] == "function_call_output":
            calls = {item.wire.get("call_id") for item in self.items if "name" in item.wire}
            if wire.get("call_id") not in calls:
                raise RequestError(
                    f"Tool call ID '{wire.get('call_id')}' not found in conversation.",
                    "invalid_tool_call_id",
                    "item.call_id",
                )

    def tokens(self, instructions: str, tools: Any) -> Tokens:
        """Count what a response to the conversation takes as input."""
        total = count_text(instructions) + count_text(json.dumps(tools) if tools else "")
        for item in self.items:
            total += item.tokens
        return total
