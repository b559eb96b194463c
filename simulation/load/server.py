"""What a server costs, read from outside while it works: CPU and memory of its processes."""

import asyncio
import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psutil

from antiphon.simulation.load.figures import ServerCost

__all__ = ["ServerMeter", "find_server"]

SAMPLE_EVERY_SECS = 1.0
PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def find_server(url: str) -> list[int]:
    """Find who listens at an address on this machine.

    Args:
        url: The address.

    Returns:
        The ids of the processes, without those that are children of another one in the list.

    Raises:
        ProcessLookupError: If it is on another machine, or whoever listens cannot be seen.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 80)
    if not _is_loopback(host):
        raise ProcessLookupError(f"{host} may be another machine: give its process with --pid")
    try:
        sockets = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        sockets = []
    pids = {
        s.pid
        for s in sockets
        if s.status == psutil.CONN_LISTEN and getattr(s.laddr, "port", None) == port
    }
    found = {pid for pid in pids if pid}
    if not found:
        raise ProcessLookupError(f"no process of yours listens on port {port}: give one with --pid")
    return sorted(
        pid for pid in found if not found & {p.pid for p in psutil.Process(pid).parents()}
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ServerMeter:
    """Reads a server while calls are made, as an async context manager.

    async with ServerMeter([pid]) as meter:
        ...
    cost = meter.cost(calls=10, call_secs=600)
    """

    def __init__(self, pids: Sequence[int]) -> None:
        """Find the processes.

        Args:
            pids: The server's processes; their children count as well.

        Raises:
            ProcessLookupError: If there is no such process, or it may not be read.
        """
        try:
            self._roots = [psutil.Process(pid) for pid in pids]
            self._cpu_before, self._before_bytes, self._processes = self._read()
        except psutil.AccessDenied as error:
            raise ProcessLookupError(f"process {error.pid} is not yours to read") from error
        except (psutil.NoSuchProcess, ValueError) as error:
            raise ProcessLookupError(f"there is no such process: {error}") from error
        self._cpu = self._cpu_before
        self._peak_bytes = self._before_bytes
        self._sampling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._sampling = asyncio.create_task(self._sample())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Read once more."""
        if self._sampling:
            self._sampling.cancel()
            with suppress(asyncio.CancelledError):
                await self._sampling
        await self._look()

    def cost(self, *, calls: int, call_secs: float) -> ServerCost:
        """Tell what it took.

        Args:
            calls: How many calls were made.
            call_secs: How long they lasted, all together.
        """
        cpu_secs = self._cpu - self._cpu_before
        more_bytes = self._peak_bytes - self._before_bytes
        return ServerCost(
            processes=self._processes,
            cpu_secs=round(cpu_secs, 2),
            cpu_ms_per_call_sec=round(1000 * cpu_secs / call_secs, 1) if call_secs else 0.0,
            memory_before_mb=round(self._before_bytes / 1e6, 1),
            memory_peak_mb=round(self._peak_bytes / 1e6, 1),
            memory_mb_per_call=round(more_bytes / 1e6 / calls, 1),
        )

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY_SECS)
            await self._look()

    async def _look(self) -> None:
        # On a thread: the kernel adds up all pages of a process for it.
        cpu_secs, memory_bytes, processes = await asyncio.to_thread(self._read)
        # A worker that has ended takes its time with it until its parent has noticed.
        self._cpu = max(self._cpu, cpu_secs)
        self._peak_bytes = max(self._peak_bytes, memory_bytes)
        self._processes = max(self._processes, processes)

    def _read(self) -> tuple[float, int, int]:
        readings = [reading for process in self._all() for reading in _usage(process)]
        return sum(cpu for cpu, _ in readings), sum(size for _, size in readings), len(readings)

    def _all(self) -> Iterator[psutil.Process]:
        for root in self._roots:
            yield root
            with suppress(psutil.NoSuchProcess):
                yield from root.children(recursive=True)


def _usage(process: psutil.Process) -> Iterator[tuple[float, int]]:
    """Give CPU seconds, those of children that have ended included, and bytes of memory."""
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        memory = process.memory_full_info()
        # What processes share is shared out among them where the system can tell (Linux).
        yield (
            times.user + times.system + times.children_user + times.children_system,
            getattr(memory, "pss", memory.uss),
        )
