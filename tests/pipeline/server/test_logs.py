"""The server's log: it never holds up a call, says where a bug is, and quotes nobody."""

import asyncio
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from loguru import logger

from antiphon.core.call_scope import CallScope
from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.server.drain import serve_app
from antiphon.pipeline.server.logs import WITHHELD, log_as_json
from antiphon.pipeline.server.metrics import LOG_LINES_DROPPED
from antiphon.pipeline.server.process.listening import CannotListenError, bind
from antiphon.pipeline.server.process.log_writer import LogWriter
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.redaction import guard_logs, scrub
from antiphon.processors.redaction.guards import log_text

pytestmark = pytest.mark.usefixtures("no_guard")


class Log:
    """What was written to a server's log."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def lines(self) -> list[dict[str, Any]]:
        # Ends the sink, which writes what waits.
        logger.remove()
        return [json.loads(line) for line in self._file.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    # A test with a stock server leaves uvicorn's loggers with handlers and levels of their own.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        logging.getLogger(name).setLevel(logging.NOTSET)
    file = tmp_path / "log"
    with file.open("w") as stream:
        log_as_json(stream)
        yield Log(file)
        logger.remove()
        logging.basicConfig(handlers=[], force=True)


def dropped() -> float:
    return LOG_LINES_DROPPED._value.get()  # type: ignore[no-any-return]


def test_a_pipe_that_nobody_reads_holds_nobody_up_and_what_was_dropped_is_told() -> None:
    reading, writing = os.pipe()
    before = dropped()
    with os.fdopen(writing, "w") as stream:
        writer = LogWriter(stream, notice=lambda n: f"dropped {n}\n", max_chars=100_000)
    sent = 0
    while dropped() == before:
        writer.write(f"{sent} {'x' * 100}\n")
        sent += 1
    for _ in range(9):
        writer.write("dropped as well\n")
    received: list[bytes] = []

    def read() -> None:
        while piece := os.read(reading, 4096):
            received.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    assert writer.close(secs=30)
    reader.join()
    os.close(reading)
    *lines, notice = b"".join(received).decode().splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(sent - 1))
    assert notice == "dropped 10"
    assert dropped() - before == 10


def test_the_process_can_exit_though_nobody_reads() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        writer = LogWriter(stream, notice=str)
    for _ in range(1000):
        writer.write("x" * 100)
    assert not writer.close(secs=0.01)
    os.close(reading)
    # Now that there is an error to see, its thread ends too.
    assert writer.close(secs=30)


def test_lines_for_a_reader_who_has_left_are_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    before = dropped()
    with os.fdopen(writing, "w") as stream:
        writer = LogWriter(stream, notice=str)
    writer.write("hello\n")
    assert writer.close(secs=30)
    assert dropped() - before == 1


def test_a_failed_route_is_told_by_its_error_and_where_it_arose(log: Log) -> None:
    def broken_route() -> None:
        # The innermost frame is the library's, and the one before it the app's.
        json.loads("my card number")

    try:
        broken_route()
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        logger.exception("the app's own line")
    told, own = log.lines()
    assert told["message"] == WITHHELD
    assert own["message"] == "the app's own line"
    line = broken_route.__code__.co_firstlineno + 2
    for shown in (told, own):
        assert shown["error"] == "JSONDecodeError"
        assert shown["at"] == f"{__file__}:{line} in broken_route"
        assert "card" not in json.dumps(shown)


async def test_a_bug_in_a_route_beside_the_doors_is_told(serving: Any, log: Log) -> None:
    async with serving() as server:
        app: FastAPI = server.app

        @app.get("/orders")
        async def orders(card: str) -> None:
            raise KeyError(card)

        async with server.session.get(f"{server.base}/orders?card=4539148803436467") as response:
            assert response.status == 500
    [told] = [line for line in log.lines() if line.get("error") == "KeyError"]
    assert told["at"].startswith(f"{__file__}:")
    assert told["at"].endswith("in orders")
    assert "4539" not in json.dumps(told)


async def test_a_refused_request_is_scrubbed_by_nobody_while_calls_run(
    serving: Any, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrubbed: list[str] = []
    monkeypatch.setattr(
        log_text, "scrub", lambda text, *a: scrubbed.append(text) or scrub(text, *a)
    )
    guard_logs()
    # Without the handlers that pytest adds once a test runs.
    logging.basicConfig(handlers=logging.getLogger().handlers[:1], force=True)
    call = CallScope()
    call.begin()
    async with serving() as server:
        host, _, port = server.base.removeprefix("http://").partition(":")
        for _ in range(5):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"no request at all\r\n\r\n")
            await reader.read()
            writer.close()
    logging.getLogger("uvicorn.error").error("it said", exc_info=ValueError("my card"))
    assert scrubbed == []
    call.end()
    lines = log.lines()
    assert [line["message"] for line in lines if "uvicorn" in line["where"]] == [WITHHELD] * 6
    assert scrubbed == []


def test_what_a_library_logs_never_fails_in_the_library(log: Log) -> None:
    logging.addLevelName(35, "NOTABLE")
    logging.getLogger("library").log(35, "a level that loguru has no name for")
    circle: dict[Any, Any] = {(1, 2): "a key that JSON has no name for"}
    circle["circle"] = circle
    logger.bind(circle=circle).info("told")
    first, second = log.lines()
    assert (first["level"], first["message"]) == ("Level 35", WITHHELD)
    assert second["message"] == "told"


@pytest.fixture
async def taken() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def command(port: int, workers: int) -> list[str]:
    arguments = ["serve", "--transport", "twilio", "--agent", "parrot:parrot"]
    arguments += ["--port", str(port), "--workers", str(workers)]
    return [sys.executable, "-m", "antiphon", *arguments]


ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(__file__).parent),
    "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
}


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_port_in_use_is_told_in_one_line(taken: int, workers: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *command(taken, workers),
        env=ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    [line] = (out + err).decode().splitlines()
    told = json.loads(line)
    assert process.returncode == 1
    assert told["level"] == "ERROR"
    assert f"127.0.0.1:{taken}" in told["message"]
    assert "--port" in told["message"]


@pytest.mark.system
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_server_whose_log_nobody_reads_goes_on(
    port: int, phone_to: Any, wait_for_answer: Any, workers: int
) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *command(port, workers), env=ENVIRONMENT, stderr=writing
    )
    os.close(writing)
    try:
        await wait_for_answer(f"http://127.0.0.1:{port}/readyz", 200)
        phone = phone_to(port)
        # 64 KiB are in the pipe after some 300 of these.
        for _ in range(1000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"no request at all\r\n\r\n")
            writer.close()
        # In such a rush a worker may have no room for one more connection.
        await wait_for_answer(f"http://127.0.0.1:{port}/readyz", 200)
        call = await phone.calls(1)
        assert await call.is_answered()
        await phone.hang_up_all()
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(reading)


class Slow:
    """An agent during whose warm-up another server begins to listen."""

    def __init__(self, other: socket.socket) -> None:
        self._other = other

    def worker(self, *_: Any, **kwargs: Any) -> CallWorker:
        raise AssertionError("nobody calls")

    async def warm_up(self) -> None:
        self._other.listen()


async def test_a_port_that_another_server_takes_during_the_warm_up_is_told() -> None:
    with bind("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        app = create_app(Slow(other), settings=ServerSettings())
        with pytest.raises(CannotListenError, match=f"127.0.0.1:{port}"):
            await serve_app(app, host="127.0.0.1", port=port)
