"""The fault matrix with a composed `VoiceAgent`: what reports each silent failure, and when.

Pipecat's own Deepgram, OpenAI and Cartesia services against vendor servers on loopback, in virtual
time; seconds since the caller fell silent. Run: python benchmarks/faults/agent.py
"""

import asyncio
import warnings
from contextlib import AsyncExitStack

from loguru import logger
from pipecat.frames.frames import TTSSpeakFrame, TTSStartedFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import VoiceAgent
from antiphon.processors.latency import Stall
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports.memory import MemoryTransport

FAULTS = [
    ("deepgram", "stalls", Fault("stall")),
    ("openai", "stalls before a token", Fault("stall")),
    ("openai", "stalls after some", Fault("stall", after=4)),
    ("openai", "answers 500 to every try", Fault("status", code=500)),
    ("openai", "answers 401", Fault("status", code=401)),
    ("cartesia", "stalls before audio", Fault("stall")),
    ("cartesia", "stalls in mid-sentence", Fault("stall", after=3)),
    ("cartesia", "hangs up in mid-sentence", Fault("disconnect", after=3)),
]
SPOKEN_SECS = 1.5
NOT_SILENCE = {"audio_underrun", "loop_lag"}


class Said(BaseObserver):
    """Notes when the filler and the apology began."""

    def __init__(self) -> None:
        super().__init__(observe_every_push=False)
        self.at: dict[str, float] = {}

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note one frame."""
        kind = (type(data.source).__name__, type(data.frame))
        if kind in (("Filler", TTSSpeakFrame), ("Apology", TTSStartedFrame)):
            self.at.setdefault(kind[0], asyncio.get_running_loop().time())


async def call(vendor: str, what: str, fault: Fault) -> str:
    """Make one call, and return its row."""
    faults = {
        name: [fault] if name == vendor else [] for name in ("deepgram", "openai", "cartesia")
    }
    async with AsyncExitStack() as stack:
        deepgram = await stack.enter_async_context(
            DeepgramServer(script=["are you open"] * 3, faults=faults["deepgram"])
        )
        openai = await stack.enter_async_context(
            OpenAIServer(script=["We are open from nine to five."] * 9, faults=faults["openai"])
        )
        cartesia = await stack.enter_async_context(CartesiaServer(faults=faults["cartesia"]))
        llm = OpenAILLMService(base_url=openai.url, api_key="k")
        stack.push_async_callback(close_client, llm)
        agent = VoiceAgent(
            stt=DeepgramSTTService(base_url=deepgram.url, api_key="k"),
            llm=llm,
            tts=CartesiaTTSService(
                url=cartesia.url, api_key="k", settings=CartesiaTTSService.Settings(voice="v")
            ),
        )
        transport, said = MemoryTransport(), Said()
        worker = agent.worker(
            transport, observers=[said], enable_rtvi=False, idle_timeout_secs=None
        )
        assert worker.latency
        stalls: list[tuple[float, Stall]] = []
        loop = asyncio.get_running_loop()
        worker.latency.add_event_handler(
            "on_stall", lambda _, stall: stalls.append((loop.time(), stall))
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await transport.connect()
        began = loop.time()
        for item in silence(0.5) + speech(SPOKEN_SECS) + silence(10.0):
            await asyncio.sleep(max(0.0, began + item.at - loop.time()))
            await transport.send_frame(item.frame)
        await worker.cancel()
        await running
    silent = began + 0.5 + SPOKEN_SECS
    at, stall = next((at, s) for at, s in stalls if s.kind not in NOT_SILENCE)
    heard = [c.at_secs - silent for c in transport.played if any(c.pcm) and c.at_secs >= silent]
    apology = said.at.get("Apology")
    cells = [
        f"{vendor} {what}",
        f"`{stall.kind}`",
        f"{at - silent:.1f}",
        f"{heard[0]:.1f}" if heard else "never",
        "yes" if "Filler" in said.at else "",
        f"{apology - silent:.1f}" if apology else "none",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    logger.remove()
    warnings.simplefilter("ignore")
    print("| what the vendor does | reported as | at | first sound | filler | apology |")
    print("|---|---|---|---|---|---|")
    for vendor, what, fault in FAULTS:
        print(run_virtual(call(vendor, what, fault)), flush=True)


if __name__ == "__main__":
    main()
