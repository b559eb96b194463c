"""Two processes that ask each other things, one JSON object a line over a socket pair."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import Callable, Mapping
from typing import Any

from loguru import logger

__all__ = ["Rpc"]

# A worker's metrics are some 100 KB.
MAX_LINE_BYTES = 16 * 1024 * 1024

Method = Callable[..., Any]


class Rpc:
    """The other process."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        """Create the end; `connect` joins it to the other.

        Args:
            methods: What the other process may call, plain functions or coroutine functions.
        """
        self._methods = methods
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, sock: socket.socket) -> asyncio.Task[None]:
        """Join this end of a socket pair.

        Args:
            sock: The end.

        Returns:
            A task that serves the other process and ends when it does.
        """
        reader, self._writer = await asyncio.open_unix_connection(sock=sock, limit=MAX_LINE_BYTES)
        return asyncio.create_task(self._serve(reader))

    def tell(self, method: str, *args: Any) -> None:
        """Have the other process call a method; if it is gone, nothing happens.

        Args:
            method: The method.
            *args: Its arguments, fit for JSON.
        """
        self._send({"method": method, "args": args})

    async def ask(self, method: str, *args: Any) -> Any:
        """Have the other process call a method.

        Args:
            method: The method.
            *args: Its arguments, fit for JSON.

        Returns:
            What it returned.

        Raises:
            ConnectionError: If the process is gone, or the method failed there.
        """
        if self._writer is None or self._writer.is_closing():
            raise ConnectionError("the other process is gone")
        number = next(self._ids)
        self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._send({"id": number, "method": method, "args": args})
            return await self._asked[number]
        finally:
            del self._asked[number]

    async def close(self) -> None:
        """Leave the other process, once it has been sent everything."""
        if self._writer:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _send(self, message: dict[str, Any]) -> None:
        if self._writer and not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except ConnectionError:
            pass
        finally:
            await self.close()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the other process is gone"))

    def _take(self, message: dict[str, Any]) -> None:
        if "method" in message:
            # In the order of the lines up to the first wait: who enters is there before they leave.
            task = asyncio.create_task(self._answer(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
            return
        answer = self._asked.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(ConnectionError(message["error"]))
        else:
            answer.set_result(message["answer"])

    async def _answer(self, message: dict[str, Any]) -> None:
        name = message["method"]
        try:
            result = self._methods[name](*message["args"])
            if asyncio.iscoroutine(result):
                result = await result
            answer = {"answer": result}
        except Exception as error:
            logger.error(f"{name} failed: {type(error).__name__}")
            answer = {"error": f"{name} failed: {type(error).__name__}"}
        if "id" in message:
            self._send({"id": message["id"], **answer})
