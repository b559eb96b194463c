"""Our processors in a pipeline that you compose by hand, on the transport that you name.

`python examples/four_processors.py --transport …` is, without an account, a simulated caller
(`memory`) or a page in your browser (`webrtc`); and `twilio` or `daily` with the keys that
docs/transports tells of. Needs `pip install 'antiphon[simulation,server,webrtc]'`, and the extra
`twilio` or `daily` for those.
"""

import argparse
import asyncio
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy

from antiphon.pipeline import CallWorker
from antiphon.pipeline.server import create_app
from antiphon.pipeline.server.drain import serve_app
from antiphon.pipeline.talk.app import create_talk_app
from antiphon.processors import Interruption, LatencyObserver, PIIRedactor, SentenceAggregator
from antiphon.processors.latency import TurnLatency
from antiphon.processors.redaction import RedactingRTVIProcessor, guard_logs
from antiphon.services import EspeakTTSService, PocketSphinxSTTService, Script, ScriptedLLMService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.transports import MemoryTransport

CARD = "my card number is five one zero five one zero five one zero five one zero five"


class Agent:
    """Makes a worker for each call, which is all that a server needs to know of an agent."""

    def worker(self, transport: BaseTransport, **options: Any) -> CallWorker:
        script = Script.order_status()  # for services without a key; any of Pipecat's will do
        stt = PocketSphinxSTTService(grammar=script.jsgf())
        llm = ScriptedLLMService(script=script)
        tts = EspeakTTSService()

        interruption = Interruption()
        latency = LatencyObserver()
        latency.add_event_handler("on_turn", print_turn)
        # For people leave it out: Pipecat's Smart Turn knows them, but not synthetic voices.
        silence = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)
        params = LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(),
            user_turn_strategies=interruption.turn_strategies(stop=[silence]),
        )
        context = LLMContext()
        aggregators = LLMContextAggregatorPair(context, user_params=params)
        pipeline = Pipeline(
            [
                transport.input(),
                stt,
                PIIRedactor(),  # the model reads no card number
                aggregators.user(),
                llm,
                PIIRedactor(),  # nor do its thoughts and tools repeat one
                SentenceAggregator(),  # the voice begins with the first clause
                tts,
                interruption.playback,  # the agent talks on through "uh-huh"
                transport.output(),
                aggregators.assistant(),
            ]
        )
        worker = CallWorker(
            pipeline,
            latency=latency,
            params=PipelineParams(enable_metrics=True),
            rtvi_processor=RedactingRTVIProcessor(),
            **options,
        )

        @transport.event_handler("on_client_connected")
        async def greet(*_: object) -> None:
            await worker.queue_frame(TTSSpeakFrame("Hello, this is the order desk."))

        @transport.event_handler("on_client_disconnected")
        async def leave(*_: object) -> None:
            print(*context.messages, sep="\n")
            await worker.cancel()

        return worker


async def print_turn(_: LatencyObserver, turn: TurnLatency) -> None:
    print(f"turn {turn.number}:", *(f"{s.name} {s.secs * 1000:.0f} ms" for s in turn.stages))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--transport", choices=["memory", "webrtc", "twilio", "daily"], default="memory"
    )
    parser.add_argument("--port", type=int, default=7860)
    options = parser.parse_args()
    guard_logs()  # once a process: nothing personal in any log
    agent = Agent()
    if options.transport == "memory":
        transport = MemoryTransport()
        lines = [Say(text="what are your opening hours"), Say(text=CARD), HangUp()]
        await simulate_call(Caller(transport, lines), agent.worker(transport))
    elif options.transport == "webrtc":
        await serve_app(create_talk_app(agent), host="127.0.0.1", port=options.port)
    else:
        app = create_app(agent, transports=[options.transport])
        await serve_app(app, host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    asyncio.run(main())
