"""The same twenty utterances by a pipeline of three services and by a speech-to-speech model.

Run it with `python examples/pipeline_or_realtime.py`; needs `pip install
'antiphon[simulation,deepgram,openai,cartesia]'`, no key and no network: the vendors are emulated,
and the calls are made in virtual time. How fast the models are is therefore given (`LATENCIES`):
put in what you measure at yours. What is measured is all that comes on top of it, and what the
usage of the two calls costs at list price; the transcription of what a realtime model hears, which
OpenAI bills apart, is not in it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.latency import LatencyObserver, Prices
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.recording import CallRecorder
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import MemoryTransport

# Seconds to a first token, a first sound of a sentence, and a first sound of a reply.
LATENCIES = {"openai": 0.4, "cartesia": 0.1, "realtime": 0.5}

# A model that speaks itself has nobody beside it who could fill a wait.
TURNS: dict[str, Any] = {
    "turns": TurnSettings(silence_secs=0.5),
    "latency": LatencySettings(fillers=()),
}

# Pay as you go in 2026, of a minute of sound and of a million characters; check yours.
PRICES = Prices(
    as_of=Prices.load().as_of,
    dollars={
        **Prices.load().dollars,
        "deepgram": {"": {"audio_minute": 0.0077}},
        "cartesia": {"": {"million_characters": 50.0}},
    },
)

GREETING = "Harbour office, good morning."
CONVERSATION = {
    "when does the next ferry leave": "At nine, from the second pier.",
    "how long does it take": "Fifty minutes.",
    "is there a later one": "Yes, at eleven and at three.",
    "what does a ticket cost": "Twelve pounds, and six for a child.",
    "can I bring my bicycle": "You can, for two pounds more.",
    "what about my dog": "Dogs travel free on a lead.",
    "do I have to book": "Only for a car.",
    "can I pay on board": "By card, yes.",
    "is there a cafe": "There is one on the upper deck.",
    "where can I park": "Behind the station, five minutes on foot.",
    "is the parking free": "For the first two hours.",
    "when is the last ferry back": "At seven in the evening.",
    "does it run on Sundays": "Every day but Christmas.",
    "what if there is a storm": "Then we will send you a message by six.",
    "do you have wheelchairs": "Two of them. Ask at the gate.",
    "is there a group price": "Ten percent off, from ten people on.",
    "how do I get to the pier": "Take the number four bus to its end.",
    "can I change my ticket": "Once, until the evening before.",
    "what number can I call": "This one, from eight to six.",
    "thank you very much": "You are welcome. Have a good crossing!",
}


def answer(body: dict[str, Any]) -> str:
    """Answer the last thing that was said, at either emulated model."""
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return CONVERSATION.get(said[-1], GREETING) if said else GREETING


@asynccontextmanager
async def pipeline() -> AsyncIterator[VoiceAgent]:
    """An agent on Deepgram, OpenAI and Cartesia."""
    async with (
        DeepgramServer(script=CONVERSATION) as deepgram,
        OpenAIServer(script=answer, first_token_secs=LATENCIES["openai"]) as openai,
        CartesiaServer(first_chunk_secs=LATENCIES["cartesia"]) as cartesia,
    ):
        llm = OpenAILLMService(base_url=openai.url, api_key="none")
        voice = CartesiaTTSService.Settings(voice="any")
        yield VoiceAgent(
            greeting=GREETING,
            stt=DeepgramSTTService(base_url=deepgram.url, api_key="none"),
            llm=llm,
            tts=CartesiaTTSService(url=cartesia.url, api_key="none", settings=voice),
            **TURNS,
        )
        await close_client(llm)  # Pipecat 1.14 leaves its connections open.


@asynccontextmanager
async def realtime() -> AsyncIterator[VoiceAgent]:
    """An agent on OpenAI's Realtime API, of the same words."""
    heard = AudioInput(transcription=InputAudioTranscription())
    settings = OpenAIRealtimeLLMService.Settings(
        session_properties=SessionProperties(audio=AudioConfiguration(input=heard))
    )
    async with OpenAIRealtimeServer(
        heard=CONVERSATION, script=answer, first_chunk_secs=LATENCIES["realtime"]
    ) as server:
        yield VoiceAgent(
            greeting=GREETING,
            realtime=lambda: OpenAIRealtimeLLMService(
                api_key="none", base_url=server.url, settings=settings
            ),
            **TURNS,
        )


@dataclass(frozen=True)
class Figures:
    """What a call took.

    Parameters:
        greeting_secs: From the call's start to the greeting.
        ttfa_secs: Of each answer: from the caller's last sound to the agent's first, as heard.
        turn_secs: Of each answer: from the silence that the VAD heard to the agent's first sound.
        dollars: By vendor.
        minutes: How long the call was.
    """

    greeting_secs: float
    ttfa_secs: list[float]
    turn_secs: list[float]
    dollars: dict[str, float]
    minutes: float


async def call(make: Callable[[], Any]) -> Figures:
    """Say the twenty utterances to an agent.

    Args:
        make: Makes the agent, and what it needs.
    """
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(make())
        transport = MemoryTransport()
        latency = LatencyObserver(prices=PRICES)
        recorder = CallRecorder(transport, title="The harbour office")
        lines = [*(Say(text=line) for line in CONVERSATION), HangUp()]
        caller = Caller(transport, lines, listeners=[recorder])
        worker = agent.worker(transport, observers=[latency, *recorder.observers])
        await simulate_call(caller, worker)
        record, measures = recorder.record(), latency.measures
    first, *answered = [turn.ttfa_secs for turn in record.turns if turn.ttfa_secs is not None]
    return Figures(
        greeting_secs=first,
        ttfa_secs=answered,
        turn_secs=[t.total_secs for t in latency.turns if t.counts and t.total_secs],
        dollars=measures.dollars | dict.fromkeys(measures.unpriced, 0.0),
        minutes=record.duration_secs / 60,
    )


def table(*columns: tuple[str, Figures]) -> str:
    """Set the figures of the calls side by side."""

    def percentile(secs: list[float], p: int) -> str:
        return f"{quantiles(secs, n=100, method='inclusive')[p - 1]:.2f} s"

    rows: dict[str, Callable[[Figures], str]] = {
        "answers": lambda f: f"{len(f.ttfa_secs)}",
        "minutes": lambda f: f"{f.minutes:.1f}",
        "TTFA of the greeting": lambda f: f"{f.greeting_secs:.2f} s",
        "TTFA, median": lambda f: percentile(f.ttfa_secs, 50),
        "TTFA, p95": lambda f: percentile(f.ttfa_secs, 95),
        "turn latency, median": lambda f: percentile(f.turn_secs, 50),
        "turn latency, p95": lambda f: percentile(f.turn_secs, 95),
        "cost": lambda f: f"${sum(f.dollars.values()):.4f}",
        "cost a minute": lambda f: f"${sum(f.dollars.values()) / f.minutes:.4f}",
    }
    lines = [f"{'':22}" + "".join(f"{name:>12}" for name, _ in columns)]
    for title, write in rows.items():
        lines.append(f"{title:22}" + "".join(f"{write(figures):>12}" for _, figures in columns))
    return "\n".join(lines)


if __name__ == "__main__":
    figures = [(make.__name__, run_virtual(call(make))) for make in (pipeline, realtime)]
    print(table(*figures))
    for name, made in figures:
        costs = ", ".join(f"{vendor} ${dollars:.4f}" for vendor, dollars in made.dollars.items())
        print(f"{name}: {costs}")
