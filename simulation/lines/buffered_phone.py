"""A phone that keeps sound back before it plays it, on a Twilio media stream without a network.

A jitter buffer as gateways and mobile networks have one: whenever it has run empty it fills up
before it plays on. So what was sent, even to its last word, is not what the caller has heard.
"""

import asyncio
import base64
import json
import random
from collections import deque
from typing import Any

from fastapi import WebSocket

__all__ = ["BufferedPhone"]

_BYTES_PER_SEC = 8000  # G.711


class BufferedPhone:
    """The far end of one call's stream, whose start messages have been exchanged.

    Attributes:
        clears: How many seconds had been played since the clear before, at each clear.
    """

    def __init__(
        self, *, buffer_secs: float, network_secs: float = 0.0, marks_lost: float = 0.0
    ) -> None:
        """Create the phone.

        Args:
            buffer_secs: What it keeps back.
            network_secs: How long a message takes, either way.
            marks_lost: The share of marks that never come back, 0 to 1; the same ones each time.
        """
        self.clears: list[float] = []
        self._buffer_secs = buffer_secs
        self._network_secs = network_secs
        self._marks_lost = marks_lost
        self._random = random.Random(0)
        self._to_agent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._to_agent.put_nowait({"type": "websocket.connect"})
        self._under_way: deque[dict[str, Any]] = deque()
        self._chunks: list[tuple[float, float]] = []
        self._ends_at = float("-inf")
        self._marks: dict[str, asyncio.TimerHandle] = {}

    @property
    def played_secs(self) -> float:
        """How many seconds have been played since the last clear."""
        now = _now()
        return sum(max(0.0, min(now - at, secs)) for at, secs in self._chunks)

    async def connect(self) -> WebSocket:
        """Return the server's end."""
        websocket = WebSocket({"type": "websocket", "headers": []}, self._to_agent.get, self._send)
        await websocket.accept()
        return websocket

    def hang_up(self) -> None:
        """End the call."""
        self._to_agent.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def _send(self, event: Any) -> None:
        if event["type"] == "websocket.send":
            # Timers of the same moment fire in any order, messages arrive in theirs.
            self._under_way.append(json.loads(event["text"]))
            asyncio.get_running_loop().call_later(self._network_secs, self._take)

    def _take(self) -> None:
        now = _now()
        message = self._under_way.popleft()
        match message["event"]:
            case "media":
                secs = len(base64.b64decode(message["media"]["payload"])) / _BYTES_PER_SEC
                starts_at = self._ends_at if now <= self._ends_at else now + self._buffer_secs
                self._chunks.append((starts_at, secs))
                self._ends_at = starts_at + secs
            case "mark":
                name = message["mark"]["name"]
                loop = asyncio.get_running_loop()
                self._marks[name] = loop.call_at(max(now, self._ends_at), self._answer, name)
            case "clear":
                self.clears.append(self.played_secs)
                self._chunks.clear()
                self._ends_at = min(self._ends_at, now)
                for name in list(self._marks):
                    self._answer(name)

    def _answer(self, name: str) -> None:
        self._marks.pop(name).cancel()
        if self._random.random() < self._marks_lost:
            return
        event = {"event": "mark", "mark": {"name": name}}
        message = {"type": "websocket.receive", "text": json.dumps(event)}
        loop = asyncio.get_running_loop()
        loop.call_later(self._network_secs, self._to_agent.put_nowait, message)


def _now() -> float:
    return asyncio.get_running_loop().time()
