"""An agent that calls somebody notices when a voicemail box takes the call."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.pipeline.worker import PipelineWorker
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.latency import Stall
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.simulation.lines.babble import silence_pcm, speech_pcm
from antiphon.simulation.vendors.openai import OpenAIServer, Reply
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

WORDS_PER_SEC = 2.0
PACKET = 640


class Outcall:
    """A call that the agent has made, as the one who answers it hears it."""

    def __init__(self, transport: MemoryTransport, asked: list[str]) -> None:
        self.asked = asked
        self.stalls: list[Stall] = []
        self._transport = transport

    @property
    def words(self) -> int:
        """How many words of the agent have been heard."""
        secs = (
            len(chunk.pcm.strip(b"\0")) / 2 / chunk.sample_rate_hz
            for chunk in self._transport.played
        )
        return round(sum(secs) * WORDS_PER_SEC)

    async def says(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), PACKET):
            await self._transport.send_audio(pcm[start : start + PACKET])
            await asyncio.sleep(0.02)


@asynccontextmanager
async def called(
    hears: str,
    choice: str,
    voicemail: str | None,
    *,
    outbound: bool = True,
    own_worker: bool = False,
) -> AsyncIterator[tuple[Outcall, asyncio.Task[None]]]:
    asked: list[str] = []

    def thinks(body: dict[str, Any]) -> Reply:
        prompt = json.dumps(body["messages"])
        if "classifier" not in prompt:
            return "Your parcel arrives today."
        asked.append(prompt)
        return json.dumps({"voicemail": {"choice": choice, "probabilities": {choice: 1.0}}})

    async with OpenAIServer(script=thinks) as server:
        llm = OpenAILLMService(base_url=server.url, api_key="any")
        agent = VoiceAgent(
            greeting="Hello there.",
            stt=FakeSTT(script=[hears]),
            llm=llm,
            tts=FakeTTS(words_per_second=WORDS_PER_SEC),
            voicemail=voicemail,
        )
        transport = MemoryTransport()
        worker: PipelineWorker = (
            PipelineWorker(agent.pipeline(transport, outbound=outbound))
            if own_worker
            else agent.worker(transport, outbound=outbound)
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        call = asyncio.create_task(runner.run())
        await transport.connect()
        try:
            outcall = Outcall(transport, asked)
            if isinstance(worker, CallWorker) and worker.latency:
                worker.latency.add_event_handler(
                    "on_stall", lambda _, stall: outcall.stalls.append(stall)
                )
            yield outcall, call
        finally:
            await worker.cancel()
            await call
            # Pipecat 1.14 leaves the client's idle connections open.
            await close_client(llm)


GREETING = "You have reached Ann, call me on 030 1234567. Please leave a message."
MESSAGE = "Please call the shop back about your parcel, thank you."


@pytest.mark.parametrize("own_worker", [False, True])
async def test_a_voicemail_box_gets_a_message_after_its_greeting(own_worker: bool) -> None:
    async with called(GREETING, "voicemail", MESSAGE, own_worker=own_worker) as (box, call):
        await box.says(speech_pcm(4.0) + silence_pcm(1.0))
        assert box.words == 0
        await box.says(silence_pcm(20.0))
        assert call.done()
        assert box.words == len(MESSAGE.split())


async def test_what_a_box_says_is_judged_without_what_no_model_may_read() -> None:
    greeting = f"{GREETING} Or pay by card, like 4539 1488 0343 6467."
    async with called(greeting, "voicemail", MESSAGE) as (box, _):
        await box.says(speech_pcm(2.0) + silence_pcm(3.0))
    assert "leave a message" in box.asked[-1]
    assert "1488" not in box.asked[-1]


async def test_a_voicemail_box_can_be_hung_up_on() -> None:
    async with called("Leave a message.", "voicemail", "") as (box, call):
        await box.says(speech_pcm(2.0) + silence_pcm(8.0))
        assert call.done()
        assert box.words == 0


async def test_a_person_who_answers_is_talked_to() -> None:
    async with called("Hello, who is this?", "conversation", MESSAGE) as (person, call):
        await person.says(speech_pcm(1.0) + silence_pcm(10.0))
        assert not call.done()
        assert person.words == 6


@pytest.mark.parametrize("late_secs", [0.5, 1.5, 3.0, 6.0])
async def test_a_person_who_says_hello_late_hears_greeting_and_answer_and_no_apology(
    late_secs: float,
) -> None:
    async with called("Hello, who is this?", "conversation", MESSAGE) as (person, call):
        await person.says(silence_pcm(late_secs) + speech_pcm(1.0) + silence_pcm(12.0))
        assert not call.done()
        assert person.words == 6
        assert person.stalls == []


async def test_a_callee_who_says_nothing_is_greeted_after_a_few_seconds() -> None:
    async with called("Hello?", "conversation", MESSAGE) as (person, call):
        await person.says(silence_pcm(3.5))
        assert person.words == 0
        await person.says(silence_pcm(2.5))
        assert person.words == 2
        await person.says(silence_pcm(10.0))
        assert person.words == 2
        assert not call.done()


async def test_a_box_whose_greeting_begins_late_still_gets_its_message() -> None:
    async with called(GREETING, "voicemail", MESSAGE) as (box, call):
        await box.says(silence_pcm(6.0) + speech_pcm(4.0) + silence_pcm(20.0))
        assert call.done()
        # The answer to its first words had begun.
        assert box.words >= 2 + len(MESSAGE.split())


@pytest.mark.parametrize(("voicemail", "outbound"), [(MESSAGE, False), (None, True)])
async def test_who_calls_in_is_not_judged(voicemail: str | None, outbound: bool) -> None:
    async with called(GREETING, "voicemail", voicemail, outbound=outbound) as (caller, _):
        await caller.says(silence_pcm(3.0))
        assert caller.words == 2
    assert caller.asked == []
