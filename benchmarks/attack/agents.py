"""The agents that are attacked, for `antiphon serve --agent agents:NAME`."""

import asyncio
import gc
import itertools
import logging
import os
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger
from pipecat.frames.frames import Frame, LLMMessagesAppendFrame, TTSAudioRawFrame
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_transport import BaseTransport
from rows import CARD, MAIL

from antiphon.pipeline import CallWorker, LatencySettings, TurnSettings, VoiceAgent
from antiphon.pipeline.server.calls import Call
from antiphon.processors.redaction import Policy, guard_logs
from antiphon.services import EspeakTTSService
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import Reply, ToolCall

NO_APOLOGY = LatencySettings(apology=None)
CHUNK_SECS = 0.1
SHORT = "Short greeting here."
LONG = "This is the other greeting, and it goes on for quite a while, so that it is told apart."


class Drone(TTSService):
    """Says whatever it is given as two minutes of a tone without a gap."""

    def __init__(self) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model="drone", voice="drone", language=None),
        )

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        samples = np.arange(round(CHUNK_SECS * self.sample_rate))
        wave = 6000 * np.sin(2 * np.pi * 440 / self.sample_rate * samples) + 1
        pcm = wave.astype("<i2").tobytes()
        for _ in range(round(120 / CHUNK_SECS)):
            yield TTSAudioRawFrame(pcm, self.sample_rate, 1, context_id=context_id)
            await asyncio.sleep(CHUNK_SECS / 2)


class EachCall:
    """Makes a `VoiceAgent` for each call, because the fakes serve one call each."""

    def __init__(self, make: Callable[[], VoiceAgent], *, prompt: str = "") -> None:
        """Remember how.

        Args:
            make: Makes the agent of one call.
            prompt: With which the model is asked to begin, once the caller is there.
        """
        self._make = make
        self._prompt = prompt

    async def warm_up(self) -> None:
        """Load what every call needs, before anybody is measured."""
        await self._make().warm_up()

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        """Make the worker of one call."""
        worker = self._make().worker(transport, **kwargs)
        if self._prompt:

            async def begin(*_: Any) -> None:
                message: Any = {"role": "user", "content": self._prompt}
                await worker.queue_frame(LLMMessagesAppendFrame([message], run_llm=True))

            transport.add_event_handler("on_client_connected", begin)
        return worker


def fakes(*replies: Reply, tts: Any = None) -> dict[str, Any]:
    """Services that only wait, and answer with the replies in turn."""
    return {
        "stt": FakeSTT(script=()),
        "llm": FakeLLM(script=iter(replies)),
        "tts": tts or FakeTTS(),
        "latency": LatencySettings(fillers=()),
    }


drone = EachCall(lambda: VoiceAgent(greeting="Hello.", **fakes(tts=Drone())))


class Guarded(EachCall):
    """Each of its calls is guarded fifty times, as if fifty had been composed."""

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        for _ in range(int(os.environ.get("ATTACK_GUARDS", "0"))):
            guard_logs()
        return super().worker(transport, **kwargs)


guarded = Guarded(lambda: VoiceAgent(greeting="Hello.", **fakes(tts=Drone())))


class Alternating:
    """Greets one caller in a few words and the next in many."""

    def __init__(self, tts: Any) -> None:
        self._agents = itertools.cycle(
            [VoiceAgent(greeting=text, tts=tts, latency=NO_APOLOGY) for text in (SHORT, LONG)]
        )

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        return next(self._agents).worker(transport, **kwargs)


class Hidden:
    """An agent of which a server sees only that it makes workers."""

    def __init__(self, agent: VoiceAgent) -> None:
        self._agent = agent

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        """Make the worker of one call."""
        return self._agent.worker(transport, **kwargs)


named = Alternating("embedded")


def __getattr__(name: str) -> Any:
    """Make what may be refused only for whoever asks for it."""
    match name:
        case "shared":
            return Alternating(EspeakTTSService())
        case "shared_plainly":
            return VoiceAgent(greeting=LONG, tts=EspeakTTSService(), latency=NO_APOLOGY)
        case "shared_hidden":
            return Hidden(VoiceAgent(greeting=LONG, tts=EspeakTTSService(), latency=NO_APOLOGY))
        case "by_class":
            return Alternating(EspeakTTSService)
    raise AttributeError(name)


# Tools whose errors, results and logs are full of what nobody may read.


async def pay(params: FunctionCallParams) -> None:
    """Pay."""
    raise ValueError(f"card {CARD} of {MAIL} was refused")


async def look_up(params: FunctionCallParams) -> None:
    """Look somebody up, and log about it in every way."""
    logger.bind(payload={"card": CARD, "mail": MAIL}).info("looked up")
    logger.bind(items=[CARD, {"deep": [int(CARD)]}], number=float(CARD)).info("looked up")
    logging.getLogger("vendor.sdk").warning("could not find %s", CARD, extra={"card": CARD})
    # As a vendor's SDK does, on a thread that knows of no call.
    native = threading.Thread(target=lambda: logging.getLogger("native").error("no %s", CARD))
    native.start()
    native.join()
    try:
        await pay(params)
    except ValueError:
        logger.exception("lost")
        logging.getLogger("vendor.sdk").exception("lost")
    await params.result_callback(
        {
            "float": float(CARD),
            "int": int(CARD),
            "text": f"card {CARD}",
            CARD: "as a key",
            "data": f"data:{CARD}",
            "nested": [[{"a": [float(CARD), {CARD: None}]}]],
            "name": "John Smithson",
        }
    )


def leaky() -> VoiceAgent:
    """An agent under the strictest policy, whose tools leak, on an OpenAI of loopback."""
    services = {**fakes(), "llm": "openai"}
    return VoiceAgent(tools=[look_up, pay], redaction=Policy.preset("strict"), **services)


strict = EachCall(leaky, prompt="Please look it up, and pay.")


def vendors() -> VoiceAgent:
    """The default agent on three vendors of loopback."""
    return VoiceAgent(
        stt="deepgram", llm="openai", tts="cartesia", turns=TurnSettings(silence_secs=0.3)
    )


ordinary = EachCall(vendors)


async def never_ends(params: FunctionCallParams) -> None:
    """Wait for ever, and take no for an answer."""
    logger.warning("a tool begins")
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            logger.warning("a tool will not be cancelled")


class Counting(EachCall):
    """Writes down, before each call, how many calls of before are still in memory."""

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        gc.unfreeze()
        gc.collect()
        alive = sum(isinstance(thing, Call) for thing in gc.get_objects())
        Path("alive").write_text(str(alive))
        return super().worker(transport, **kwargs)


stubborn = Counting(
    lambda: VoiceAgent(tools=[never_ends], **fakes(ToolCall(name="never_ends"), "Done.")),
    prompt="Please begin.",
)
