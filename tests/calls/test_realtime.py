"""An agent by a speech-to-speech model: greeted, answered, interrupted, and what was heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import InputDTMFFrame, TTSSpeakFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
    TurnDetection,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.core.road import flattened
from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.pipeline.server.calls import Call as ServedCall
from antiphon.pipeline.silence import IdleGoodbye
from antiphon.pipeline.worker import CallWorker
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


class Hears:
    """Notes how long a voice sounds in each turn that the model is given."""

    def __init__(self) -> None:
        self.voiced_secs: list[float] = []

    def begin(self, lead_in: bytes, sample_rate_hz: int) -> None:
        self.voiced_secs.append(0.0)
        self.hear(lead_in, sample_rate_hz)

    def hear(self, pcm: bytes, sample_rate_hz: int) -> str:
        loud = np.abs(np.frombuffer(pcm, "<i2").astype(int)) > 300
        windows = np.array_split(loud, max(1, len(loud) * 50 // sample_rate_hz))
        self.voiced_secs[-1] += sum(window.any() for window in windows) / 50
        return ""

    def settle(self) -> str:
        return ""

    def end(self) -> str:
        return "Wait."


@dataclass
class Call:
    """A call as its caller has it."""

    transport: MemoryTransport
    server: OpenAIRealtimeServer
    context: Any
    worker: CallWorker
    running: asyncio.Task[None]
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
        yield Call(transport, server, context, worker, running)
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


@pytest.mark.parametrize("transcription_secs", [0.3, 0.8])
async def test_a_transcript_that_comes_behind_the_answer_to_it_interrupts_nothing(
    transcription_secs: float,
) -> None:
    server = OpenAIRealtimeServer(
        heard=["When is it?", "Thanks."],
        script=["Hello.", "It leaves at nine.", "You are welcome."],
        transcription_secs=transcription_secs,
    )
    async with call(server, greeting="Hello.") as c:
        await c.says(silence(1.5) + speech(0.8) + silence(3.0) + speech(0.6) + silence(2.5))
    assert [*server.believed.values()] == ["Hello.", "It leaves at nine.", "You are welcome."]


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
    assert len(server.requests) == 1


async def test_a_stop_as_short_as_an_uh_huh_does() -> None:
    server = OpenAIRealtimeServer(heard=["stop"], script=[GREETING, ANSWER])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(2.0) + speech(0.4) + silence(10.0))
    (_, heard), *rest = c.written
    assert len(heard.split()) < 10
    assert rest == [("user", "stop"), ("assistant", ANSWER)]
    assert len(server.requests) == 2


async def test_an_interruption_that_the_service_finds_is_followed_at_once() -> None:
    server = OpenAIRealtimeServer(heard=["Wait."], script=[GREETING, ANSWER])
    detection = TurnDetection()
    async with call(server, greeting=GREETING, realtime=lambda: service(server, detection)) as c:
        await c.says(silence(2.0) + speech(1.0) + silence(8.0))
    (_, heard), (_, interrupted), answer = c.written
    assert (interrupted, answer) == ("Wait.", ("assistant", ANSWER))
    believed, _ = server.believed.values()
    assert abs(len(heard.split()) - 1 - len(believed.split())) <= 1
    assert 4 <= len(believed.split()) <= 6


async def test_who_speaks_first_is_answered_by_a_model_that_knows_its_tools() -> None:
    asked: list[str] = []

    async def ferry_times(params: FunctionCallParams, island: str) -> None:
        """Look up when the ferry leaves.

        Args:
            island: Where to.
        """
        asked.append(island)
        await params.result_callback({"leaves": "9:00"})

    call_of_it = {"tool": "ferry_times", "arguments": {"island": "Hiddensee"}}
    server = OpenAIRealtimeServer(heard=["When is the ferry?"], script=[call_of_it, ANSWER])
    async with call(server, instructions="You are the harbour.", tools=[ferry_times]) as c:
        await c.says(silence(1.0) + speech(1.2) + silence(10.0))
    assert asked == ["Hiddensee"]
    assert c.written == [("user", "When is the ferry?"), ("assistant", ANSWER)]
    told = server.requests[0]["messages"][0]
    assert told["role"] == "system"
    assert told["content"].endswith("You are the harbour.")
    assert len(server.requests) == 2


async def test_a_silent_caller_is_asked_by_the_model() -> None:
    server = OpenAIRealtimeServer(script=[GREETING, "Are you still there?"])
    turns = TurnSettings(silence_secs=0.4, reprompts=["Are you still there?"], reprompt_secs=5.0)
    async with call(server, greeting=GREETING, turns=turns) as c:
        await c.says(silence(20.0))
    assert c.written == [("assistant", GREETING), ("assistant", "Are you still there?")]
    assert len(server.requests) == 2


async def test_an_order_of_the_caller_is_heard_by_the_model_from_its_first_sound() -> None:
    heard = Hears()
    server = OpenAIRealtimeServer(transcriber=lambda: heard, script=[GREETING, ANSWER])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(2.0) + speech(1.6) + silence(8.0))
    (secs,) = heard.voiced_secs
    assert secs == pytest.approx(1.6, abs=0.1)


async def test_keys_are_told_to_a_model_that_hears_none() -> None:
    server = OpenAIRealtimeServer(script=[GREETING, ANSWER])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(7.5))
        for key in "73#":
            await c.transport.send_frame(InputDTMFFrame(button=KeypadEntry(key)))
        await c.says(silence(9.0))
    assert c.written == [("assistant", GREETING), ("user", "DTMF: 73#"), ("assistant", ANSWER)]
    assert "DTMF: 73#" in [message["content"] for message in server.requests[-1]["messages"]]


GOODBYE = "I have to end this call now. Goodbye."


@pytest.mark.parametrize("after_secs", [3.0, 6.3, 9.0])
async def test_a_goodbye_of_the_server_is_said_by_the_model_before_it_hangs_up(
    after_secs: float,
) -> None:
    server = OpenAIRealtimeServer(script=[GREETING, GOODBYE])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(after_secs))
        served = ServedCall(id="1", transport_kind="memory", worker=c.worker)
        await served.end(GOODBYE, unasked=True)
        await asyncio.wait_for(c.running, 25.0)
    assert server.requests[-1]["messages"][-1]["content"].endswith(GOODBYE)
    # What had begun is heard to its end, and then the goodbye.
    assert c.written == [("assistant", GREETING), ("assistant", GOODBYE)]


async def test_nobody_is_said_goodbye_to_by_the_model_as_well() -> None:
    server = OpenAIRealtimeServer(script=[GREETING, GOODBYE])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(9.0))
        assert await IdleGoodbye(c.worker).say(GOODBYE)
    assert c.written == [("assistant", GREETING), ("assistant", GOODBYE)]


async def test_a_call_ends_though_the_model_says_nothing_to_it() -> None:
    server = OpenAIRealtimeServer(script=[GREETING, ""])
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(9.0))
        served = ServedCall(id="1", transport_kind="memory", worker=c.worker)
        await served.end(GOODBYE, unasked=True)
        await asyncio.wait_for(c.running, 6.0)


async def test_what_a_tool_has_the_voice_say_is_said_by_the_model() -> None:
    async def ferry_times(params: FunctionCallParams) -> None:
        """Look up when the ferry leaves."""
        await params.llm.push_frame(TTSSpeakFrame("Let me look."))
        await asyncio.sleep(4.0)
        await params.result_callback({"leaves": "9:00"})

    script: list[Any] = [{"tool": "ferry_times", "arguments": {}}, "Let me look.", ANSWER]
    server = OpenAIRealtimeServer(heard=["When is it?"], script=script)
    async with call(server, tools=[ferry_times]) as c:
        await c.says(silence(1.0) + speech(1.2) + silence(14.0))
    said = [text for role, text in c.written if role == "assistant"]
    assert said == ["Let me look.", ANSWER]


async def test_an_end_waits_for_the_reply_that_is_under_way() -> None:
    server = OpenAIRealtimeServer(heard=["Bye."], script=[GREETING, ANSWER], rtf=0.5)
    async with call(server, greeting=GREETING) as c:
        await c.says(silence(8.0) + speech(0.6) + silence(2.0))
        await ServedCall(id="1", transport_kind="memory", worker=c.worker).end()
        await asyncio.wait_for(c.running, 20.0)
    assert c.written[-1] == ("assistant", ANSWER)


@pytest.mark.parametrize("transcription_secs", [0.9, 1.6, 2.0, 2.6])
async def test_a_transcript_that_comes_during_another_sound_is_not_taken_for_its_words(
    transcription_secs: float,
) -> None:
    server = OpenAIRealtimeServer(
        heard=["No, wait, when is it?", "uh-huh"],
        script=["Hello.", ANSWER],
        transcription_secs=transcription_secs,
    )
    async with call(server, greeting="Hello.") as c:
        # The answer begins 0.9 s after the question, the sound 1.5 s, its transcript later still.
        await c.says(silence(1.5) + speech(1.0) + silence(1.5) + speech(0.4) + silence(9.0))
    assert ("user", "No, wait, when is it?") in c.written
    assert c.written[-1] == ("assistant", ANSWER)
    assert c.sent("conversation.item.truncate") == []
    assert len(server.requests) == 2
