"""The process in front of several workers: hands each connection to the one with the least to do.

It accepts, and passes the accepted socket on, so it never touches a call's audio and a caller's
address stays what it is. It has the shared state, replaces a worker that died, and makes one
`/metrics` of all. It loads no agent and no model.
"""

import asyncio
import contextlib
import multiprocessing
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from typing import Any

from loguru import logger
from prometheus_client import CollectorRegistry, generate_latest

from antiphon.pipeline.server.logs import log_as_json
from antiphon.pipeline.server.metrics import LOG_LINES_DROPPED, REDIS_LOST
from antiphon.pipeline.server.process.listening import CannotListenError, bind, tell_where
from antiphon.pipeline.server.process.metrics_merge import counted, merge_metrics
from antiphon.pipeline.server.process.rpc import Rpc
from antiphon.pipeline.server.settings import WorkerOptions
from antiphon.pipeline.server.state.rpc import ASKED
from antiphon.pipeline.server.state.stores import open_state
from antiphon.processors.latency.core.fleet import merge_states

__all__ = ["Supervisor", "WorkerFailed"]

# As many connections may wait while a worker starts; Linux caps it at net.core.somaxconn.
BACKLOG = 2048

# A worker that dies younger than this is started again no sooner than this after.
YOUNG_SECS = 5.0

REPORT_SECS = 2.0

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class WorkerFailed(ValueError):
    """The first workers cannot start: the agent or a setting is wrong."""


class Supervisor:
    """Runs workers and spreads connections over them."""

    def __init__(self, *, workers: int, options: WorkerOptions) -> None:
        """Create the supervisor.

        Args:
            workers: How many processes answer.
            options: What each of them is told; its capacity is that of all together.
        """
        self._count = workers
        self._options = options
        self._workers: list[_Worker] = []
        self._state = open_state(options.settings)
        self._gone_metrics = ""
        self._listener: socket.socket | None = None
        self._is_accepting = False
        self._has_answered = False
        self._stopping = 0
        self._failure: str | None = None
        self._cut = False
        self._restarts: set[asyncio.Task[None]] = set()
        self._done = asyncio.Event()

    async def serve(self, *, host: str, port: int) -> bool:
        """Serve until SIGTERM or SIGINT, and then until the calls have ended.

        Args:
            host: The address to listen on.
            port: The port to listen on.

        Returns:
            Whether every call came to its end.

        Raises:
            CannotListenError: If the address is in use.
            WorkerFailed: If the workers cannot start.
        """
        self._listener = bind(host, port)
        try:
            self._listener.listen(BACKLOG)
        except OSError as error:
            # Another server had taken it, and listens first.
            raise CannotListenError(host, port, error) from error
        self._listener.setblocking(False)
        loop = asyncio.get_running_loop()
        for told in SIGNALS:
            loop.add_signal_handler(told, self.stop)
        for number in range(self._count):
            await self._start(number)
        await self._done.wait()
        await self._state.aclose()
        if self._failure:
            raise WorkerFailed(self._failure)
        return not self._cut

    def stop(self) -> None:
        """Accept nothing more and let the calls finish; the second time, end them now."""
        self._stopping += 1
        if self._stopping == 1:
            self._state.close()
            self._accept(False)
            assert self._listener
            self._listener.close()
            for restart in self._restarts:
                restart.cancel()
            if not (self._failure or any(worker.is_ready for worker in self._workers)):
                logger.info("told to stop before it answered")
        for worker in self._workers:
            worker.stop()
        self._end_if_alone()

    async def _start(self, number: int, delay_secs: float = 0.0) -> None:
        await asyncio.sleep(delay_secs)
        if self._stopping:
            return
        worker = _Worker(number, self._options, self._methods_for, self._ended)
        self._workers.append(worker)
        await worker.connect()
        if self._stopping:
            worker.stop()

    def _accept(self, wanted: bool) -> None:
        if wanted == self._is_accepting or self._listener is None:
            return
        self._is_accepting = wanted
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_reader(self._listener, self._take_connections)
        else:
            loop.remove_reader(self._listener)

    def _take_connections(self) -> None:
        assert self._listener
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                # Out of file descriptors, or the far end is gone already.
                logger.warning(f"a connection was not accepted: {error.strerror}")
                return
            with connection:
                self._hand_over(connection)

    def _hand_over(self, connection: socket.socket) -> None:
        for worker in sorted((w for w in self._workers if w.is_ready), key=lambda w: w.load):
            if worker.take(connection):
                return
        logger.error("a connection was refused: no worker takes it")

    def _methods_for(self, worker: "_Worker") -> dict[str, Callable[..., Any]]:
        """Return what one worker may call."""

        def enter(key: str) -> None:
            worker.calls += 1
            self._state.enter(key)

        def leave() -> None:
            worker.calls -= 1
            self._state.leave()

        def ready() -> None:
            if self._listener and not (self._has_answered or self._stopping):
                tell_where(self._listener)
            worker.is_ready = self._has_answered = True
            self._accept(not self._stopping)

        def load(taken: int, load: int) -> None:
            worker.has_taken, worker.reported_load = taken, load

        def cancel(call_id: str, reason: str) -> None:
            for other in self._workers:
                if other is not worker:
                    other.rpc.tell("cancel", call_id, reason)

        def fail(reason: str) -> None:
            logger.error(f"worker {worker.number} cannot start: {reason}")
            if not any(w.is_ready for w in self._workers):
                self._failure = reason
                self.stop()

        async def status() -> dict[str, Any]:
            ready = sum(w.is_ready for w in self._workers)
            return {**await self._state.status(), "workers": ready}

        own = {
            f.__name__: f for f in (enter, leave, ready, load, cancel, fail, status, self.report)
        }
        return {name: getattr(self._state, name) for name in ASKED} | own

    async def report(self, name: str) -> Any:
        """Return a report over all workers; what was counted by those that are no more included."""
        asked = await asyncio.gather(*(w.report(name) for w in self._workers if w.is_ready))
        reports = [report for report in asked if report is not None]
        if name == "latency":
            return merge_states(reports)
        own = CollectorRegistry()
        own.register(LOG_LINES_DROPPED)
        own.register(REDIS_LOST)
        return merge_metrics([self._gone_metrics, generate_latest(own).decode(), *reports])

    def _ended(self, worker: "_Worker", exit_code: int) -> None:
        """Clear up after a worker, and start another if it was not told to stop."""
        self._workers.remove(worker)
        for _ in range(worker.calls):
            self._state.leave()
        self._gone_metrics = merge_metrics(
            [self._gone_metrics, counted(worker.last_reports.get("metrics", ""))]
        )
        if not any(w.is_ready for w in self._workers):
            self._accept(False)
        if self._stopping:
            self._cut |= exit_code != 0 and not worker.is_killed
            self._end_if_alone()
            return
        if not self._has_answered:
            # What no worker has lived through, the next one would not either.
            self._failure = f"worker {worker.number} died with {exit_code} before it answered"
            self.stop()
            return
        age = time.monotonic() - worker.started_at
        logger.error(
            f"worker {worker.number} died with {exit_code} after {age:.0f} s "
            f"and {worker.calls} call(s): starting another"
        )
        loop = asyncio.get_running_loop()
        delay = 0.0 if age >= YOUNG_SECS else YOUNG_SECS
        restart = loop.create_task(self._start(worker.number, delay))
        self._restarts.add(restart)
        restart.add_done_callback(self._restarts.discard)

    def _end_if_alone(self) -> None:
        if self._stopping and not self._workers:
            self._done.set()


