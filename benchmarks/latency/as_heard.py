"""The server's own figures against those of the callers: the same waits, the same barge-ins.

Callers with eSpeak's voice phone a `VoiceAgent` over its telephone transport, in virtual time; each
third line talks over the agent. A caller's figures are from what was audible at the phone. Run:

    python benchmarks/latency/as_heard.py [--calls 10] [--secs 80] [--seed 1]
"""

import argparse
import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.simulation.load.run import run_load
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import create_transport
from antiphon.transports.telephony.twilio import read_twilio_start

REPLY = "We are open from nine to six on weekdays and from ten to four on Saturdays and holidays."
LINES = (
    "what are your opening hours",
    "are you open on friday",
    "i would like to pay by card",
    "please tell me whether the office is closed",
    "how much is it",
)


@dataclass
class Figures:
    """What one side measured, in seconds."""

    ttfa: list[float] = field(default_factory=list)
    barge_in: list[float] = field(default_factory=list)


def agent(seed: int) -> VoiceAgent:
    """An agent whose services take their time."""
    seeds = itertools.count(seed)
    return VoiceAgent(
        greeting="Harbour Supplies, good morning.",
        stt=lambda: FakeSTT(
            script=itertools.repeat("tell me the opening hours"),
            latency=Latency(median=0.1, p95=0.25, seed=next(seeds)),
        ),
        llm=lambda: FakeLLM(
            script=lambda _: REPLY, latency=Latency(median=0.3, p95=0.5, seed=next(seeds))
        ),
        tts=lambda: FakeTTS(latency=Latency(median=0.1, p95=0.2, seed=next(seeds))),
        redaction=None,
        latency=LatencySettings(fillers=()),
        turns=TurnSettings(silence_secs=0.4),
    )


async def compare(*, calls: int, secs: float, seed: int) -> tuple[Figures, Figures]:
    """Return what the callers measured, and what the server did."""
    app = FastAPI()
    answering = agent(seed)
    server_figures = Figures()

    @app.websocket("/")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        start = await read_twilio_start(websocket)
        worker = answering.worker(create_transport("twilio", websocket=websocket, start=start))
        observer = worker.latency
        assert observer is not None

        async def barged_in(_: Any, barge_in: Any) -> None:
            if barge_in.total_secs is not None:
                server_figures.barge_in.append(barge_in.total_secs)

        observer.add_event_handler("on_barge_in", barged_in)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()
        waits = [turn.total_secs for turn in observer.turns if turn.counts]
        server_figures.ttfa += [wait for wait in waits if wait is not None]

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it only so
        await asyncio.sleep(0.01)
    url = f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    lines = random.Random(seed).sample(LINES, 3)
    phoned = await run_load(url, calls=calls, secs=secs, lines=lines)
    server.should_exit = True
    await serving
    callers = Figures()
    for call in phoned:
        assert call.failure is None, call.failure
        callers.ttfa += call.ttfa_secs
        callers.barge_in += call.stop_secs
    return callers, server_figures


def quantiles(values: Sequence[float]) -> str:
    p50, p95 = (1000 * float(np.percentile(values, q)) for q in (50, 95))
    return f"{len(values):4} {p50:6.0f} {p95:6.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--secs", type=float, default=80)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logger.remove()
    callers, server = run_virtual(
        compare(calls=options.calls, secs=options.secs, seed=options.seed)
    )
    print("              TTFA, ms            barge-in, ms")
    print("             n    P50    P95     n    P50    P95")
    for who, figures in (("callers", callers), ("server", server)):
        print(f"{who:9} {quantiles(figures.ttfa)}  {quantiles(figures.barge_in)}")


if __name__ == "__main__":
    main()
