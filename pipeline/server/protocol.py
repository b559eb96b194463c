"""The websockets of a server whose calls outlive its port, and hear only what they need.

A phone sends 50 messages a second, and ASGI wakes the application for each. A transport may attach
a filter instead, which sees a message as it comes from the socket and says what is worth a wake.
Nearly all of them come as one frame in one piece, and go past the library's parser.
"""

from typing import Any

from antiphon.pipeline.server.whole_frames import WholeFrames
from antiphon.services.ticks import ticks
from antiphon.transports.media_stream import MESSAGE_FILTER, MessageFilter
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["CallWebSocket"]

# So much may wait for the application before the far end has to: 3 s of a call's audio.
MAX_WAITING = 100

# What may wait for the next tick; of a phone it is a packet or two of 400 bytes.
MAX_UNREAD = 16
MAX_UNREAD_BYTES = 4096


class CallWebSocket(WebSocketsSansIOProtocol):
    """Offers the filter as an extension of the ASGI scope; its call decides when it closes."""

    _filter: MessageFilter | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the protocol of one connection, as uvicorn does."""
        super().__init__(*args, **kwargs)
        self._whole = WholeFrames()
        self._unread: list[bytes] = []
        self._ticks = ticks()

    def shutdown(self) -> None:
        """Stay open when the server stops listening."""
        if not self.handshake_complete:
            super().shutdown()

    async def run_asgi(self) -> None:
        """Run the application, which finds the filter in its scope."""
        extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
        extensions[MESSAGE_FILTER] = {"attach": self._attach}
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        """Read what came; a call that has begun is read together with others.

        Args:
            data: What came from the socket.
        """
        if self._filter is None:
            self._read(data)
            return
        if not self._unread:
            self._ticks.soon(self._read_all)
        self._unread.append(data)
        if len(self._unread) == MAX_UNREAD or len(data) > MAX_UNREAD_BYTES:
            self._read_all()

    def connection_lost(self, exc: Exception | None) -> None:
        """Read all before the call hears that it is over.

        Args:
            exc: Why the connection was lost, if not as it should.
        """
        self._read_all()
        super().connection_lost(exc)

    def _read_all(self) -> None:
        unread, self._unread = self._unread, []
        for data in unread:
            if self.conn.parser_exc is None:  # after which the socket is not read either
                self._read(data)

    def _read(self, data: bytes) -> None:
        """Take a whole message, or leave the data to the parser."""
        if self._filter and not (self.frames or self.close_sent):
            message = self._whole.read(data)
            if message is not None:
                self._receive(message)
                return
        if self.handshake_complete:
            self._whole.follow(data)
        else:
            self._whole.begin(data)
        super().data_received(data)

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
        if self._deliver(message) and self.queue.qsize() >= MAX_WAITING and not self.read_paused:
            # `receive` resumes it when all that waits is taken.
            self.read_paused = True
            self.transport.pause_reading()

    def _attach(self, wanted: MessageFilter) -> None:
        self._filter = wanted
        for event in [self.queue.get_nowait() for _ in range(self.queue.qsize())]:
            if event["type"] == "websocket.receive":
                self._deliver(event.get("text") or event.get("bytes") or b"")
            else:
                self.queue.put_nowait(event)
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def _deliver(self, data: str | bytes) -> bool:
        assert self._filter
        kept = self._filter(data)
        if isinstance(kept, str):
            self.queue.put_nowait({"type": "websocket.receive", "text": kept})
        elif kept is not None:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": kept})
        return kept is not None
