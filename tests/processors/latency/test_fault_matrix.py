"""Vendors that fail without a word are found, and the caller is told: real services, loopback."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.core.reaching_in import close_client
from antiphon.processors.latency import Apology, Filler, LatencyObserver, Stall
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.transports.memory import MemoryTransport

# The Deepgram SDK uses names that its websockets library has deprecated.
pytestmark = [
    pytest.mark.virtual_time,
    pytest.mark.filterwarnings("ignore:websockets.*deprecated:DeprecationWarning"),
]

# Each kind of stall is told of a composed agent too, by way of fakes.
SYSTEM = pytest.mark.system


@pytest.mark.parametrize(
    ("vendor", "fault", "kind", "service"),
    [
        ("stt", Fault("stall"), StallKind.TRANSCRIPT_MISSING, "DeepgramSTTService"),
        pytest.param(
            "llm", Fault("stall"), StallKind.NO_FIRST_TOKEN, "OpenAILLMService", marks=SYSTEM
        ),
        pytest.param(
            "llm",
            Fault("stall", after=4),
            StallKind.TOKENS_STALLED,
            "OpenAILLMService",
            marks=SYSTEM,
        ),
        ("llm", Fault("status", code=500), StallKind.EMPTY_ANSWER, "OpenAILLMService"),
        pytest.param(
            "llm",
            Fault("status", code=401),
            StallKind.EMPTY_ANSWER,
            "OpenAILLMService",
            marks=SYSTEM,
        ),
        pytest.param(
            "tts", Fault("stall"), StallKind.NO_SPEECH, "CartesiaTTSService", marks=SYSTEM
        ),
        pytest.param(
            "tts",
            Fault("stall", after=3),
            StallKind.SPEECH_UNFINISHED,
            "CartesiaTTSService",
            marks=SYSTEM,
        ),
        ("tts", Fault("disconnect", after=3), StallKind.SPEECH_UNFINISHED, "CartesiaTTSService"),
    ],
)
async def test_a_silent_failure_is_named_and_the_caller_hears_something(
    vendor: str, fault: Fault, kind: StallKind, service: str, recording: Path
) -> None:
    faults = {name: [fault] if name == vendor else [] for name in ("stt", "llm", "tts")}
    observer = LatencyObserver(process=LatencyStats(), end_stuck=True)
    stalls: list[Stall] = []
    observer.add_event_handler("on_stall", lambda _, stall: stalls.append(stall))
    transport = MemoryTransport()
    async with AsyncExitStack() as servers:
        deepgram = await servers.enter_async_context(
            DeepgramServer(script=["are you open"], faults=faults["stt"])
        )
        openai = await servers.enter_async_context(
            OpenAIServer(script=["We are open from nine to five."] * 9, faults=faults["llm"])
        )
        cartesia = await servers.enter_async_context(CartesiaServer(faults=faults["tts"]))
        llm = OpenAILLMService(base_url=openai.url, api_key="key")
        # Pipecat 1.14 leaves the client's idle connections open.
        servers.push_async_callback(close_client, llm)
        pair = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(
                vad_analyzer=SileroVADAnalyzer(),
                user_turn_strategies=UserTurnStrategies(
                    stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.2)]
                ),
            ),
        )
        worker = PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    DeepgramSTTService(base_url=deepgram.url, api_key="key"),
                    pair.user(),
                    llm,
                    Filler(),
                    CartesiaTTSService(
                        url=cartesia.url,
                        api_key="key",
                        settings=CartesiaTTSService.Settings(voice="v"),
                    ),
                    Apology(recording=recording, observer=observer),
                    transport.output(),
                    pair.assistant(),
                ]
            ),
            params=PipelineParams(audio_in_sample_rate=16000, audio_out_sample_rate=16000),
            observers=[observer],
            idle_timeout_secs=None,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await transport.connect()
        loop = asyncio.get_running_loop()
        started = loop.time()
        for item in silence(0.5) + speech(1.5) + silence(10.0):
            await asyncio.sleep(max(0.0, started + item.at - loop.time()))
            await transport.send_frame(item.frame)
        await worker.cancel()
        await running
    found = {stall.kind: stall for stall in stalls}
    assert kind in found
    assert found[kind].service.partition("#")[0] == service
    silent_at = started + 2.0
    heard = [chunk.at_secs - silent_at for chunk in transport.played if any(chunk.pcm)]
    assert heard
    assert min(heard) < 3.0, heard[0]
    assert any(chunk.pcm[:2] == b"\x11\x11" for chunk in transport.played)
