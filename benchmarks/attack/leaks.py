"""A call under the strictest policy whose tools leak in every way: what leaves, and by which way.

The server is real, the model is a server on loopback that keeps what it was sent, and the client is
a websocket that keeps what it received.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
from rows import CARD, Row, traces
from servers import API_KEY, Server

from antiphon.simulation.vendors.openai import OpenAIServer, Reply

__all__ = ["call_as_client", "leaks", "thinks"]

NAME = "John Smithson"


def thinks(body: dict[str, Any]) -> Reply:
    """What the model does: it looks somebody up, pays, and says goodbye."""
    results = sum(message["role"] == "tool" for message in body["messages"])
    return [{"tool": "look_up"}, {"tool": "pay"}, "Done."][min(results, 2)]  # type: ignore[return-value]


async def leaks(*, quick: bool) -> AsyncIterator[Row]:
    """Make the call, and search everything that left."""
    async with OpenAIServer(script=thinks) as model:
        settings: dict[str, Any] = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "k"}
        async with Server("strict", transports=("websocket",), **settings) as server:
            told = await call_as_client(server, model)
            log = server.log()
            metrics = await _read(server, "/metrics") + await _read(server, "/latency")
        results = [
            message["content"]
            for message in (model.requests[-1]["messages"] if model.requests else ())
            if message["role"] == "tool"
        ]
        bodies = json.dumps(model.requests)
    leaky = f"{len(told)} messages, {len(model.requests)} requests"
    yield _row("3 errors", "RTVI client, after a tool raised", b"".join(told), leaky, has=b"error")
    yield Row(
        fact="4 tool results",
        done="what the model was sent of a result with a card of every JSON type",
        seen=f"{_kinds(results)}; {leaky}",
        wanted="in none",
        ok=bool(results) and not _kinds(results) and not traces(bodies, NAME),
    )
    yield _row("5 logs", "the server's JSON log, binds of every type", log, "", has="looked up")
    yield _row("5 metrics", "/metrics and /latency", metrics, "", has="antiphon")


def _row(fact: str, where: str, text: Any, seen: str, *, has: Any) -> Row:
    found = traces(text, NAME)
    shown = f"leaks: {', '.join(sorted({found[0], found[-1]}))}" if found else "nothing"
    if has not in text:
        shown += f"; but {has!r} is not there either"
    return Row(
        fact=fact,
        done=where,
        seen=f"{shown}{'; ' + seen if seen else ''}",
        wanted="nothing",
        ok=not found and has in text,
    )


def _kinds(results: list[str]) -> str:
    """The fields of a result that still hold what nobody may read."""
    found = []
    for result in results:
        with suppress(ValueError):
            fields = json.loads(result)
            if isinstance(fields, dict):
                found += [k[:12] for k, v in fields.items() if traces(json.dumps({k: v}), NAME)]
    return ", ".join("a key" if kind in CARD else kind for kind in found)


async def call_as_client(
    server: Server, model: OpenAIServer, start: str = "/websocket/start"
) -> list[bytes]:
    """Call as a browser does, until the model has been asked three times more."""
    before = len(model.requests)
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with server.session.post(f"{server.base}{start}", headers=headers) as answer:
        url = (await answer.json())["url"]
    received = []
    async with server.session.ws_connect(url) as websocket:
        loop = asyncio.get_running_loop()
        until = loop.time() + 15
        while loop.time() < until:
            with suppress(TimeoutError):
                message = await websocket.receive(timeout=0.5)
                if message.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                    break
                data = message.data
                received.append(data if isinstance(data, bytes) else data.encode())
            if len(model.requests) - before > 2:
                until = min(until, loop.time() + 2)
    # Audio holds any digits sooner or later.
    return [each for each in received if b"label" in each]


async def _read(server: Server, path: str) -> str:
    async with server.session.get(f"{server.base}{path}") as response:
        return await response.text()
