"""The stock pipeline and a composed agent in the same generated calls, judged by the same judge.

python benchmarks/ordinary_calls/run.py --calls 200
"""

import argparse
import asyncio
from collections import Counter
from typing import Any

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from antiphon.simulation.generated.command import read_ranges
from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.events import CallEvents, Measured
from antiphon.simulation.generated.judge import INVARIANTS, judge
from antiphon.simulation.generated.play import (
    GOODBYE,
    GREETING,
    IDLE_SECS,
    Services,
    have_our_call,
    play_call,
    watch,
)
from antiphon.simulation.generated.services import FAREWELL


async def have_stock_call(events: CallEvents, services: Services, transport: BaseTransport) -> None:
    """Have a call with Pipecat alone, as its examples compose one."""
    plan = events.plan
    worker: PipelineWorker

    async def end_call() -> None:
        await worker.queue_frames([TTSSpeakFrame(FAREWELL), EndFrame()])

    context = LLMContext(tools=services.make_tools(end_call))
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=plan.silence_secs)
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=UserTurnStrategies(stop=[stop])
        ),
    )
    latency = UserBotLatencyObserver()
    processors = [transport.input(), services.stt, DTMFAggregator(), pair.user(), services.llm]
    processors += [services.tts, transport.output(), pair.assistant()]
    worker = PipelineWorker(
        Pipeline(processors),
        params=PipelineParams(enable_metrics=True),
        observers=[latency],
        enable_rtvi=False,
        idle_timeout_secs=IDLE_SECS if plan.ending == "idle" else 10 * IDLE_SECS,
        cancel_on_idle_timeout=False,
    )
    watch(worker, events)
    events.measured = []

    async def measured(*_: Any) -> None:
        assert events.measured is not None
        now = asyncio.get_running_loop().time()
        events.measured.append(Measured(kind="answered", answered_secs=now))
        events.in_percentiles += 1

    async def greet(*_: Any) -> None:
        if plan.greeting:
            await worker.queue_frame(TTSSpeakFrame(GREETING, append_to_context=True))

    async def leave(*_: Any) -> None:
        await worker.cancel()

    async def idle(*_: Any) -> None:
        await worker.queue_frames([TTSSpeakFrame(GOODBYE), EndFrame()])

    latency.add_event_handler("on_latency_measured", measured)
    transport.add_event_handler("on_client_connected", greet)
    transport.add_event_handler("on_client_disconnected", leave)
    worker.add_event_handler("on_idle_timeout", idle)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def main() -> None:
    """Have the calls, and print how many of each thousand broke what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seed", type=int, default=10_000, help="of the first call")
    parser.add_argument("--wider", type=float, default=1.0)
    arguments = parser.parse_args()
    logger.remove()
    ranges = read_ranges(wider=arguments.wider)
    print(f"{arguments.calls} calls from seed {arguments.seed}, of a thousand broke")
    print("| | any | " + " | ".join(INVARIANTS) + " |")
    print("|---|" + "---|" * (1 + len(INVARIANTS)))
    for name, have in (("stock", have_stock_call), ("antiphon", have_our_call)):
        calls, kinds = 0, Counter[str]()
        for seed in range(arguments.seed, arguments.seed + arguments.calls):
            broken = judge(play_call(plan_call(seed, ranges), ranges=ranges, have=have))
            calls += bool(broken)
            kinds.update({each.invariant for each in broken})
        share = 1000 / arguments.calls
        told = " | ".join(f"{kinds[each] * share:.0f}" for each in INVARIANTS)
        print(f"| {name} | {calls * share:.0f} | {told} |", flush=True)


if __name__ == "__main__":
    main()
