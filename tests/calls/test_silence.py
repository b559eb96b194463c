"""A caller who says nothing is asked, is said goodbye to, and is hung up on only then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.choosing import Agents
from antiphon.pipeline.server.metrics import CallMetrics
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.silence import IdleGoodbye
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.simulation.frames import silence, speech
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

GOODBYE = "I have to end this call now, goodbye."
PATIENT = TurnSettings(silence_secs=0.4, reprompts=())


class Voice(FakeTTS):
    """Notes what it says, and when."""

    def __init__(self, said: list[tuple[float, str]]) -> None:
        super().__init__(words_per_second=4.0)
        self._said = said

    async def run_tts(self, text: str, context_id: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._said.append((round(now(), 1), text))
        async for frame in super().run_tts(text, context_id):
            yield frame


class PhoneCall:
    """A call to a server, as its caller has it."""

    def __init__(self, transport: MemoryTransport, running: "asyncio.Task[Any]") -> None:
        self.running = running
        self._transport = transport

    async def says(self, *, pause: float, secs: float = 1.5, then: float = 6.0) -> None:
        began = now()
        for item in silence(pause) + speech(secs) + silence(then):
            await asyncio.sleep(max(0.0, began + item.at - now()))
            if self.running.done():
                return
            await self._transport.send_frame(item.frame)

    async def listens(self, secs: float) -> None:
        await self.says(pause=secs, secs=0.0, then=0.0)


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def answered(agent: VoiceAgent, idle_secs: float) -> AsyncIterator[PhoneCall]:
    settings = ServerSettings(idle_secs=idle_secs, goodbye=GOODBYE)
    calls = Calls(Agents(agent), settings, CallMetrics())
    transport = MemoryTransport()
    running = asyncio.create_task(
        calls.run(transport, key="key", call_id="call", transport_kind="memory")
    )
    await transport.connect()
    try:
        yield PhoneCall(transport, running)
    finally:
        await transport.disconnect()
        await running


def agent(said: list[tuple[float, str]], *script: Any, **more: Any) -> VoiceAgent:
    return VoiceAgent(
        greeting="Harbour Supplies.",
        stt=lambda: FakeSTT(script=["wait, I am still here"] * 9),
        llm=lambda: FakeLLM(script=[*script, *["Go ahead."] * 9]),
        tts=lambda: Voice(said),
        redaction=None,
        **{"turns": PATIENT, **more},
    )


def texts(said: list[tuple[float, str]]) -> list[str]:
    return [text for _, text in said]


async def test_a_silent_caller_is_asked_twice_and_then_left_alone_until_the_goodbye() -> None:
    said: list[tuple[float, str]] = []
    asked = TurnSettings(silence_secs=0.4, reprompts=("Are you there?", "Hello?"), reprompt_secs=4)
    async with answered(agent(said, turns=asked), 10) as call:
        await call.listens(24)
        assert call.running.done()
    assert texts(said) == ["Harbour Supplies.", "Are you there?", "Hello?", GOODBYE]
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(said)]
    assert gaps == pytest.approx([4.6, 4.8, 10.4], abs=0.3)


async def test_a_caller_who_speaks_is_asked_anew_in_the_next_silence() -> None:
    said: list[tuple[float, str]] = []
    asked = TurnSettings(silence_secs=0.4, reprompts=("Are you there?",), reprompt_secs=4)
    async with answered(agent(said, turns=asked), 60) as call:
        await call.says(pause=8, then=7)
    assert texts(said) == ["Harbour Supplies.", "Are you there?", "Go ahead.", "Are you there?"]


@pytest.mark.parametrize("into_secs", [0.3, 1.8])
async def test_speech_takes_a_goodbye_to_a_silent_caller_back(into_secs: float) -> None:
    said: list[tuple[float, str]] = []
    async with answered(agent(said), 3) as call:
        while GOODBYE not in texts(said):
            await call.listens(0.1)
        await call.says(pause=into_secs, then=6)
        assert texts(said)[:3] == ["Harbour Supplies.", GOODBYE, "Go ahead."]
        await call.listens(4)
        assert call.running.done()
    assert texts(said)[3:] == [GOODBYE]


async def test_a_noise_does_not_take_it_back() -> None:
    said: list[tuple[float, str]] = []
    silent = agent(said)
    object.__setattr__(silent, "stt", lambda: FakeSTT(script=[""]))
    async with answered(silent, 3) as call:
        while GOODBYE not in texts(said):
            await call.listens(0.1)
        await call.says(pause=1.0, secs=0.3, then=5)
        assert call.running.done()
    assert texts(said) == ["Harbour Supplies.", GOODBYE]


async def test_a_goodbye_of_which_no_sound_comes_is_waited_for_five_seconds() -> None:
    worker = PipelineWorker(Pipeline([IdentityFilter()]), enable_rtvi=False)
    goodbye = IdleGoodbye(worker)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    began = now()

    over = await goodbye.say(GOODBYE)
    secs = now() - began
    await worker.cancel()
    await running
    assert over
    assert secs == pytest.approx(5.0, abs=0.1)


async def look_up(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(9)
    await params.result_callback("done")


async def test_an_agent_whose_tool_works_is_not_idle() -> None:
    said: list[tuple[float, str]] = []
    at_work = agent(said, ToolCall(name="look_up"), "It is done.", tools=[look_up], latency=None)
    async with answered(at_work, 4) as call:
        await call.says(pause=1.0, then=11)
        assert texts(said) == ["Harbour Supplies.", "It is done."]
        await call.listens(8)
        assert call.running.done()
    assert texts(said)[-1] == GOODBYE
