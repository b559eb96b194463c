"""The two agents that are compared, on the same services that only wait.

`ours` is what `antiphon serve --agent agents:…` answers with. `serve_stock` answers with the
composition that Pipecat's documentation shows: its websocket transport, serializer, aggregators,
Silero and Smart Turn, each call with its own.
"""

import asyncio
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import CallWorker, TurnSettings, VoiceAgent
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS, Latency

GREETING = "Hello, how can I help you?"
REPLY = "Yes, we are open on all weekdays. Is there anything else?"
SPEECH_TIMEOUT_SECS = 0.05
RATE_HZ = 8000


def services() -> tuple[FakeSTT, FakeLLM, FakeTTS]:
    """Services that take 100, 250 and 90 ms, and hardly any CPU."""
    return (
        FakeSTT(script=itertools.repeat("what are your hours"), latency=Latency(median=0.1)),
        FakeLLM(script=itertools.repeat(REPLY), latency=Latency(median=0.25)),
        FakeTTS(latency=Latency(median=0.09)),
    )


class Ours:
    """Makes a `VoiceAgent` for each call, because the fakes serve one call each."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    async def warm_up(self) -> None:
        await self._agent().warm_up()

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        watch_loop()
        return self._agent().worker(transport, **kwargs)

    def _agent(self) -> VoiceAgent:
        stt, llm, tts = services()
        return VoiceAgent(stt=stt, llm=llm, tts=tts, greeting=GREETING, **self._options)


# What stock does, no more: so that the same is compared.
_LIKE_STOCK: dict[str, Any] = {
    "sentences": None,
    "interruption": None,
    "latency": None,
    "redaction": None,
}

smart_turn = Ours(**_LIKE_STOCK)
speech_timeout = Ours(**_LIKE_STOCK, turns=TurnSettings(silence_secs=SPEECH_TIMEOUT_SECS))
whole = Ours(turns=TurnSettings(silence_secs=SPEECH_TIMEOUT_SECS))


class StockCall:
    """One call of stock Pipecat."""

    def __init__(self, websocket: Any, stream_sid: str, *, smart: bool) -> None:
        serializer = TwilioFrameSerializer(
            stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
        )
        transport = FastAPIWebsocketTransport(
            websocket,
            FastAPIWebsocketParams(
                serializer=serializer, audio_in_enabled=True, audio_out_enabled=True
            ),
        )
        stt, llm, tts = services()
        params = LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
        if not smart:
            stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=SPEECH_TIMEOUT_SECS)
            params.user_turn_strategies = UserTurnStrategies(stop=[stop])
        aggregators = LLMContextAggregatorPair(LLMContext(), user_params=params)
        self.worker = PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    stt,
                    aggregators.user(),
                    llm,
                    tts,
                    transport.output(),
                    aggregators.assistant(),
                ]
            ),
            params=PipelineParams(
                audio_in_sample_rate=RATE_HZ,
                audio_out_sample_rate=RATE_HZ,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
        )
        transport.add_event_handler("on_client_connected", self._greet)
        transport.add_event_handler("on_client_disconnected", self._leave)

    async def run(self) -> None:
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        await runner.run()

    async def _greet(self, *_: Any) -> None:
        await self.worker.queue_frame(TTSSpeakFrame(GREETING, append_to_context=True))

    async def _leave(self, *_: Any) -> None:
        await self.worker.cancel()


def serve_stock(port: int, *, smart: bool) -> None:
    """Serve stock Pipecat's calls until the process is told to stop."""
    import uvicorn
    from fastapi import FastAPI, WebSocket

    app = FastAPI()

    @app.websocket("/ws")
    async def call(websocket: WebSocket) -> None:
        watch_loop()
        await websocket.accept()
        while (message := json.loads(await websocket.receive_text()))["event"] != "start":
            pass
        await StockCall(websocket, message["start"]["streamSid"], smart=smart).run()

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


_watching: list[asyncio.Task[None]] = []


def watch_loop() -> None:
    """Note how late the event loop comes, if that is wanted; once in each process."""
    if not _watching and (folder := os.environ.get("LAG_FOLDER")):
        _watching.append(asyncio.create_task(_watch(Path(folder) / f"{os.getpid()}")))


async def _watch(path: Path) -> None:
    loop = asyncio.get_running_loop()
    with path.open("w") as file:
        while True:
            lags = []
            for _ in range(50):
                due = loop.time() + 0.02
                await asyncio.sleep(0.02)
                lags.append(1000 * (loop.time() - due))
            file.write(f"{time.time():.1f} {' '.join(f'{lag:.1f}' for lag in lags)}\n")
            file.flush()
