"""Whatever a tool does, its call is settled, and the caller gets one answer."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.frames.frames import FunctionCallFromLLM
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.latency import Stall, WatchdogLimits
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.simulation.frames import silence, speech
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time


class Asks(AnsweringLLMService):
    """Calls some tools at once, and answers what comes of them."""

    def __init__(self, *tools: str, first_words: str = "") -> None:
        super().__init__(model="asks", tokens_per_sec=50)
        self._tools = tools
        self._first_words = first_words
        self.answered: list[str] = []

    async def answer(self, context: LLMContext) -> None:
        await asyncio.sleep(0.2)
        tools, self._tools = self._tools, ()
        if not tools:
            self.answered.append(str(context.get_messages()))
            await self.say(["It ", "is ", "done."])
            return
        await self.say([f"{word} " for word in self._first_words.split()])
        await self.run_function_calls(
            [
                FunctionCallFromLLM(
                    function_name=tool, tool_call_id=f"{i}", arguments={}, context=context
                )
                for i, tool in enumerate(tools)
            ]
        )


async def at_once(params: FunctionCallParams) -> None:
    """Look it up."""
    await params.result_callback("one")


async def slowly(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(1)
    await params.result_callback("two")


async def forgets(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(0.1)


async def hangs(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.Event().wait()


async def stubborn(params: FunctionCallParams) -> None:
    """Look it up."""
    for _ in range(30):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            continue


async def delegates(params: FunctionCallParams) -> None:
    """Look it up."""
    work = asyncio.create_task(slowly(params))
    work.add_done_callback(lambda _: None)


@tool_options(timeout_secs=6)
async def takes_its_time(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(5)
    await params.result_callback("three")


@tool_options(cancel_on_interruption=False)
async def in_the_background(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(8)
    await params.result_callback("four")


async def asked(tools: Sequence[Any], listen_secs: float = 12.0) -> tuple[list[str], list[Stall]]:
    """Ask once; return the contexts that were answered, and what stalled."""
    llm = Asks(*(tool.__name__ for tool in tools))
    limits = WatchdogLimits(no_tool_result=3.0)
    agent = VoiceAgent(
        stt=FakeSTT(script=["look it up"]),
        llm=llm,
        tts=FakeTTS(),
        tools=list(tools),
        turns=TurnSettings(silence_secs=0.4),
        latency=LatencySettings(limits=limits, fillers=(), apology=None),
        redaction=None,
    )
    stalls: list[Stall] = []
    await asked_of(agent, stalls, listen_secs)
    return llm.answered, stalls


async def asked_of(
    agent: VoiceAgent, stalls: list[Stall] | None = None, listen_secs: float = 30.0
) -> MemoryTransport:
    """Ask an agent once, and listen."""
    transport = MemoryTransport()
    worker = agent.worker(transport, enable_rtvi=False, idle_timeout_secs=None)
    assert worker.latency
    told = [] if stalls is None else stalls
    worker.latency.add_event_handler("on_stall", lambda _, stall: told.append(stall))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    began = asyncio.get_running_loop().time()
    for item in speech(1.0) + silence(1.0):
        await asyncio.sleep(max(0.0, began + item.at - asyncio.get_running_loop().time()))
        await transport.send_frame(item.frame)
    await asyncio.sleep(listen_secs)
    await worker.cancel()
    await running
    return transport


@pytest.mark.parametrize(
    "tools", [(at_once, slowly), (slowly, at_once), (at_once, slowly, at_once)]
)
async def test_tools_that_are_called_at_once_get_one_answer(tools: Sequence[Any]) -> None:
    answered, stalls = await asked(tools)
    assert len(answered) == 1
    assert "one" in answered[0]
    assert "two" in answered[0]
    assert stalls == []


@pytest.mark.parametrize("tool", [forgets, hangs, stubborn])
async def test_a_tool_without_a_result_is_named_settled_and_answered(tool: Any) -> None:
    answered, stalls = await asked((tool,))
    assert len(answered) == 1
    assert "There is no result" in answered[0]
    assert "IN_PROGRESS" not in answered[0]
    assert [(stall.kind, stall.service) for stall in stalls] == [
        (StallKind.NO_TOOL_RESULT, tool.__name__)
    ]


@pytest.mark.parametrize(
    ("tool", "result"), [(delegates, "two"), (takes_its_time, "three"), (in_the_background, "four")]
)
async def test_a_tool_has_the_time_that_it_asks_for(tool: Any, result: str) -> None:
    answered, _ = await asked((tool,))
    assert result in answered[-1]
    assert "There is no result" not in answered[-1]


async def works_on(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(20)
    await params.result_callback("five")


class Voice(FakeTTS):
    """Notes what it says, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[float, str]] = []

    async def run_tts(self, text: str, context_id: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.said.append((round(asyncio.get_running_loop().time(), 1), text))
        async for frame in super().run_tts(text, context_id):
            yield frame


@pytest.mark.parametrize("first_words", ["", "Let me check on that for you. "])
async def test_who_waits_for_a_tool_of_twenty_seconds_hears_why_every_few_of_them(
    first_words: str,
) -> None:
    llm, voice = Asks("works_on", first_words=first_words), Voice()
    agent = VoiceAgent(
        stt=FakeSTT(script=["look it up"]),
        llm=llm,
        tts=voice,
        tools=[works_on],
        turns=TurnSettings(silence_secs=0.4),
        redaction=None,
    )
    transport = await asked_of(agent)
    texts = [text for _, text in voice.said]
    assert texts == [
        *filter(None, [first_words.strip()]),
        "One moment…",
        "One moment…",
        "It is done.",
    ]
    sounds = sorted(chunk.at_secs for chunk in transport.played if any(chunk.pcm))
    silences = [later - earlier for earlier, later in pairwise(sounds) if later - earlier > 2.6]
    # After the apology there is nothing to say but the answer.
    assert len(silences) == 1
