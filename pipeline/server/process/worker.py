"""One worker of several: takes the connections that the supervisor hands it, and serves them."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from loguru import logger

from antiphon.pipeline.loading import load_agent
from antiphon.pipeline.server.app import create_app
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.drain import CannotWarmUpError, DrainServer
from antiphon.pipeline.server.process.rpc import Rpc
from antiphon.pipeline.server.settings import WorkerOptions
from antiphon.pipeline.server.state.rpc import RpcState

__all__ = ["run_worker"]


async def run_worker(
    options: WorkerOptions, control: socket.socket, connections: socket.socket
) -> bool:
    """Be a worker until the supervisor says stop, or is no more, and the calls have ended.

    Args:
        options: What it serves.
        control: Leads to the supervisor.
        connections: Brings the connections, each with one byte.

    Returns:
        Whether every call came to its end.
    """
    methods: dict[str, Any] = {"stop": lambda: None}
    supervisor = Rpc(methods)
    try:
        app = create_app(
            load_agent(options.agent),
            default=load_agent(options.default_agent) if options.default_agent else None,
            transports=options.transports,
            settings=options.settings,
            state=RpcState(supervisor),
        )
    except (ValueError, ImportError) as error:
        await supervisor.connect(control)
        await supervisor.ask("fail", str(error))
        return False
    calls: Calls = app.state.calls
    server = _WorkerServer(app, supervisor, connections, options.trusted_proxies)

    async def cancel(call_id: str, reason: str) -> None:
        if call := calls.find(call_id):
            await call.worker.cancel(reason=reason)

    methods.update(stop=server.stop, cancel=cancel, report=lambda name: app.state.reports[name]())
    supervising = await supervisor.connect(control)
    # Without a supervisor nobody hands over what is new; what there is goes on.
    supervising.add_done_callback(lambda _: None if server.should_exit else server.stop())
    try:
        ended_well = await server.serve_until_drained([])
    except CannotWarmUpError as error:
        await supervisor.ask("fail", str(error))
        return False
    await supervisor.close()
    return ended_well


class _WorkerServer(DrainServer):
    """Serves the connections that come as file descriptors."""

    def __init__(
        self, app: FastAPI, supervisor: Rpc, connections: socket.socket, trusted_proxies: str
    ) -> None:
        super().__init__(app, forwarded_allow_ips=trusted_proxies)
        self._calls: Calls = app.state.calls
        self._supervisor = supervisor
        self._connections = connections
        self._taken = 0
        self._reported: tuple[int, int] | None = None
        self._joining: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the supervisor."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets)
        self._connections.setblocking(False)
        asyncio.get_running_loop().add_reader(self._connections, self._take)
        self._supervisor.tell("ready")

    async def on_tick(self, counter: int) -> bool:
        """Every 100 ms, tell the supervisor how much there is to do, if that has changed."""
        # A call in a room holds no connection, and one on the phone is one.
        load = max(len(self.server_state.connections), self._calls.active)
        if self._reported != (self._taken, load):
            self._reported = (self._taken, load)
            self._supervisor.tell("load", self._taken, load)
        return await super().on_tick(counter)

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                byte, descriptors, _, _ = socket.recv_fds(self._connections, 1, 1)
            except BlockingIOError:
                return
            except OSError:
                byte, descriptors = b"", []
            if not byte:
                # The supervisor is gone.
                loop.remove_reader(self._connections)
                return
            self._taken += 1
            if not descriptors:
                logger.error("a connection was lost: this process has too many files open")
                continue
            sock = socket.socket(fileno=descriptors[0])
            sock.setblocking(False)
            joining = loop.create_task(loop.connect_accepted_socket(self._protocol, sock))
            self._joining.add(joining)
            joining.add_done_callback(self._joining.discard)

    def _protocol(self) -> asyncio.Protocol:
        # As uvicorn makes it for each connection that it accepts.
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