class _Worker:
    """A worker process, as the supervisor sees it.

    Parameters:
        number: Which it is.
        calls: How many calls run in it.
        is_ready: Whether it takes connections.
        is_killed: Whether it was told to stop before it took any.
        has_taken: How many it had taken when it last reported.
        reported_load: How many of them it then had.
        last_reports: Its reports, when they were last asked for.
    """

    def __init__(
        self,
        number: int,
        options: WorkerOptions,
        methods_for: Callable[["_Worker"], dict[str, Callable[..., Any]]],
        ended: Callable[["_Worker", int], None],
    ) -> None:
        self.number = number
        self.calls = 0
        self.is_ready = False
        self.is_killed = False
        self.has_taken = 0
        self.reported_load = 0
        self.last_reports: dict[str, Any] = {}
        self.started_at = time.monotonic()
        self.rpc = Rpc(methods_for(self))
        self._given = 0
        self._ended = ended
        self._control, its_control = socket.socketpair()
        self._connections, its_connections = socket.socketpair()
        self._connections.setblocking(False)
        # Not a fork: the models' threads and the event loop would not survive one.
        self._process = multiprocessing.get_context("spawn").Process(
            target=_be_worker, args=(number, options, its_control, its_connections)
        )
        # Started first, as it would let the signals in again.
        resource_tracker.ensure_running()
        # A Ctrl-C or a service manager may signal the whole group; the supervisor tells what it
        # means. What is held back here stays held back in the worker, until it ignores it.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            with its_control, its_connections:
                self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    @property
    def load(self) -> int:
        """What it had when it last reported, and all that it was given since."""
        return self.reported_load + self._given - self.has_taken

    async def connect(self) -> None:
        """Listen to it."""
        self._served = await self.rpc.connect(self._control)
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._process_ended)

    def stop(self) -> None:
        """Let it finish its calls; it has none before it is ready."""
        if self.is_ready:
            self.rpc.tell("stop")
        elif self._process.is_alive():
            self.is_killed = True
            self._process.kill()

    def take(self, connection: socket.socket) -> bool:
        """Hand a connection over; False if the worker is stuck or gone."""
        try:
            socket.send_fds(self._connections, [b"."], [connection.fileno()])
        except OSError:
            return False
        self._given += 1
        return True

    async def report(self, name: str) -> Any:
        """Ask for a report; of a worker that is stuck or gone, the last one."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(REPORT_SECS):
                self.last_reports[name] = await self.rpc.ask("report", name)
        return self.last_reports.get(name)

    def _process_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self.is_ready = False
        self._process.join()
        self._connections.close()
        exit_code = self._process.exitcode or 0
        # What it said last is still to be read.
        self._served.add_done_callback(lambda _: self._ended(self, exit_code))


def _be_worker(
    number: int, options: WorkerOptions, control: socket.socket, connections: socket.socket
) -> None:
    for ignored in SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    # Before Pipecat is imported: it greets on stderr.
    log_as_json(sys.stderr)
    logger.configure(extra={"worker": number})
    from antiphon.pipeline.server.process.loop import run
    from antiphon.pipeline.server.process.worker import run_worker

    sys.exit(0 if run(run_worker(options, control, connections)) else 1)
