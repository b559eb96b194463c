"""The first messages of a media stream, up to the one that says which call it is."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from fastapi import WebSocket

from antiphon.transports.telephony.media_stream import MAX_MESSAGE_CHARS

__all__ = ["StreamStart", "read_start", "start_of", "strings"]

# `connected` and `start`; a few more, so that one bad message is no reason to refuse a call.
MAX_MESSAGES_BEFORE_START = 8

Start = TypeVar("Start")


class StreamStart(Protocol):
    """What every vendor says when a stream starts; nothing in it is authenticated."""

    @property
    def call_id(self) -> str:
        """The call."""
        ...

    @property
    def parameters(self) -> Mapping[str, str]:
        """What came along from whoever answered the call, by name."""
        ...


async def read_start(
    websocket: WebSocket,
    parse: Callable[[dict[str, Any], dict[str, Any]], Start],
    *,
    timeout_secs: float = 10.0,
) -> Start:
    """Read a websocket's messages up to the start message.

    Args:
        websocket: The accepted websocket.
        parse: Makes the start of the message and the object `start` in it.
        timeout_secs: Seconds to wait for it.

    Returns:
        The start.

    Raises:
        TimeoutError: If it does not come in time.
        ValueError: If the first messages hold none, or a wrong one.
    """
    async with asyncio.timeout(timeout_secs):
        for _ in range(MAX_MESSAGES_BEFORE_START):
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            data = message.get("text") or message.get("bytes") or ""
            if found := start_of(data):
                return parse(*found)
    raise ValueError(f"no start message among the first {MAX_MESSAGES_BEFORE_START} messages")


def start_of(data: str | bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Find the start in a message.

    Args:
        data: The message as it came.

    Returns:
        The message and the object `start` in it; None if this is another message, or none at all.
    """
    try:
        message: Any = json.loads(data) if len(data) <= MAX_MESSAGE_CHARS else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("event") != "start":
        return None
    start = message.get("start")
    return (message, start) if isinstance(start, dict) else None


def strings(parameters: object) -> dict[str, str]:
    """Take what is text among parameters, whatever shape they have.

    Args:
        parameters: What stands in their place.

    Returns:
        Names and texts.
    """
    if not isinstance(parameters, Mapping):
        return {}
    return {name: value for name, value in parameters.items() if isinstance(value, str)}
