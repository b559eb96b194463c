"""What the vendor servers share: a port, an address, the faults, and who came by."""

import asyncio
import json
import socket
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Any, ClassVar, Self, get_args

from aiohttp import WSCloseCode, web

from antiphon.simulation.vendors.faults import CommonFaultName, Cut, Fault, Wire

__all__ = ["PortInUseError", "VendorServer", "refusal"]

# aiohttp waits a minute for open connections by default; a stalled one never ends.
_SHUTDOWN_SECS = 0.2
_CLOSE_SECS = 0.5


class PortInUseError(OSError):
    """The port asked for is taken."""


def refusal(
    status: int, body: dict[str, Any], headers: dict[str, str] | None = None
) -> web.Response:
    """Make an HTTP answer that refuses a request.

    Args:
        status: The HTTP status.
        body: Sent as JSON.
        headers: Further headers.

    Returns:
        The answer.
    """
    return web.json_response(body, status=status, headers=headers)


class VendorServer(ABC):
    """An HTTP and WebSocket server on loopback, as an async context manager.

    Attributes:
        requests: Each request's parsed body (OpenAI) or query (Deepgram, Cartesia), in order.
        received: Each message that clients sent on WebSockets; audio is left out.
    """

    _FAULT_NAMES: ClassVar[tuple[str, ...]] = get_args(CommonFaultName)

    def __init__(
        self,
        *,
        faults: Sequence[Fault] = (),
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Describe the server.

        Args:
            faults: What goes wrong; at most one fault of a name hits one connection.
            api_key: The one key that is accepted; by default any key is.
            host: The address to listen on.
            port: The port to listen on; 0 takes a free one.
        """
        strange = [fault.name for fault in faults if fault.name not in self._FAULT_NAMES]
        if strange:
            raise ValueError(
                f"{type(self).__name__} has no fault {strange[0]!r}; there are "
                f"{', '.join(self._FAULT_NAMES)}"
            )
        self._faults = tuple(faults)
        self._api_key = api_key
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._runner: web.AppRunner | None = None
        self._opening: asyncio.Task[None] | None = None
        self._count = 0
        self.requests: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        """What the vendor's Pipecat service takes as its address."""
        return self._address("http")

    def _address(self, scheme: str) -> str:
        if self._socket is None:
            raise RuntimeError(f"{type(self).__name__} has no address before `async with`")
        host, port = self._socket.getsockname()[:2]
        return f"{scheme}://{host}:{port}"

    async def __aenter__(self) -> Self:
        """Take the port and answer on it."""
        self._socket = _bind(self._host, self._port)
        app = web.Application()
        self._add_routes(app.router)
        self._runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_SECS, access_log=None)
        await self._runner.setup()
        refused = next((fault for fault in self._faults if fault.name == "refused"), None)
        if refused is None:
            await self._listen()
        elif refused.delay is not None:
            self._opening = asyncio.create_task(self._listen(refused.delay))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection and give the port back."""
        if self._opening:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._runner:
            await self._runner.cleanup()
        if self._socket:
            self._socket.close()

    async def _listen(self, delay: float = 0.0) -> None:
        await asyncio.sleep(delay)
        assert self._runner is not None
        assert self._socket is not None
        await web.SockSite(self._runner, self._socket).start()

    @abstractmethod
    def _add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the vendor's paths."""

    @abstractmethod
    def _error(self, status: int, headers: dict[str, str]) -> web.Response:
        """Make the vendor's own error answer for a status."""

    async def _admit(self) -> tuple[list[Fault], web.Response | None]:
        """Count a connection; return its faults, and the answer if it ends here."""
        faults = [fault for fault in self._faults if fault.hits(self._count)]
        self._count += 1
        for fault in faults:
            if fault.name == "connect_delay":
                await asyncio.sleep(fault.delay or 0.0)
        for fault in faults:
            if fault.name == "status":
                after = fault.retry_after
                headers = {} if after is None else {"Retry-After": f"{after:g}"}
                return faults, self._error(fault.code, headers)
        return faults, None

    def _accepts(self, key: str | None) -> bool:
        return bool(key) and self._api_key in (None, key)

    async def _open(self, request: web.Request, faults: list[Fault]) -> "Connection":
        """Upgrade a request to a WebSocket."""
        ws = web.WebSocketResponse(timeout=_CLOSE_SECS, max_msg_size=0)
        await ws.prepare(request)
        return Connection(ws, request, faults, self.received)


class Connection:
    """One WebSocket, with the faults that hit it."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        request: web.Request,
        faults: list[Fault],
        received: list[dict[str, Any]],
    ) -> None:
        self.ws = ws
        self.id = str(uuid.uuid4())
        self._request = request
        self._received = received
        self._wire = Wire(faults, self._send_text, self._close)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message as JSON, through the faults.

        Raises:
            Cut: If a fault closed the connection, or the client did.
        """
        await self._wire.send(json.dumps(message))

    async def receive(self, *, within: float | None = None) -> bytes | str | None:
        """Return the next binary or text message, or None once the client has closed.

        Raises:
            TimeoutError: If none came within that many seconds.
        """
        message = await self.ws.receive(timeout=within)
        if isinstance(message.data, bytes | str) and not self.ws.closed:
            return message.data
        return None

    def parse(self, text: str, *, unkept: str = "") -> dict[str, Any] | None:
        """Read a text message as a JSON object and keep it; None if it is none.

        Args:
            text: The message.
            unkept: The `type` of messages that are not kept, since they carry audio.
        """
        try:
            message = json.loads(text)
        except ValueError:
            return None
        if not isinstance(message, dict):
            return None
        if not unkept or message.get("type") != unkept:
            self._received.append(message)
        return message

    async def close(self, code: int = WSCloseCode.OK, reason: str = "") -> None:
        """Close as the vendor does."""
        await self.ws.close(code=code, message=reason.encode())

    async def _send_text(self, text: str) -> None:
        try:
            await self.ws.send_str(text)
        except (ConnectionError, RuntimeError):
            raise Cut from None

    async def _close(self, code: int) -> None:
        if code:
            await self.ws.close(code=code)
        elif self._request.transport:
            self._request.transport.abort()


def _bind(host: str, port: int) -> socket.socket:
    """Bind a port; until somebody listens on it, connections are refused."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.setblocking(False)
    except OSError as error:
        taken.close()
        if isinstance(error, PermissionError):
            raise
        raise PortInUseError(f"port {port} on {host} is in use; choose another port") from error
    return taken
