"""Real processes to attack: `antiphon serve` on loopback, its log, its memory, and its end."""

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import psutil
from twilio.request_validator import RequestValidator

__all__ = [
    "API_KEY",
    "AUTH_TOKEN",
    "HERE",
    "Server",
    "end",
    "end_all",
    "ends",
    "free_port",
    "is_info",
    "output_of",
    "run_process",
    "spawn",
]

AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
API_KEY = "key-of-the-attack"
HERE = Path(__file__).parent
START_SECS = 30.0
AT_ONCE_SECS = 0.1

_running: set[subprocess.Popen[bytes]] = set()


def environment(**settings: Any) -> dict[str, str]:
    """The environment of a process: nothing of this shell's settings, and those given."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ANTIPHON_", "TWILIO_"))}
    return {
        **own,
        "PYTHONPATH": str(HERE),
        "PYTHONUNBUFFERED": "1",
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "ANTIPHON_API_KEYS": API_KEY,
        **{name: str(value) for name, value in settings.items()},
    }


def spawn(
    arguments: list[str],
    *,
    stderr: Any,
    folder: Path,
    stdout: Any = subprocess.DEVNULL,
    **settings: Any,
) -> "subprocess.Popen[bytes]":
    """Start a Python process in a group of its own, which ends with this one."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(**settings),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    _running.add(process)
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _running.discard(process)


@atexit.register
def end_all() -> None:
    """Kill what is left, whatever happened."""
    for process in list(_running):
        end(process)


async def run_process(
    arguments: list[str], *, within: float, interrupt_after: float | None = None, **settings: Any
) -> tuple[int | None, str]:
    """Run a Python process to its end, or interrupt it as Ctrl-C does.

    Returns:
        Its exit status, None if it did not end in time, and what it wrote to stderr.
    """
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as empty:
        process = spawn(arguments, stderr=log, folder=Path(empty), **settings)
        try:
            code = await ends(
                process, within=within if interrupt_after is None else interrupt_after
            )
            if interrupt_after is not None and code is None:
                process.send_signal(signal.SIGINT)
                code = await ends(process, within=within)
        finally:
            end(process)
        log.seek(0)
        return code, log.read().decode("utf-8", "replace")


async def ends(process: "subprocess.Popen[bytes]", *, within: float) -> int | None:
    """Wait for a process; its exit status, or None if it goes on."""
    until = time.monotonic() + within
    while process.poll() is None and time.monotonic() < until:  # noqa: ASYNC110 - no child watcher
        await asyncio.sleep(0.02)
    code = process.poll()
    return None if code is None else int(code)


def is_info(line: str) -> bool:
    """Whether a line of a log only informs."""
    try:
        return bool(json.loads(line)["level"] == "INFO")
    except (ValueError, KeyError, TypeError):
        return " | INFO " in line


async def output_of(script: str) -> str:
    """Run a script of this folder to its end; what it printed.

    Raises:
        RuntimeError: If it failed, or took longer than a minute.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as log:
        process = spawn([str(HERE / script)], stdout=output, stderr=log, folder=HERE)
        try:
            code = await ends(process, within=60)
        finally:
            end(process)
        if code != 0:
            log.seek(0)
            raise RuntimeError(log.read().decode()[-300:])
        output.seek(0)
        return output.read().decode()


class Server:
    """`antiphon serve`, as an async context manager; killed at the end."""

    def __init__(
        self,
        agent: str,
        *,
        transports: tuple[str, ...] = ("twilio", "websocket"),
        stderr: Any = None,
        program: list[str] | None = None,
        **settings: Any,
    ) -> None:
        """Describe the server.

        Args:
            agent: The name of an agent in `agents.py`.
            transports: The doors to open.
            stderr: Where its log goes; a file that `log` reads by default.
            program: Another program than `antiphon serve`, which takes `--port`.
            **settings: Its environment.
        """
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        doors = [word for name in transports for word in ("--transport", name)]
        serve = ["-m", "antiphon", "serve", *doors, "--agent", f"agents:{agent}"]
        self._arguments = [*(program or serve), "--port", str(self.port)]
        self._settings = {"ANTIPHON_CAPACITY": 500, **settings}
        self._stderr = stderr
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self._log = self.folder / "stderr"

    async def __aenter__(self) -> Self:
        """Start it, and wait until it answers.

        Raises:
            ConnectionError: If it does not.
        """
        with self._log.open("wb") as log:
            self.process = spawn(
                self._arguments, stderr=self._stderr or log, folder=self.folder, **self._settings
            )
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=10)
        )
        until = time.monotonic() + START_SECS
        try:
            while not await self.is_healthy():
                if self.process.poll() is not None or time.monotonic() > until:
                    raise ConnectionError(f"the server does not start: {self.log()[-600:]}")
                await asyncio.sleep(0.05)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it."""
        await self.session.close()
        end(self.process)
        self._folder.cleanup()

    @property
    def webhook(self) -> str:
        """Where a number's calls are announced."""
        return f"{self.base}/twilio/voice"

    def log(self) -> str:
        """What it has written to stderr so far."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    async def is_healthy(self, *, within: float = 2.0) -> bool:
        """Whether `/healthz` answers."""
        return await self.health_secs(within=within) is not None

    async def health_secs(self, *, within: float = 2.0) -> float | None:
        """How long `/healthz` takes; None if it does not answer."""
        began = time.perf_counter()
        try:
            timeout = aiohttp.ClientTimeout(total=within)
            async with self.session.get(f"{self.base}/healthz", timeout=timeout) as response:
                await response.read()
                return time.perf_counter() - began if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def is_free(self, *, within: float) -> bool:
        """Wait until `/healthz` answers at once again; False if it does not in time."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            secs = await self.health_secs()
            if secs is not None and secs < AT_ONCE_SECS:
                return True
            await asyncio.sleep(0.2)
        return False

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        async with self.session.get(f"{self.base}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    async def webhook_says(self, call_sid: str, **form: str) -> str:
        """Announce a call as Twilio does, signed; the TwiML that comes back."""
        said = {"CallSid": call_sid, "To": "+4930", **form}
        signature = RequestValidator(AUTH_TOKEN).compute_signature(self.webhook, said)
        headers = {"X-Twilio-Signature": signature}
        async with self.session.post(self.webhook, data=said, headers=headers) as response:
            return f"{response.status} {await response.text()}"

    def memory_mb(self) -> float:
        """Memory of the process and its children."""
        root = psutil.Process(self.process.pid)
        return sum(p.memory_info().rss for p in [root, *root.children(recursive=True)]) / 1e6


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
