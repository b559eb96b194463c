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
    ErrorFrame,
    InputAudioRawFrame,
    TranscriptionFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
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
from pydantic import TypeAdapter

from antiphon.simulation.frames import FrameStream, silence, speech
from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.transports.memory import MemoryTransport

from ..calls import play

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


async def test_the_caller_interrupts_a_response_which_keeps_what_was_sent_of_it() -> None:
    server = OpenAIRealtimeServer(heard=["One.", "Two."], script=[ANSWER, "Yes."], rtf=1.0)
    async with server, client_of(server) as client:
        await client.say(sound(1.0) + quiet(2.0) + sound(0.5))
        cancelled = (await client.until("response.done"))["response"]
        assert cancelled["status"] == "cancelled"
        assert cancelled["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert cancelled["output"][0]["status"] == "incomplete"
        assert client.events[-1]["type"] == "response.done"
        sent = len(client.of("response.output_audio.delta")) * 0.1
        (believed,) = server.believed.values()
        assert believed == " ".join(ANSWER.split()[: int(sent * 2.7 + 0.5)])
        assert len(client.of("input_audio_buffer.speech_started")) == 2


@pytest.mark.parametrize("may", ["interrupt_response", "create_response"])
async def test_a_client_may_keep_interruptions_and_responses_to_itself(may: str) -> None:
    detection = {"type": "server_vad", may: False}
    server = OpenAIRealtimeServer(heard=["One.", "Two."], script=[ANSWER, "Yes."], rtf=1.0)
    async with server, client_of(server, turn_detection=detection) as client:
        await client.say(sound(1.0) + quiet(1.0))
        if may == "create_response":
            await client.send("response.create")
        await client.until("response.created")
        await client.say(sound(0.5))
        done = (await client.until("response.done"))["response"]
    assert done["status"] == ("completed" if may == "interrupt_response" else "cancelled")
    assert len(client.of("response.created")) == 1


async def test_a_client_that_finds_turns_itself_commits_and_cancels() -> None:
    server = OpenAIRealtimeServer(heard=["One.", "Two."], script=[ANSWER, "Yes."], rtf=1.0)
    async with server, client_of(server, turn_detection=None) as client:
        await client.say(sound(1.0) + quiet(1.0))
        await client.send("input_audio_buffer.commit")
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        await client.send("response.cancel")
        cancelled = (await client.until("response.done"))["response"]
        assert cancelled["status_details"]["reason"] == "client_cancelled"
        assert not client.of("input_audio_buffer.speech_started")
    assert server.requests[0]["messages"][-1] == {"role": "user", "content": "One."}


async def test_text_is_asked_for_by_the_session_or_by_the_response() -> None:
    async with OpenAIRealtimeServer(script=["Hi there."]) as server, client_of(server) as client:
        await client.send("response.create", response={"output_modalities": ["text"]})
        done = (await client.until("response.done"))["response"]
    assert [event["delta"] for event in client.of("response.output_text.delta")] == [
        "Hi",
        " there.",
    ]
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "Hi there."}]
    assert done["usage"]["output_token_details"] == {"text_tokens": 3, "audio_tokens": 0}
    assert [*server.believed.values()] == ["Hi there."]


