"""The HTTP side of a server whose calls must not wait while a stranger's request is taken apart.

Whatever comes in one piece from the socket, up to 256 KB, is parsed without a pause, at some 7 µs
for each chunk of a body and 2 µs for each line of a head. So both have a bound.
"""

from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["CallRequests"]

# A request line and headers; what proxies pass on by default is half as much or less.
MAX_HEAD_BYTES = 16 * 1024
MAX_HEAD_LINES = 128

# h11 looks at the size of a head only where its end has not come yet.
PIECE_BYTES = MAX_HEAD_BYTES + 1

# A body may come in so many chunks, however small, and in more where they hold as much as this.
FREE_CHUNKS = 256
BYTES_PER_CHUNK = 256


class CallRequests(H11Protocol):
    """Answers 400 to a request of too large a head, or whose body comes in tiny chunks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the protocol of one connection, as uvicorn does."""
        super().__init__(*args, **kwargs)
        self.conn = _Connection(h11.SERVER, MAX_HEAD_BYTES)

    def data_received(self, data: bytes) -> None:
        """Read what came, in pieces.

        Args:
            data: What came from the socket.
        """
        for at in range(0, len(data), PIECE_BYTES):
            if self.transport.is_closing():
                return
            if self.transport.get_protocol() is not self:  # it has become a websocket
                self.transport.get_protocol().data_received(data[at:])  # type: ignore[attr-defined]
                return
            try:
                super().data_received(data[at : at + PIECE_BYTES])
            except h11.LocalProtocolError:
                # It was answered before its end, which is wrong, and nothing more can be said.
                self.transport.close()


class _Connection(h11.Connection):
    _chunks = 0
    _size = 0

    def next_event(self) -> Any:
        if self.their_state is h11.IDLE:
            unread, _ = self.trailing_data
            if unread.count(b"\n", 0, unread.find(b"\r\n\r\n")) > MAX_HEAD_LINES:
                raise h11.RemoteProtocolError("a head of too many lines")
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = self._size = 0
        elif isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            self._size += len(event.data)
            if self._chunks > FREE_CHUNKS + self._size // BYTES_PER_CHUNK:
                raise h11.RemoteProtocolError("a body in tiny chunks")
        return event
