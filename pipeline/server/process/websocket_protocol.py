"""The websockets of a server whose calls outlive its port, and hear only what they need.

A phone sends 50 messages a second, and ASGI wakes the application for each. A transport may attach
a filter instead, which sees a message as it comes from the socket and says what is worth a wake.
Nearly all of them come as one frame in one piece, and go past the library's parser.

Whoever sends more than any voice takes has to wait, and who sends what no voice needs is cut off.
A websocket that another app of the same server has accepted is left as it is.
"""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from antiphon.pipeline.server.access.read_limiter import ReadLimiter
from antiphon.pipeline.server.metrics import SOCKET_LIMITS
from antiphon.pipeline.server.process.fast_frame_reader import WholeFrames
from antiphon.services.vad.ticks import ticks
from antiphon.transports.telephony.media_stream import MESSAGE_FILTER, MessageFilter

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from websockets.frames import Frame

__all__ = ["CallWebSocket"]

# So much may wait for the application before the far end has to: 3 s of a call's audio.
MAX_WAITING = 100

# What may wait for the next tick; of a phone it is a packet or two of 400 bytes.
MAX_UNREAD = 16
MAX_UNREAD_BYTES = 4096

# So many frames are read at a time, in about half a millisecond; then it is another call's turn.
MAX_FRAMES_AT_ONCE = 64

# A message of 256 KiB in pieces of 1 KiB.
MAX_FRAGMENTS = 256

# A far end asks each 20 s or so whether we are there. An answer waits here until it is taken.
MAX_PINGS = 100
PINGS_PER_SEC = 2

# RFC 6455 7.4.1: policy violation, message too big, internal error.
REFUSED, TOO_BIG, FAILED = 1008, 1009, 1011

NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class CallWebSocket(WebSocketsSansIOProtocol):
    """Offers the filter as an extension of the ASGI scope; its call decides when it closes."""

    _filter: MessageFilter | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the protocol of one connection, as uvicorn does."""
        super().__init__(*args, **kwargs)
        self._whole = WholeFrames()
        self._unread: list[bytes] = []
        self._ticks = ticks()
        self._read_limiter = ReadLimiter()
        self._held = b""
        self._turn: asyncio.TimerHandle | None = None
        self._pings = 0.0
        self._pinged_at = 0.0
        self._limits: Counter[str] = Counter()
        self._is_ours = False
        self._is_limited = True

    def shutdown(self) -> None:
        """Stay open when the server stops listening."""
        if not self.handshake_complete:
            super().shutdown()

    async def run_asgi(self) -> None:
        """Run the application, which finds the filter in its scope."""
        extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
        extensions[MESSAGE_FILTER] = {"attach": self._attach}
        extensions[SOCKET_LIMITS] = self._claim
        await super().run_asgi()

    async def send(self, message: "ASGISendEvent") -> None:
        """Do what the application says; one that is not ours need not fear for any call.

        Args:
            message: What it says.
        """
        if message["type"] == "websocket.accept" and not self._is_ours:
            self._is_limited = False
        await super().send(message)

    def data_received(self, data: bytes) -> None:
        """Read what came; a call that has begun is read together with others.

        Args:
            data: What came from the socket.
        """
        if not self.handshake_initiated:  # uvicorn gives the request in one piece, and it alone
            self._parse(data)
            if not (self.handshake_initiated or self.transport.is_closing()):
                # A body, or more headers than the library reads; it would be waited for for ever.
                self.transport.write(NO_HANDSHAKE)
                self.transport.close()
            return
        if self._filter is None:
            self._read(data)
            return
        if not self._unread:
            self._ticks.soon(self._read_all)
        self._unread.append(data)
        if len(self._unread) == MAX_UNREAD or len(data) > MAX_UNREAD_BYTES:
            self._read_all()

    def connection_lost(self, exc: Exception | None) -> None:
        """Read all that may be read before the call hears that it is over.

        Args:
            exc: Why the connection was lost, if not as it should.
        """
        self._read_all()
        self._stop_reading()
        super().connection_lost(exc)

    async def receive(self) -> "ASGIReceiveEvent":
        """Give the application what came, and read on when it has taken all.

        Returns:
            The event.
        """
        event = await self.queue.get()
        if self.queue.empty():
            self._read_on()
        return event

    def handle_cont(self, event: "Frame") -> None:
        """Take a piece of a message, or end what comes in too many.

        Args:
            event: The piece.
        """
        if self._is_limited and len(self.frames) == MAX_FRAGMENTS:
            self._fail("fragments", TOO_BIG)
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, or end who asks too often."""
        if self.close_sent:
            return
        now = self.loop.time()
        self._pings = max(0.0, self._pings - (now - self._pinged_at) * PINGS_PER_SEC) + 1
        self._pinged_at = now
        if self._is_limited and self._pings > MAX_PINGS:
            self._fail("pings", REFUSED)
            return
        super().handle_ping()

    def _read_all(self) -> None:
        unread, self._unread = self._unread, []
        for data in unread:
            self._read(data)

    def _read(self, data: bytes) -> None:
        """Take a whole message, or give the parser as much as it may have now."""
        if self._held:
            self._held += data
            self._pause()
            return
        if not self._is_limited:
            self._parse(data)
            return
        wait_secs = self._read_limiter.wait_secs(self.loop.time())
        if wait_secs:
            self._limits["pace"] += 1
            self._hold(data, wait_secs)
            return
        if self._filter and not (self.frames or self.close_sent):
            message = self._whole.read(data)
            if message is not None:
                self._read_limiter.count(1, len(data))
                self._receive(message)
                return
        size, frames = self._whole.follow(data, MAX_FRAMES_AT_ONCE)
        self._read_limiter.count(frames, size)
        self._parse(data[:size])
        if size < len(data):
            self._hold(data[size:], 0.0)

    def _parse(self, data: bytes) -> None:
        if self.conn.parser_exc is not None or self.transport.is_closing():
            return
        try:
            super().data_received(data)
        except Exception:
            # Of a library that did not think of these bytes; the loop would log them all.
            self._fail("fault", FAILED)

    def _hold(self, data: bytes, secs: float) -> None:
        """Read some data, and whatever comes after it, after some time."""
        self._held = data
        self._pause()
        self._turn = self.loop.call_later(secs, self._read_held)

    def _read_held(self) -> None:
        self._turn = None
        if self.queue.empty():  # or else when the application has taken what waits
            held, self._held = self._held, b""
            self._read(held)
            if self.queue.empty():
                self._read_on()

    def _pause(self) -> None:
        if not (self.read_paused or self.transport.is_closing()):
            self.read_paused = True
            self.transport.pause_reading()

    def _read_on(self) -> None:
        if self._held:
            self._turn = self._turn or self.loop.call_later(0.0, self._read_held)
        elif self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def _stop_reading(self) -> None:
        self._held = b""
        if self._turn:
            self._turn.cancel()
            self._turn = None

    def _fail(self, limit: str, code: int) -> None:
        """Close a websocket that nobody needs to read any more."""
        if self.close_sent or self.transport.is_closing():
            return
        self._limits[limit] += 1
        self._stop_reading()
        self.conn.fail(code, limit)
        self.frames = []
        if self.conn.close_sent is None:  # the websocket was not open yet
            self.transport.close()
        else:
            self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        """Pass a whole message on, or what the filter makes of it."""
        if self._filter is None or self.close_sent:
            super().send_receive_event_to_app()
            return
        data = b"".join(self.frames)
        try:
            message = data.decode() if self.curr_msg_data_type == "text" else data
        except UnicodeDecodeError:
            super().send_receive_event_to_app()
            return
        self.frames = []
        self._receive(message)

    def _receive(self, message: str | bytes) -> None:
        if self._deliver(message) and self.queue.qsize() >= MAX_WAITING:
            self._pause()  # until `receive` has taken all that waits

    def _claim(self) -> Counter[str]:
        """Have it limited, and its limits counted."""
        self._is_ours = True
        return self._limits

    def _attach(self, wanted: MessageFilter) -> None:
        self._filter = wanted
        self._is_limited = True
        for event in [self.queue.get_nowait() for _ in range(self.queue.qsize())]:
            if event["type"] == "websocket.receive":
                self._deliver(event.get("text") or event.get("bytes") or b"")
            else:
                self.queue.put_nowait(event)
        if self.queue.empty():
            self._read_on()

    def _deliver(self, data: str | bytes) -> bool:
        assert self._filter
        kept = self._filter(data)
        if isinstance(kept, str):
            self.queue.put_nowait({"type": "websocket.receive", "text": kept})
        elif kept is not None:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": kept})
        return kept is not None