async def test_items_are_created_read_cut_and_deleted() -> None:
    script = [[ANSWER, {"tool": "get_hours", "arguments": {"day": "today"}}], "Nine to five."]
    async with OpenAIRealtimeServer(script=script) as server, client_of(server) as client:
        content = [{"type": "input_text", "text": "Hello"}]
        hello = {"type": "message", "role": "user", "id": "mine", "content": content}
        await client.send("conversation.item.create", item=hello)
        assert (await client.until("conversation.item.done"))["item"]["status"] == "completed"
        await client.send("response.create")
        said, called = (await client.until("response.done"))["response"]["output"]
        (arguments,) = client.of("response.function_call_arguments.done")
        assert json.loads(arguments["arguments"]) == {"day": "today"}
        cut = {"item_id": said["id"], "content_index": 0, "audio_end_ms": 1_000}
        await client.send("conversation.item.truncate", **cut)
        assert (await client.until("conversation.item.truncated")).items() >= cut.items()
        await client.send("conversation.item.retrieve", item_id=said["id"])
        retrieved = (await client.until("conversation.item.retrieved"))["item"]
        assert retrieved["content"][0]["transcript"] is None
        result = {"type": "function_call_output", "call_id": called["call_id"], "output": "9-17"}
        await client.send("conversation.item.create", item=result)
        await client.send("conversation.item.delete", item_id="mine")
        assert (await client.until("conversation.item.deleted"))["item_id"] == "mine"
        await client.send("response.create")
        usage = (await client.until("response.done"))["response"]["usage"]
    roles = [message["role"] for message in server.requests[-1]["messages"]]
    assert roles == ["system", "assistant", "assistant", "tool"]
    assert server.requests[-1]["messages"][1]["content"] == "We are open"
    assert usage["input_token_details"]["audio_tokens"] == 20
    assert usage["input_token_details"]["cached_tokens_details"]["text_tokens"] > 0


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "conversation.item.truncate", "item_id": "x"}, "item_truncate_invalid_item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id"),
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id"),
        ({"type": "conversation.item.create", "item": {}}, "invalid_value"),
        ({"type": "input_audio_buffer.append", "audio": "!"}, "invalid_value"),
        ({"type": "input_audio_buffer.append", "audio": "AAA="}, None),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
        ({"type": "response.cancel"}, "response_cancel_not_active"),
        ({"type": "response.create", "response": {"tools": [{}]}}, "missing_required_parameter"),
        ({"type": "response.create", "response": {"input": []}}, "invalid_value"),
        ({"type": "session.update", "session": {"type": "realtime", "x": 1}}, "unknown_parameter"),
        ({"type": "session.close"}, "invalid_value"),
    ],
)
async def test_what_cannot_be_is_refused_and_the_session_goes_on(
    event: dict[str, Any], code: str | None
) -> None:
    async with OpenAIRealtimeServer(script=["Hello."]) as server, client_of(server) as client:
        await client.ws.send_json(event | {"event_id": "asked"})
        if code:
            error = (await client.until("error"))["error"]
            assert (error["code"], error["event_id"]) == (code, "asked")
            assert error["type"] == "invalid_request_error"
        await client.send("response.create")
        await client.send("response.create")
        error = (await client.until("error"))["error"]
        assert error["code"] == "conversation_already_has_active_response"
        assert (await client.until("response.done"))["response"]["status"] == "completed"


async def test_audio_is_not_kept_but_every_other_message_is() -> None:
    async with OpenAIRealtimeServer(script=["Hello."]) as server, client_of(server) as client:
        await client.say(quiet(0.2))
        await client.ws.send_str("{")
        await client.until("error")
    assert [event["type"] for event in server.received] == ["session.update"]


