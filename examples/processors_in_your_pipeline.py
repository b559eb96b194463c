"""Every processor in a pipeline of your own, composed by hand with Pipecat's classes.

Run it with `python examples/processors_in_your_pipeline.py`; needs
`pip install 'antiphon[simulation]'`. A simulated caller asks for the opening hours and reads out a
card number; printed are the conversation that the model saw, and where each wait went.
"""

import asyncio

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy

from antiphon.processors import Interruption, LatencyObserver, PIIRedactor, SentenceAggregator
from antiphon.services import EspeakTTSService, PocketSphinxSTTService, Script, ScriptedLLMService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.transports import MemoryTransport


async def main() -> None:
    transport = MemoryTransport()
    script = Script.order_status()
    context = LLMContext()
    interruption = Interruption()
    latency = LatencyObserver()
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)
    aggregators = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(),
            user_turn_strategies=interruption.turn_strategies(stop=[stop]),
        ),
    )
    pipeline = Pipeline(
        [
            transport.input(),
            PocketSphinxSTTService(grammar=script.jsgf()),
            PIIRedactor(),
            aggregators.user(),
            ScriptedLLMService(script=script),
            PIIRedactor(voice="pass"),
            SentenceAggregator(),
            EspeakTTSService(),
            interruption.playback,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline, params=PipelineParams(enable_metrics=True), observers=[latency]
    )
    lines = [
        Say(text="what are your opening hours"),
        Say(text="my card number is five one zero five one zero five one zero five one zero five"),
        HangUp(),
    ]
    await simulate_call(Caller(transport, lines), worker)
    for message in context.messages:
        print(message)
    for turn in latency.turns:
        stages = ", ".join(f"{stage.name} {stage.secs * 1000:.0f}" for stage in turn.stages)
        print(f"turn {turn.number}, ms: {stages}")


asyncio.run(main())
