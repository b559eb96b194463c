"""An agent by a speech-to-speech model: greeted, answered, interrupted, and what was heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.core.road import flattened
from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.frames import FrameStream, silence, speech
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

GREETING = "Hello, this is the harbour office, and all of our ferries are running on time today."
ANSWER = "The ferry to the island leaves at nine in the morning from the second pier on the left."


def service(server: OpenAIRealtimeServer, detection: Any = None) -> OpenAIRealtimeLLMService:
    heard = AudioInput(transcription=InputAudioTranscription(), turn_detection=detection)
    return OpenAIRealtimeLLMService(
        api_key="any",
        base_url=server.url,
        settings=OpenAIRealtimeLLMService.Settings(
            session_properties=SessionProperties(audio=AudioConfiguration(input=heard))
        ),
    )


@dataclass
class Call:
    """A call as its caller has it."""

    transport: MemoryTransport
    server: OpenAIRealtimeServer
    context: Any
    began: float = field(default_factory=lambda: now())

    async def says(self, stream: FrameStream) -> None:
        began = now()
        for item in stream:
            await asyncio.sleep(max(0.0, began + item.at - now()))
            await self.transport.send_frame(item.frame)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.server.received if event.get("type") == kind]

    @property
    def written(self) -> list[tuple[str, str]]:
        return [
            (message["role"], message["content"])
            for message in self.context.messages
            if message["role"] in ("user", "assistant") and message.get("content")
        ]

    def heard_secs(self, since: float = 0.0) -> float:
        return sum(
            len(chunk.pcm) / 2 / chunk.sample_rate_hz
            for chunk in self.transport.played
            if chunk.at_secs >= since and any(chunk.pcm)
        )


@asynccontextmanager
async def call(server: OpenAIRealtimeServer, **agent: Any) -> AsyncIterator[Call]:
    async with server:
        transport = MemoryTransport()
        agent.setdefault("realtime", lambda: service(server))
        agent.setdefault("turns", TurnSettings(silence_secs=0.4))
        worker = VoiceAgent(**agent).worker(transport)
        aggregators = (p for p in flattened(worker.pipeline) if isinstance(p, LLMUserAggregator))
        context = next(aggregators).context
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await transport.connect()
        yield Call(transport, server, context)
        await transport.disconnect()
        await running


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_it_greets_answers_and_writes_both_sides_down() -> None:
    server = OpenAIRealtimeServer(heard=["When does the ferry leave?"], script=[GREETING, ANSWER])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(6.5) + speech(1.5) + silence(9.0))
    assert c.written == [
        ("assistant", GREETING),
        ("user", "When does the ferry leave?"),
        ("assistant", ANSWER),
    ]


async def test_a_voice_without_a_word_interrupts_and_the_model_is_told_what_was_heard() -> None:
    server = OpenAIRealtimeServer(heard=["Wait."], script=[GREETING, ANSWER])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(2.0) + speech(1.6) + silence(8.0))
    (cut,) = c.sent("conversation.item.truncate")
    (_, heard), (_, interrupted), answer = c.written
    assert (interrupted, answer) == ("Wait.", ("assistant", ANSWER))
    # The model takes for said what sounded, which the context has to the word or its share.
    believed, _ = server.believed.values()
    assert believed == "Hello, this is the harbour office,"
    assert heard in (f"{believed} —", "Hello, this is the harbour —")
    assert cut["audio_end_ms"] == pytest.approx(2100, abs=100)


async def test_an_uh_huh_does_not_cut_the_agent_off() -> None:
    server = OpenAIRealtimeServer(heard=["uh-huh"], script=[GREETING, ANSWER])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(2.0) + speech(0.4) + silence(8.0))
    assert c.written == [("assistant", GREETING)]
    assert c.sent("conversation.item.truncate") == []
