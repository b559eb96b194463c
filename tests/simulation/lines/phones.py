"""Servers that a phone can ring, in the loop of the test."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket

from antiphon.simulation.audio import level_dbfs
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm

ANSWER = base64.b64encode(pcm_to_ulaw(speech_pcm(3.0, sample_rate_hz=8_000))).decode()
QUIET_CHUNKS = 25
"""Half a second."""


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an app with uvicorn in this loop; the address is without a scheme and a path."""
    config = uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


def babbler(*, clears: bool = True, leaves_after: float | None = None) -> FastAPI:
    """A server at /ws that greets, and answers half a second after it was spoken to.

    Args:
        clears: Whether it falls silent when talked over.
        leaves_after: Seconds after which it hangs up.
    """
    app = FastAPI()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        media = {"event": "media", "media": {"payload": ANSWER}}
        quiet, spoken, chunks = 0, False, 0
        async for text in websocket.iter_text():
            event = json.loads(text)
            if event["event"] == "start":
                await websocket.send_json(media)
            if event["event"] != "media":
                continue
            chunks += 1
            if leaves_after and chunks * 0.02 >= leaves_after:
                await websocket.close()
                return
            if level_dbfs(sound_of(event)) > -45:
                if clears and not spoken:
                    await websocket.send_json({"event": "clear"})
                quiet, spoken = 0, True
            elif spoken:
                quiet += 1
            if spoken and quiet == QUIET_CHUNKS:
                spoken = False
                await websocket.send_json(media)

    return app


def listener(hears: Callable[[dict[str, Any]], None]) -> FastAPI:
    """A server at /ws that passes on each message and says nothing."""
    app = FastAPI()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            hears(json.loads(text))

    return app


def sound_of(media: dict[str, Any]) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    """The samples of a media message."""
    return np.frombuffer(ulaw_to_pcm(base64.b64decode(media["media"]["payload"])), "<i2")
