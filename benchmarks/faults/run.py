"""The fault matrix: what the caller hears when a vendor fails, with stock Pipecat services.

One row a fault: a caller asks, hears the answer (or not), and asks again. The services are
Pipecat's own Deepgram, OpenAI and Cartesia, with their defaults, against the vendor servers of
`antiphon.simulation` on loopback, in virtual time: 22 s of call after the first question, so a
service that would recover later counts as silent. Run: python benchmarks/faults/run.py [--json]
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import ErrorFrame, Frame, InputAudioRawFrame, LLMRunFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
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
from antiphon.simulation.frames import CHUNK_SECS, silence, speech
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports.memory import MemoryTransport, PlayedAudio

GREETING = "Hello, how can I help?"
ANSWERS = ("We are open from nine to five every day.", "On Sunday we are closed.")
QUESTION_SECS = 2.0
ASK_AGAIN_AFTER_SECS = 12.0
WINDOW_SECS = 22.0
START_SECS = 30.0
QUIET_GAP_SECS = 0.5

FAULTS: dict[str, tuple[Fault, ...]] = {
    "none": (),
    "refused": (Fault("refused"),),
    "connect delay 3 s": (Fault("connect_delay", seconds=3),),
    "401": (Fault("status", code=401),),
    "429 once, Retry-After 1": (Fault("status", code=429, retry_after=1, times=1),),
    "429 always": (Fault("status", code=429, retry_after=1),),
    "500 once": (Fault("status", code=500, times=1),),
    "500 always": (Fault("status", code=500),),
    "503 once": (Fault("status", code=503, times=1),),
    "slow first byte 3 s": (Fault("slow_first_byte", seconds=3),),
    "stall after 3": (Fault("stall", after=3, times=1),),
    "disconnect 1011 after 3": (Fault("disconnect", after=3, code=1011, times=1),),
    "dropped after 3": (Fault("disconnect", after=3, times=1),),
    "malformed 4th message": (Fault("malformed", after=3, times=1),),
    "duplicate 4th message": (Fault("duplicate", after=3, times=1),),
    "4th message out of order": (Fault("out_of_order", after=3, times=1),),
}
# The greeting is one OpenAI request and a few messages of Cartesia's one connection; the fault is
# to hit the answer to the first question.
SKIP = {"openai": 1}
MESSAGES_BEFORE = {"cartesia": 22}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one call.

    Times are seconds of virtual time; None is never.
    """

    vendor: str
    fault: str
    ready_secs: float | None
    first_answer_secs: float | None
    first_answer_heard: str
    second_answer_secs: float | None
    errors: str
    ends: bool


class Watch(BaseObserver):
    """Notes the errors that the pipeline reports."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note one hop."""
        frame = data.frame
        if data.first_push and isinstance(frame, ErrorFrame):
            permanent = frame.processor is not None and not frame.processor.is_usable
            category = frame.category.value if frame.category else "unknown"
            self.errors.append(f"{category}{' (unusable)' if permanent else ''}")


def shifted(vendor: str, faults: Sequence[Fault]) -> list[Fault]:
    """Move faults of a stream to where the answer is."""
    streams = {"stall", "disconnect", "malformed", "duplicate", "out_of_order"}
    moved = []
    for fault in faults:
        given = asdict(fault)
        given["skip"] += SKIP.get(vendor, 0)
        if fault.name in streams:
            given["after"] += MESSAGES_BEFORE.get(vendor, 0)
        moved.append(Fault(**given))
    return moved


