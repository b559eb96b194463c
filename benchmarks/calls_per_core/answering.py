"""What answering a call costs the event loop, and with it every other call of the process.

From Twilio's start message on, the CPU time of the loop's thread: until the pipeline has started,
and until it rests before the greeting's first audio. Calls come one after another, on uvloop as in
production, to services that only wait. Callbacks are timed in other calls, on asyncio's loop.

    python benchmarks/calls_per_core/answering.py [--calls 30] [--only NAME]
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import agents
import uvloop
from fastapi import WebSocket
from loguru import logger
from pydantic import SecretStr

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.server.drain import spare_collector

IDS = {"streamSid": f"MZ{'0' * 32}", "callSid": f"CA{'0' * 32}", "accountSid": f"AC{'0' * 32}"}
FIRST_CALLS = 5  # not counted
SETTLING_SECS = 0.05  # less than the fakes take to speak

Messages = asyncio.Queue[dict[str, Any]]
callbacks_secs: list[float] = []


class Stock:
    """Answers as `agents.serve_stock` does."""

    token = ""

    async def answer(self, messages: Messages, watch: Callable[[Any], object]) -> None:
        websocket = WebSocket({"type": "websocket"}, messages.get, _ignore)
        await websocket.accept()
        start = json.loads(await websocket.receive_text())["start"]
        call = agents.StockCall(websocket, start["streamSid"], smart=True)
        watch(call.worker)
        await call.run()

    async def warm_up(self) -> None:
        """Load nothing: stock does so in each call."""


class Ours:
    """Answers as `antiphon serve` does."""

    def __init__(self, agent: Any) -> None:
        settings = ServerSettings(twilio_auth_token=SecretStr("benchmark"))
        self._agent = agent
        self._app = create_app(self, transports=["twilio"], settings=settings)
        self._watch: Callable[[Any], object] = id

    def worker(self, *args: Any, **kwargs: Any) -> Any:
        worker = self._agent.worker(*args, **kwargs)
        self._watch(worker)
        return worker

    async def warm_up(self) -> None:
        await self._agent.warm_up()
        spare_collector()

    @property
    def token(self) -> str:
        return str(self._app.state.calls.tokens.issue("twilio", IDS["callSid"], now=time.time()))

    async def answer(self, messages: Messages, watch: Callable[[Any], object]) -> None:
        self._watch = watch
        scope = {"type": "websocket", "path": "/twilio/stream", "headers": [], "query_string": b""}
        await self._app(scope, messages.get, _ignore)


async def call(side: Any) -> tuple[float, ...]:
    """Make one call; its seconds of CPU until started, until at rest, and in one callback."""
    started: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    messages: Messages = asyncio.Queue()

    async def on_started(*_: Any) -> None:
        started.set_result(time.thread_time())

    messages.put_nowait({"type": "websocket.connect"})
    watch = lambda worker: worker.add_event_handler("on_pipeline_started", on_started)  # noqa: E731
    answering = asyncio.create_task(side.answer(messages, watch))
    await asyncio.sleep(0.01)
    start = {"event": "start", "start": {**IDS, "customParameters": {"token": side.token}}}
    messages.put_nowait({"type": "websocket.receive", "text": json.dumps(start)})
    callbacks_secs.clear()
    began = time.thread_time()
    until_started = await started - began
    await asyncio.sleep(SETTLING_SECS)
    until_rest = time.thread_time() - began
    longest = max(callbacks_secs, default=0.0)
    messages.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await answering
    return until_started, until_rest, longest


async def calls(make: Callable[[], Any], count: int) -> list[tuple[float, ...]]:
    """Make calls, one after another."""
    side = make()
    await side.warm_up()
    for _ in range(FIRST_CALLS):
        await call(side)
    return [await call(side) for _ in range(count)]


async def _ignore(message: Any) -> None:
    """Send nothing to nobody."""


SIDES: dict[str, Callable[[], Any]] = {
    "stock": Stock,
    "ours, like stock": lambda: Ours(agents.smart_turn),
    "ours, whole": lambda: Ours(agents.whole),
    "ours, embedded services": lambda: Ours(VoiceAgent()),
}


def main() -> None:
    """Measure each side, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--only", choices=SIDES)
    args = parser.parse_args()
    logger.remove()
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        callbacks_secs.append(time.thread_time() - began)

    asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]
    print("| ms, median (worst) | until started | until at rest | longest callback |")
    print("|---|---|---|---|")
    for name, make in SIDES.items():
        if args.only in (None, name):
            started, rest, _ = zip(*uvloop.run(calls(make, args.calls)), strict=True)
            *_, longest = zip(*asyncio.run(calls(make, args.calls)), strict=True)
            columns = (
                f"{1000 * statistics.median(each):.1f} ({1000 * max(each):.1f})"
                for each in (started, rest, longest)
            )
            print(f"| {name} | {' | '.join(columns)} |", flush=True)


if __name__ == "__main__":
    main()
