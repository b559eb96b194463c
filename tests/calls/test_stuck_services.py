"""Who calls a composed agent hears something soon, whichever service is stuck, and can go on."""

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, VoiceAgent
from antiphon.processors.latency import Stall, TurnLatency, WatchdogLimits
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.processors.latency.core.watchdogs import StallKind
from antiphon.simulation.fakes import Failure, FakeLLM, FakeSTT, FakeTTS, Latency
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.vendors.faults import Fault
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

STUCK = Failure(text="We are open from nine to five.", stall=True)
HALF_WAY = Failure(text="We are open. From nine to five.", after=4, stall=True)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What became of a question that met a stuck service, and of the next one."""

    stalls: Sequence[Stall]
    turns: Sequence[TurnLatency]
    first: Sequence[float]
    second: Sequence[float]


async def ask_twice(agent: VoiceAgent) -> Heard:
    transport = MemoryTransport()
    worker = agent.worker(transport, enable_rtvi=False, idle_timeout_secs=None)
    assert worker.latency
    stalls: list[Stall] = []
    worker.latency.add_event_handler("on_stall", lambda _, stall: stalls.append(stall))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for item in silence(0.5) + speech(1.5) + silence(13.0) + speech(1.5) + silence(6.0):
        await asyncio.sleep(max(0.0, began + item.at - loop.time()))
        await transport.send_frame(item.frame)
    await worker.cancel()
    await running
    sounds = [chunk.at_secs - began for chunk in transport.played if any(chunk.pcm)]
    return Heard(
        stalls=stalls,
        turns=worker.latency.turns,
        first=[at - 2.0 for at in sounds if 2.0 <= at < 15.0],
        second=[at - 16.5 for at in sounds if at >= 16.5],
    )


ANSWER = "We are open from nine to five."


def agent(*, stt: Any = "", llm: Any = "", tts: Any = None, **more: Any) -> VoiceAgent:
    """Compose an agent of which one service may fail at the first question."""
    return VoiceAgent(
        stt=FakeSTT(script=[stt or "are you open", "are you open"]),
        llm=FakeLLM(script=[llm or ANSWER, *[ANSWER] * 9]),
        tts=FakeTTS(failures=tts),
        redaction=None,
        **more,
    )


@pytest.mark.parametrize(
    ("stuck", "kind", "answered"),
    [
        ({"stt": STUCK}, StallKind.TRANSCRIPT_MISSING, 1),
        ({"llm": STUCK}, StallKind.NO_FIRST_TOKEN, 1),
        ({"llm": HALF_WAY}, StallKind.TOKENS_STALLED, 2),
        ({"tts": {0: STUCK}}, StallKind.NO_SPEECH, 1),
        ({"tts": {0: HALF_WAY}}, StallKind.SPEECH_UNFINISHED, 2),
    ],
)
async def test_a_stuck_service_is_named_and_the_caller_is_told_and_can_go_on(
    stuck: dict[str, Any], kind: StallKind, answered: int
) -> None:
    heard = await ask_twice(agent(**stuck))
    assert kind in [stall.kind for stall in heard.stalls]
    assert max(stall.at for stall in heard.stalls) < 15
    assert heard.first[0] < 3.0
    assert heard.first[-1] - heard.first[0] > 3.0, "the apology is not heard to its end"
    assert heard.second[0] < 3.0
    # What was only apologised for was not answered.
    assert [turn.kind for turn in heard.turns].count(TurnKind.ANSWERED) == answered


async def look_up(params: FunctionCallParams) -> None:
    """Look up the hours."""
    await params.result_callback({"open": "nine to five"})


@pytest.mark.parametrize("reply", [ANSWER, ToolCall(name="look_up")])
async def test_an_agent_that_answers_neither_stalls_nor_apologises(reply: Any) -> None:
    heard = await ask_twice(agent(llm=reply, tools=[look_up]))
    assert heard.stalls == []
    assert [turn.kind for turn in heard.turns] == [TurnKind.ANSWERED] * 2
    assert heard.first[-1] - heard.first[0] < 3.0


async def test_a_model_that_thinks_for_long_is_waited_for_with_a_filler() -> None:
    thinks = FakeLLM(script=[ANSWER] * 2, latency=Latency(median=6.0))
    slow = dataclasses.replace(
        agent(), llm=thinks, latency=LatencySettings(limits=WatchdogLimits(no_first_token=8.0))
    )
    heard = await ask_twice(slow)
    assert [stall.kind for stall in heard.stalls] == []
    assert heard.first[0] < 3.0
    first = heard.turns[0]
    assert first.total_secs is not None
    assert first.first_sound_secs is not None
    assert first.total_secs - first.first_sound_secs > 4.0


async def test_an_agent_without_probes_has_no_observer() -> None:
    assert agent(latency=None).worker(MemoryTransport()).latency is None


async def test_a_call_whose_model_is_stuck_can_still_say_goodbye() -> None:
    transport = MemoryTransport()
    worker = agent(llm=STUCK).worker(transport, enable_rtvi=False, idle_timeout_secs=None)
    ended: list[Any] = []
    worker.add_event_handler("on_pipeline_timeout", lambda _, frame: ended.append(frame))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for item in speech(1.5) + silence(12.0):
        await asyncio.sleep(max(0.0, began + item.at - loop.time()))
        await transport.send_frame(item.frame)
    await worker.queue_frame(TTSSpeakFrame("Goodbye."))
    await worker.stop_when_done()
    await running
    assert ended == []
    assert max(chunk.at_secs for chunk in transport.played if any(chunk.pcm)) > began + 13.5


async def test_nobody_is_asked_for_a_moment_after_an_apology() -> None:
    heard = await ask_twice(agent(llm=Failure()))
    assert [stall.kind for stall in heard.stalls] == [StallKind.EMPTY_ANSWER]
    assert heard.first[-1] - heard.first[0] < 4.0, "more is heard than the apology"


async def test_a_model_that_says_no_more_than_a_line_break_is_apologised_for() -> None:
    heard = await ask_twice(agent(llm="\n"))
    assert [stall.kind for stall in heard.stalls] == [StallKind.EMPTY_ANSWER]
    assert heard.first[0] < 1.5


LONG = pytest.mark.system


@pytest.mark.parametrize(
    ("fault", "kinds", "turns"),
    [
        pytest.param(None, [], ["answered", "answered"], marks=LONG, id="none"),
        pytest.param(
            Fault("response_failed"),
            ["empty_answer"],
            ["interrupted", "answered"],
            marks=LONG,
            id="fails",
        ),
        pytest.param(
            Fault("stall", after=8),
            ["no_first_token", "no_first_token"],
            ["interrupted", "unanswered"],
            marks=LONG,
            id="says nothing",
        ),
        pytest.param(
            Fault("stall", after=40),
            ["speech_unfinished", "no_first_token"],
            ["answered", "unanswered"],
            id="breaks off",
        ),
        pytest.param(
            Fault("disconnect", code=1011, after=40),
            ["answer_cut_short", "empty_answer"],
            ["answered", "unanswered"],
            marks=LONG,
            id="hangs up",
        ),
    ],
)
async def test_a_stuck_speech_to_speech_model_is_named_and_the_caller_is_told(
    fault: Fault | None, kinds: list[str], turns: list[str]
) -> None:
    async with OpenAIRealtimeServer(
        script=["We are open from nine in the morning to five in the afternoon."] * 3,
        faults=[fault] if fault else [],
    ) as server:
        agent = VoiceAgent(
            realtime=lambda: OpenAIRealtimeLLMService(api_key="any", base_url=server.url)
        )
        heard = await ask_twice(agent)
    assert [stall.kind for stall in heard.stalls] == kinds
    assert all("OpenAIRealtimeLLMService" in stall.service for stall in heard.stalls)
    assert [turn.kind for turn in heard.turns] == turns
    # An answer, or the apology; the model is not stuck before it has been given 4 s.
    assert heard.first[0] < 4.5
    assert heard.second[0] < 4.5
