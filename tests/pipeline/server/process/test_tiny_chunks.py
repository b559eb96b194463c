"""A request that takes long to take apart is refused before it has been."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from fastapi import FastAPI, Request

from antiphon.pipeline.server.process.http_protocol import (
    BYTES_PER_CHUNK,
    FREE_CHUNKS,
    CallRequests,
)

POST = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = FastAPI()

    @app.post("/")
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.post("/early")
    async def early() -> str:
        return "answered"

    @app.get("/")
    async def hello() -> str:
        return "hello"

    config = uvicorn.Config(app, port=0, http=CallRequests, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it only so
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def asked(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answer = bytearray()
    try:
        while data := await reader.read(65536):
            answer += data
    except ConnectionError:  # with what was left unread the connection is reset
        pass
    finally:
        writer.close()
    return bytes(answer)


def chunks(size: int, count: int) -> bytes:
    return f"{size:x}\r\n{'a' * size}\r\n".encode() * count + b"0\r\n\r\n"


async def test_a_body_in_tiny_chunks_is_refused(port: int) -> None:
    assert (await asked(port, POST + chunks(1, FREE_CHUNKS + 50))).startswith(b"HTTP/1.1 400 ")


async def test_a_body_in_few_small_chunks_or_many_large_ones_is_read(port: int) -> None:
    assert (await asked(port, POST + chunks(1, FREE_CHUNKS))).endswith(b"256")
    assert (await asked(port, POST + chunks(BYTES_PER_CHUNK, 2000))).endswith(b"512000")


@pytest.mark.parametrize("head", [b"a:\r\n" * 200, b"a: " + b"b" * 20_000 + b"\r\n"])
async def test_a_large_head_is_refused_although_it_comes_at_once(port: int, head: bytes) -> None:
    answer = await asked(port, GET + head + b"\r\n")
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")


async def test_an_ordinary_head_is_read(port: int) -> None:
    assert (await asked(port, GET + b"a: b\r\n" * 100 + b"\r\n")).endswith(b'"hello"')


async def test_a_body_that_breaks_after_its_answer_raises_nothing(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST.replace(b"POST /", b"POST /early").replace(b"Connection: close\r\n", b""))
    assert b"answered" in await reader.readuntil(b'"answered"')
    writer.write(b"nonsense\r\n")
    assert await reader.read() == b""
    writer.close()
    assert not [record for record in caplog.records if record.name == "asyncio"]