@pytest.mark.parametrize(
    ("key", "model", "status"), [("no", "gpt-realtime", 401), ("yes", "gpt-4.1", 400)]
)
async def test_a_wrong_key_or_model_is_refused_at_the_handshake(
    key: str, model: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        OpenAIRealtimeServer(api_key="yes") as server,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{server.url}?model={model}")
    assert refused.value.status == status


async def test_a_fault_of_another_vendor_is_refused() -> None:
    with pytest.raises(ValueError, match="OpenAIServer has no fault 'stammer'; there are refused"):
        OpenAIServer(faults=[Fault("stammer")])


@pytest.mark.parametrize("name", ["response_failed", "response_empty"])
async def test_a_response_without_a_word_costs_no_other(name: Any) -> None:
    faults = [Fault(name, after=1)]
    server = OpenAIRealtimeServer(script=["One.", "Two.", "Three."], faults=faults)
    responses = []
    async with server, client_of(server) as client:
        for _ in range(3):
            await client.send("response.create")
            responses.append((await client.until("response.done"))["response"])
    status = name.removeprefix("response_").replace("empty", "completed")
    assert [response["status"] for response in responses] == ["completed", status, "completed"]
    assert [len(response["output"]) for response in responses] == [1, 0, 1]
    if status == "failed":
        assert responses[1]["status_details"]["error"]["code"] == "rate_limit_exceeded"
    assert [*server.believed.values()] == ["One.", "Three."]


async def test_a_stammer_stops_the_sound_of_one_response_and_goes_on() -> None:
    loop = asyncio.get_running_loop()
    gaps = []
    faults = [Fault("stammer", after=1, seconds=2.0)]
    server = OpenAIRealtimeServer(script=[ANSWER] * 3, faults=faults)
    async with server, client_of(server) as client:
        for _ in range(3):
            await client.send("response.create")
            await client.until("response.output_audio.delta")
            began = loop.time()
            await client.until("response.done")
            gaps.append(loop.time() - began)
    assert gaps[1] - gaps[0] == pytest.approx(2.0, abs=0.01)
    assert gaps[2] == pytest.approx(gaps[0], abs=0.01)


async def test_a_turn_whose_transcription_fails_is_answered_all_the_same() -> None:
    server = OpenAIRealtimeServer(
        heard=["One.", "Two."], faults=[Fault("transcription_failed", after=0)]
    )
    async with server, client_of(server, transcription={"model": "whisper-1"}) as client:
        await client.say(sound(0.5) + quiet(2.0) + sound(0.5) + quiet(2.0))
        await client.until("response.done")
        await client.until("response.done")
    kind = "conversation.item.input_audio_transcription"
    failed, done = client.of(f"{kind}.failed"), client.of(f"{kind}.completed")
    assert len(failed) == 1
    assert [event["transcript"] for event in done] == ["Two."]
    assert [*server.believed.values()] == ["You said: One.", "You said: Two."]


async def test_a_session_expires_with_a_word_and_a_code() -> None:
    loop = asyncio.get_running_loop()
    faults = [Fault("session_expired", seconds=30, times=1)]
    async with OpenAIRealtimeServer(faults=faults) as server:
        async with client_of(server) as client:
            began = loop.time()
            error = (await client.until("error", within=60))["error"]
            assert error["code"] == "session_expired"
            assert loop.time() - began == pytest.approx(30, abs=0.1)
            assert (await client.ws.receive()).data == 1001
        async with client_of(server) as client:
            with pytest.raises(TimeoutError):
                await client.until("error", within=60)


async def test_an_error_event_does_not_end_the_session() -> None:
    server = OpenAIRealtimeServer(faults=[Fault("server_error", after=4)])
    async with server, client_of(server) as client:
        await client.send("response.create")
        await client.until("response.done")
    assert [event["error"]["type"] for event in client.of("error")] == ["server_error"]


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
    processors = [pair.user(), llm]
    await play(transport, processors, pair.assistant(), heard, observers=[seen], greet=True)
    return seen, context, transport


def told(context: LLMContext) -> list[tuple[str, object]]:
    return [(m["role"], m.get("content")) for m in context.messages if isinstance(m, dict)]


async def test_pipecats_service_greets_calls_a_tool_and_answers() -> None:
    server = OpenAIRealtimeServer(
        heard=[QUESTION],
        script=["Hello!", ["One moment.", {"tool": "get_hours"}], "From nine to five."],
    )
    async with server:
        seen, context, transport = await call(server, silence(1.0) + speech(1.0) + silence(4.5))
    assert seen.errors() == []
    assert told(context) == [
        ("developer", "Greet the caller."),
        ("assistant", "Hello!"),
        ("user", QUESTION),
        ("assistant", "One moment."),
        ("assistant", None),
        ("tool", '{"open": 9, "close": 17}'),
        ("assistant", "From nine to five."),
    ]
    assert [*server.believed.values()] == ["Hello!", "One moment.", "From nine to five."]
    asked = server.requests[-1]["messages"]
    assert [message["role"] for message in asked[-3:]] == ["assistant", "assistant", "tool"]
    assert asked[0]["content"] == "Be brief."
    played = sum(len(chunk.pcm) for chunk in transport.played) / 2 / 16_000
    assert played == pytest.approx(7 / 2.7, abs=0.3)


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


async def test_without_transcription_turns_are_heard_but_not_told() -> None:
    server = OpenAIRealtimeServer(heard=[QUESTION], script=["Hello!", "From nine to five."])
    async with server:
        seen, context, _ = await call(
            server, silence(1.0) + speech(1.0) + silence(1.0), transcribed=False
        )
    assert not [frame for frame in seen.frames if isinstance(frame, TranscriptionFrame)]
    assert ("user", QUESTION) not in told(context)
    assert server.requests[-1]["messages"][-1] == {"role": "user", "content": QUESTION}


@pytest.mark.parametrize(
    ("fault", "error", "heard"),
    [
        (Fault("refused"), "Error connecting", "nothing"),
        (Fault("status", code=401), "HTTP 401", "nothing"),
        (Fault("stall", after=14), None, "a part"),
        (Fault("disconnect", after=14, code=1011), "Error sending client event", "a part"),
        (Fault("server_error", after=14), "The server had an error", "a part"),
        (Fault("session_expired", seconds=0.33), "session_expired", "a part"),
        (Fault("response_failed"), "Rate limit reached", "nothing"),
        (Fault("stammer", seconds=0.5), None, "all"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else None,
)
async def test_pipecats_service_meets_a_fault(fault: Fault, error: str | None, heard: str) -> None:
    async with OpenAIRealtimeServer(script=["Hello there."], faults=[fault]) as server:
        seen, _, transport = await call(server, silence(2.0))
    assert (error or "") in "".join(seen.errors()[:1])
    assert bool(seen.errors()) == bool(error)
    played = sum(len(chunk.pcm) for chunk in transport.played) / 2 / 16_000
    whole = 2 / 2.7
    assert heard == ("nothing" if not played else "a part" if played < whole - 0.1 else "all")