async def call(vendor: str, name: str, faults: Sequence[Fault]) -> Row:
    """Make one call in which one vendor fails."""
    plan = {vendor: shifted(vendor, faults)}
    async with AsyncExitStack() as stack:
        deepgram = await stack.enter_async_context(
            DeepgramServer(
                script=["what are your opening hours", "and on sunday"],
                faults=plan.get("deepgram", ()),
            )
        )
        openai = await stack.enter_async_context(
            OpenAIServer(script=[GREETING, *ANSWERS], faults=plan.get("openai", ()))
        )
        cartesia = await stack.enter_async_context(CartesiaServer(faults=plan.get("cartesia", ())))
        llm = OpenAILLMService(base_url=openai.url, api_key="k")
        stack.push_async_callback(close_client, llm)
        transport = MemoryTransport()
        pair = LLMContextAggregatorPair(
            LLMContext([{"role": "developer", "content": "Greet the caller."}]),
            user_params=LLMUserAggregatorParams(
                vad_analyzer=SileroVADAnalyzer(),
                user_turn_strategies=UserTurnStrategies(
                    stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)]
                ),
            ),
        )
        watch = Watch()
        voice = CartesiaTTSService.Settings(voice="v")
        worker = PipelineWorker(
            Pipeline(
                [
                    transport.input(),
                    DeepgramSTTService(base_url=deepgram.url, api_key="k"),
                    pair.user(),
                    llm,
                    CartesiaTTSService(url=cartesia.url, api_key="k", settings=voice),
                    transport.output(),
                    pair.assistant(),
                ]
            ),
            params=PipelineParams(audio_in_sample_rate=16_000, audio_out_sample_rate=16_000),
            observers=[watch],
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        try:
            async with asyncio.timeout(START_SECS):
                await transport.connect()
        except TimeoutError:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return Row(
                vendor=vendor,
                fault=name,
                ready_secs=None,
                first_answer_secs=None,
                first_answer_heard="",
                second_answer_secs=None,
                errors=summary(watch.errors),
                ends=True,
            )
        ready = loop.time() - began
        await worker.queue_frame(LLMRunFrame())
        await play(transport, silence(3.0).frames)
        asked = await ask(transport)
        await play(transport, silence(ASK_AGAIN_AFTER_SECS - QUESTION_SECS).frames)
        asked_again = await ask(transport)
        await play(transport, silence(WINDOW_SECS - ASK_AGAIN_AFTER_SECS - QUESTION_SECS).frames)
        await worker.stop_when_done()
        ends = True
        try:
            async with asyncio.timeout(30):
                await asyncio.shield(running)
        except TimeoutError:
            ends = False
            await worker.cancel()
            await asyncio.gather(running, return_exceptions=True)
        first = [c for c in transport.played if asked <= c.at_secs < asked_again - QUESTION_SECS]
        second = [c for c in transport.played if c.at_secs >= asked_again]
        return Row(
            vendor=vendor,
            fault=name,
            ready_secs=round(ready, 1),
            first_answer_secs=delay(first, asked),
            first_answer_heard=heard(first),
            second_answer_secs=delay(second, asked_again),
            errors=summary(watch.errors),
            ends=ends,
        )


async def play(transport: MemoryTransport, frames: Sequence[Frame]) -> None:
    """Let the caller be heard for as long as the frames last."""
    for frame in frames:
        if isinstance(frame, InputAudioRawFrame):
            await transport.send_audio(frame.audio)
        await asyncio.sleep(CHUNK_SECS)


async def ask(transport: MemoryTransport) -> float:
    """Let the caller ask; returns when the question ended."""
    await play(transport, speech(QUESTION_SECS).frames)
    return asyncio.get_running_loop().time()


def delay(chunks: Sequence[PlayedAudio], asked: float) -> float | None:
    """From the end of the question to the first sound."""
    sounding = [chunk for chunk in chunks if any(chunk.pcm)]
    return round(sounding[0].at_secs - asked, 2) if sounding else None


def heard(chunks: Sequence[PlayedAudio]) -> str:
    """How much of the first answer was heard, in seconds, and with how many gaps."""
    sounding = [chunk for chunk in chunks if any(chunk.pcm)]
    if not sounding:
        return "silence"
    secs = sum(chunk.duration_secs for chunk in sounding)
    gaps = sum(
        later.at_secs - sooner.at_secs - sooner.duration_secs > QUIET_GAP_SECS
        for sooner, later in itertools.pairwise(sounding)
    )
    return f"{secs:.1f} s" + (f", {gaps} gap(s)" if gaps else "")


def summary(errors: Sequence[str]) -> str:
    """Count equal errors."""
    return ", ".join(f"{errors.count(e)}x {e}" for e in dict.fromkeys(errors)) or "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON lines instead of a table")
    parser.add_argument("--only", default="", help="only faults whose name contains this")
    options = parser.parse_args()
    logger.remove()
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    rows = []
    for vendor in ("deepgram", "openai", "cartesia"):
        for name, faults in FAULTS.items():
            if options.only in name and (name != "none" or vendor == "deepgram"):
                rows.append(run_virtual(call(vendor, name, faults)))
                if options.json:
                    print(json.dumps(asdict(rows[-1])), flush=True)
    if not options.json:
        print_table(rows)
    print(f"{len(rows)} calls in {time.perf_counter() - started:.0f} s", file=sys.stderr)


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows as Markdown."""
    print("| vendor | fault | ready | 1st answer after | heard of it | 2nd after | errors | ends |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        cells = [row.vendor if row.fault != "none" else "-", row.fault]
        for secs in (row.ready_secs, row.first_answer_secs):
            cells.append("never" if secs is None else f"{secs:g} s")
        cells.append(row.first_answer_heard)
        cells.append("never" if row.second_answer_secs is None else f"{row.second_answer_secs:g} s")
        cells += [row.errors, "yes" if row.ends else "**no**"]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
