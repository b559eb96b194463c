"""The Realtime emulator: over the wire, and under Pipecat's own service, unchanged."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from openai.types.realtime import RealtimeServerEvent
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    LLMRunFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
    parse_server_event,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner
from pydantic import TypeAdapter

from antiphon.simulation.frames import FrameStream, silence, speech
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.transports.memory import MemoryTransport

pytestmark = pytest.mark.virtual_time

QUESTION = "What are your opening hours?"
ANSWER = "We are open from nine to five on every day of the week."
SDK: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


class Client:
    """A client that speaks the wire, and has both readers of it read what comes."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.events: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.ws.send_json({"type": kind, "event_id": "asked", **fields})

    async def say(self, stream: FrameStream) -> None:
        """Send sound, as fast as it is spoken."""
        for item in stream:
            assert isinstance(item.frame, InputAudioRawFrame)
            audio = base64.b64encode(item.frame.audio).decode()
            await self.ws.send_json({"type": "input_audio_buffer.append", "audio": audio})
            await asyncio.sleep(0.02)

    async def until(self, kind: str, *, within: float = 10.0) -> dict[str, Any]:
        async with asyncio.timeout(within):
            while True:
                message = await self.ws.receive()
                assert message.type == aiohttp.WSMsgType.TEXT, message
                event: dict[str, Any] = json.loads(message.data)
                assert parse_server_event(message.data) is not None
                SDK.validate_json(message.data, strict=False)
                self.events.append(event)
                if event["type"] == kind:
                    return event

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@asynccontextmanager
async def client_of(
    server: OpenAIRealtimeServer, *, key: str = "key", **audio_input: Any
) -> AsyncIterator[Client]:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        session.ws_connect(f"{server.url}?model=gpt-realtime") as ws,
    ):
        client = Client(ws)
        await client.until("conversation.created")
        settings = {"type": "realtime", "audio": {"input": audio_input}}
        await client.send("session.update", session=settings)
        await client.until("session.updated")
        yield client


def sound(seconds: float) -> FrameStream:
    return speech(seconds, sample_rate_hz=24_000)


def quiet(seconds: float) -> FrameStream:
    return silence(seconds, sample_rate_hz=24_000)


async def test_a_spoken_turn_is_answered_in_the_vendors_order_of_events() -> None:
    server = OpenAIRealtimeServer(heard=[QUESTION], script=[ANSWER])
    async with server, client_of(server, transcription={"model": "whisper-1"}) as client:
        await client.say(quiet(0.5) + sound(1.0) + quiet(1.0))
        done = await client.until("response.done")
    kinds = [event["type"] for event in client.events if not event["type"].endswith(".delta")]
    assert kinds[3:] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "conversation.item.input_audio_transcription.completed",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    started, stopped = client.events[3], client.events[4]
    assert started["item_id"] == stopped["item_id"]
    assert 200 <= started["audio_start_ms"] <= 300
    assert 1_900 <= stopped["audio_end_ms"] <= 2_100
    spoken = b"".join(
        base64.b64decode(event["delta"]) for event in client.of("response.output_audio.delta")
    )
    assert len(spoken) / 48_000 == pytest.approx(13 / 2.7, abs=0.1)
    written = client.of("response.output_audio_transcript.delta")
    assert "".join(event["delta"] for event in written) == ANSWER
    assert done["response"]["status"] == "completed"
    usage = done["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 18
    assert usage["output_token_details"]["audio_tokens"] == 96
    assert server.believed == {done["response"]["output"][0]["id"]: ANSWER}
    assert server.requests[0]["messages"][-1] == {"role": "user", "content": QUESTION}


class Seen(BaseObserver):
    """Keeps every frame once."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[object] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push:
            self.frames.append(data.frame)

    def errors(self) -> list[str]:
        return [frame.error for frame in self.frames if isinstance(frame, ErrorFrame)]


async def call(
    server: OpenAIRealtimeServer,
    heard: FrameStream,
    *,
    transcribed: bool = True,
    key: str = "key",
) -> tuple[Seen, LLMContext, MemoryTransport]:
    """Play a caller's audio to a stock pipeline around the model, which greets."""
    settings = OpenAIRealtimeLLMService.Settings(
        system_instruction="Be brief.",
        session_properties=SessionProperties(
            audio=AudioConfiguration(
                input=AudioInput(transcription=InputAudioTranscription() if transcribed else None)
            )
        ),
    )

    async def get_hours(params: FunctionCallParams) -> None:
        await params.result_callback({"open": 9, "close": 17})

    llm = OpenAIRealtimeLLMService(api_key=key, base_url=server.url, settings=settings)
    llm.register_function("get_hours", get_hours)
    transport, seen = MemoryTransport(), Seen()
    context = LLMContext([{"role": "developer", "content": "Greet the caller."}])
    pair = LLMContextAggregatorPair(context)
    worker = PipelineWorker(
        Pipeline([transport.input(), pair.user(), llm, transport.output(), pair.assistant()]),
        params=PipelineParams(
            audio_in_sample_rate=16_000, audio_out_sample_rate=16_000, enable_metrics=True
        ),
        observers=[seen],
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    await worker.queue_frame(LLMRunFrame())
    loop = asyncio.get_running_loop()
    start = loop.time()
    for item in heard:
        await asyncio.sleep(max(0.0, start + item.at - loop.time()))
        assert isinstance(item.frame, InputAudioRawFrame)
        await transport.send_audio(item.frame.audio)
    await worker.queue_frame(EndFrame())
    await running
    return seen, context, transport


def told(context: LLMContext) -> list[tuple[str, object]]:
    return [(m["role"], m.get("content")) for m in context.messages if isinstance(m, dict)]


async def test_pipecats_service_greets_calls_a_tool_and_answers() -> None:
    server = OpenAIRealtimeServer(
        heard=[QUESTION],
        script=["Hello!", ["One moment.", {"tool": "get_hours"}], ANSWER],
    )
    async with server:
        seen, context, transport = await call(server, silence(2.0) + speech(1.0) + silence(9.0))
    assert seen.errors() == []
    assert told(context) == [
        ("developer", "Greet the caller."),
        ("assistant", "Hello!"),
        ("user", QUESTION),
        ("assistant", "One moment."),
        ("assistant", None),
        ("tool", '{"open": 9, "close": 17}'),
        ("assistant", ANSWER),
    ]
    assert [*server.believed.values()] == ["Hello!", "One moment.", ANSWER]
    asked = server.requests[-1]["messages"]
    assert [message["role"] for message in asked[-3:]] == ["assistant", "assistant", "tool"]
    assert asked[0]["content"] == "Be brief."
    played = sum(len(chunk.pcm) for chunk in transport.played) / 2 / 16_000
    assert played == pytest.approx(16 / 2.7, abs=0.3)


async def test_a_barge_in_cancels_the_response_and_truncates_what_the_model_believes() -> None:
    server = OpenAIRealtimeServer(heard=["Stop."], script=[ANSWER, "All right."])
    async with server:
        seen, _, _ = await call(server, silence(2.4) + speech(0.6) + silence(3.0))
    assert seen.errors() == []
    (cut,) = [event for event in server.received if event["type"] == "conversation.item.truncate"]
    heard, last = server.believed.values()
    assert cut["audio_end_ms"] == pytest.approx(2_180, abs=30)
    assert heard == "We are open from nine to"
    assert last == "All right."
