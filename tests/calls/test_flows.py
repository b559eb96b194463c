"""A conversation in nodes keeps to what holds for every call."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from pipecat.flows import (
    FlowArgs,
    FlowManager,
    FlowsFunctionSchema,
    NodeConfig,
)
from pipecat.frames.frames import FunctionCallFromLLM
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.utils.context.llm_context_summarization import (
    LLMAutoContextSummarizationConfig,
    LLMContextSummaryConfig,
)
from pipecat.workers.runner import WorkerRunner

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.latency import WatchdogLimits
from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.transports import MemoryTransport

from .flows import (
    ASKS,
    RESET,
    Call,
    Model,
    Voice,
    get_hours,
    leading_to,
    leave,
    party_node,
    said_in,
    task,
    time_node,
)

pytestmark = pytest.mark.virtual_time


async def test_a_flow_goes_from_node_to_node_and_offers_the_functions_of_each() -> None:
    call = await Call(
        party_node,
        *ASKS,
        ToolCall(name="to_end", arguments={"time": "eight"}),
        "Goodbye.",
        lines=["four of us", "at eight"],
    ).run(silence(4), speech(1), silence(5), speech(1), silence(5))
    assert call.voice.said == ["For how many?", "At what time?", "Goodbye."]
    assert call.llm.tools == [["to_time"], ["to_time"], ["to_end"], ["to_end"], []]
    assert said_in(call.llm.contexts[-1], "user") == ["four of us", "at eight"]
    assert call.worker.flow
    assert call.worker.flow.state == {"people": 4}
    assert call.worker.flow.current_node == "end"


async def test_a_function_makes_the_first_node_once_a_call_and_may_use_what_is_stored_before() -> (
    None
):
    made: list[str] = []

    def first() -> NodeConfig:
        made.append("node")
        return {"name": "party", "task_messages": task("Greet {{ name }}.")}

    call = Call(first, "Good evening, Ann.")
    made.clear()
    assert call.worker.flow
    call.worker.flow.state["name"] = "Ann"
    await call.run(silence(4))
    assert made == ["node"]
    assert call.llm.contexts[0][0]["content"] == "Greet Ann."


async def test_a_greeting_is_said_once_before_the_first_node() -> None:
    call = await Call(party_node, *ASKS, greeting="Good evening.").run(silence(6))
    assert call.voice.said == ["Good evening.", "For how many?"]


@pytest.mark.parametrize("greeting", [None, "Good evening."])
async def test_a_node_that_speaks_first_is_heard_once(greeting: str | None) -> None:
    node: Any = {
        **party_node(),
        "pre_actions": [{"type": "tts_say", "text": "This is the Blue Crab."}],
    }
    call = await Call(node, *ASKS, greeting=greeting).run(silence(8))
    assert call.voice.said == [
        *([greeting] if greeting else []),
        "This is the Blue Crab.",
        "For how many?",
    ]
    [context] = call.llm.contexts
    assert "This is the Blue Crab." in " ".join(said_in(context, "assistant"))


@pytest.mark.parametrize("stalls", [False, True])
@pytest.mark.parametrize("where", ["pre_actions", "post_actions"])
async def test_an_action_that_fails_leaves_the_call_going_on(where: str, stalls: bool) -> None:
    async def fails(action: Any, flow_manager: FlowManager) -> None:
        if stalls:
            await asyncio.Event().wait()
        raise RuntimeError("no connection")

    transition = leading_to(time_node(**{where: [{"type": "function", "handler": fails}]}))
    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        lines=["four of us"],
        latency=LatencySettings(
            limits=WatchdogLimits(no_tool_result=2.0), fillers=(), apology=None
        ),
    ).run(silence(4), speech(1), silence(6))
    assert call.voice.said == ["For how many?", "At what time?"]


async def test_a_node_that_cannot_be_entered_leaves_the_call_in_the_one_before() -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return {"noted": True}, {"name": "broken"}

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "Noted, what else?",
        lines=["four of us"],
    ).run(silence(4), speech(1), silence(6))
    assert call.voice.said == ["For how many?", "Noted, what else?"]
    assert call.worker.flow
    assert call.worker.flow.current_node == "party"


async def hangs(flow_manager: FlowManager) -> Any:
    """Look it up."""
    await asyncio.Event().wait()


async def raises(flow_manager: FlowManager) -> Any:
    """Look it up."""
    raise RuntimeError("no connection")


@pytest.mark.parametrize("function", [hangs, raises])
async def test_a_function_without_a_result_is_settled_and_answered(function: Any) -> None:
    limits = WatchdogLimits(no_tool_result=3.0)
    call = await Call(
        {**party_node(), "functions": [function]},
        "For how many?",
        ToolCall(name=function.__name__),
        "I am sorry.",
        lines=["four of us"],
        latency=LatencySettings(limits=limits, fillers=(), apology=None),
    ).run(silence(4), speech(1), silence(10))
    assert call.voice.said == ["For how many?", "I am sorry."]


@pytest.mark.parametrize(("function_secs", "first_token_secs"), [(2.5, 0.3), (0.0, 2.0)])
async def test_who_waits_for_a_function_or_the_next_node_hears_why(
    function_secs: float, first_token_secs: float
) -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(function_secs)
        return None, time_node()

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "At what time?",
        lines=["four of us"],
        first_token_secs=first_token_secs,
        latency=LatencySettings(),
    ).run(silence(5), speech(1), silence(10))
    assert call.voice.said[0] == "For how many?"
    assert call.voice.said[-1] == "At what time?"
    assert call.voice.said[1:-1] == ["One moment…", "One moment…"]


async def get_menu(args: FlowArgs, flow_manager: FlowManager) -> Any:
    """Read the menu."""
    return "crab"


async def test_the_agents_tools_are_there_at_every_node() -> None:
    schema = FlowsFunctionSchema(
        name="get_menu", description="Read", properties={}, required=[], handler=get_menu
    )
    call = await Call(
        party_node,
        *ASKS[:-1],
        ToolCall(name="get_hours"),
        "From six to eleven.",
        ToolCall(name="leave"),
        "Goodbye.",
        lines=["four of us", "goodbye"],
        tools=[get_hours, leave, schema],
    ).run(silence(4), speech(1), silence(5), speech(1), silence(5))
    assert call.llm.tools[0] == ["leave", "get_menu", "to_time", "get_hours"]
    assert call.llm.tools[-1] == ["leave", "get_menu", "get_hours"]
    assert call.voice.said == ["For how many?", "From six to eleven.", "Goodbye."]
    assert "from six to eleven" in str(call.llm.contexts[-1])
    assert call.worker.has_finished()


async def test_what_was_heard_before_a_node_that_begins_anew_is_gone_and_the_language_stays() -> (
    None
):
    transition = leading_to(time_node(context_strategy=RESET))
    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        lines=["four of us"],
        languages=["en"],
    ).run(silence(4), speech(1), silence(6))
    assert [m["content"] for m in call.llm.contexts[0]] == [
        "The caller speaks English. Answer in English.",
        "Ask how many.",
    ]
    assert [m["content"] for m in call.llm.contexts[-1]] == [
        "The caller speaks English. Answer in English.",
        "Ask when.",
    ]


async def test_a_message_may_have_parts() -> None:
    parts = [{"type": "text", "text": "Ask how many."}]
    node: Any = {**party_node(), "task_messages": [{"role": "developer", "content": parts}]}
    call = await Call(node, *ASKS).run(silence(4))
    assert call.voice.said == ["For how many?"]


async def test_a_pipeline_in_a_worker_of_ones_own_follows_the_flow_too() -> None:
    llm, voice, transport = Model(*ASKS), Voice(), MemoryTransport()
    agent = VoiceAgent(
        flow=party_node,
        stt=FakeSTT(script=["four of us"]),
        llm=llm,
        tts=voice,
        turns=TurnSettings(silence_secs=0.4, reprompts=()),
        latency=None,
        redaction=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(PipelineWorker(agent.pipeline(transport), enable_rtvi=False))
    running = asyncio.create_task(runner.run())
    await transport.connect()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for item in silence(3) + speech(1) + silence(5):
        await asyncio.sleep(max(0.0, began + item.at - loop.time()))
        await transport.send_frame(item.frame)
    await transport.disconnect()
    await running
    assert voice.said == ["For how many?", "At what time?"]


async def test_the_rules_of_speech_stand_before_each_role(monkeypatch: pytest.MonkeyPatch) -> None:
    transition = leading_to(time_node(role_message="You are in a hurry."))
    script = ["For how many?", {"tool": "transition"}, "When?"]
    async with OpenAIServer(script=script) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        transport = MemoryTransport()
        agent = VoiceAgent(
            instructions="You speak for the Blue Crab.",
            voice_rules="Speak plainly.",
            flow={**party_node(), "functions": [transition]},  # type: ignore[typeddict-item]
            stt=FakeSTT(script=["four of us"]),
            llm="openai",
            tts=FakeTTS(),
            turns=TurnSettings(silence_secs=0.4),
        )
        caller = Caller(transport, [Say(text="four of us"), HangUp()])
        await simulate_call(caller, agent.worker(transport, enable_rtvi=False))
    told = [request["messages"][0]["content"] for request in server.requests]
    roles = ["You book tables."] * 2 + ["You are in a hurry."]
    rules = "Speak plainly.\n\nYou speak for the Blue Crab.\n\n"
    assert all(text.startswith(rules + role) for text, role in zip(told, roles, strict=True))


class Calls(AnsweringLLMService):
    """Calls some functions at once, time after time, and tells what was said to it last."""

    def __init__(self, *functions: Sequence[str]) -> None:
        super().__init__(model="calls", tokens_per_sec=50)
        self._to_call = iter(functions)
        self._answers = False

    async def answer(self, context: LLMContext) -> None:
        functions = () if self._answers else next(self._to_call, ())
        self._answers = bool(functions)
        if not functions:
            await self.say([str(context.get_messages()[-1].get("content"))])  # type: ignore[union-attr]
            return
        await self.run_function_calls(
            [
                FunctionCallFromLLM(
                    function_name=name, tool_call_id=name, arguments={}, context=context
                )
                for name in functions
            ]
        )


@pytest.mark.parametrize(
    "functions", [("note", "go"), ("go", "note"), ("go", "get_hours"), ("get_hours", "go")]
)
async def test_of_functions_called_at_once_any_may_lead_to_the_next_node(
    functions: Sequence[str],
) -> None:
    async def note(flow_manager: FlowManager) -> Any:
        """Note it."""
        await asyncio.sleep(1)
        return {"noted": True}, None

    async def go(flow_manager: FlowManager) -> Any:
        """Go on."""
        return {"went": True}, time_node()

    async def get_hours(params: FunctionCallParams) -> None:
        """Tell when we are open."""
        await asyncio.sleep(1)
        await params.result_callback("from six to eleven")

    call = await Call(
        {**party_node(), "functions": [note, go], "respond_immediately": False},
        lines=["do it"],
        llm=Calls(functions),
        tools=[get_hours],
    ).run(silence(0.5), speech(1), silence(6))
    assert call.worker.flow
    assert call.worker.flow.current_node == "time"
    assert call.voice.said == ["Ask when."]


async def test_a_transition_that_is_overtaken_takes_no_answer_with_it() -> None:
    async def go(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node()

    async def wait(params: FunctionCallParams) -> None:
        """Wait, unless the caller says something."""
        await asyncio.Event().wait()

    call = Call(
        {**party_node(), "functions": [go], "respond_immediately": False},
        lines=["do it", "no wait listen to me", "and when are you open"],
        llm=Calls(("go", "wait"), ("get_hours",)),
        tools=[wait, get_hours],
    )
    flow = call.worker.flow
    assert flow
    elsewhere: Any = {**party_node(), "name": "elsewhere", "respond_immediately": False}
    asyncio.get_running_loop().call_later(
        6, lambda: asyncio.ensure_future(flow.set_node_from_config(elsewhere))
    )
    await call.run(
        silence(0.5), speech(1), silence(1.5), speech(1.5), silence(4), speech(1), silence(5)
    )
    assert flow.current_node == "elsewhere"
    assert call.voice.said[-1] == '"from six to eleven"'


@pytest.mark.parametrize("flow", [party_node, None])
async def test_a_summary_takes_neither_the_task_of_the_node_nor_the_language(flow: Any) -> None:
    def reply(body: dict[str, Any]) -> str:
        return "We have crab, and other things that are long to tell."

    async with OpenAIServer(script=reply) as server:
        llm = OpenAILLMService(base_url=server.url, api_key="loopback")
        await Call(
            flow,
            lines=["what do you have"] * 6,
            llm=llm,
            languages=["en"],
            summary=LLMAutoContextSummarizationConfig(
                max_context_tokens=100,
                max_unsummarized_messages=None,
                summary_config=LLMContextSummaryConfig(
                    target_context_tokens=50, min_messages_after_summary=2
                ),
            ),
        ).run(silence(6), *(each for _ in range(6) for each in (speech(1), silence(7))))
        await close_client(llm)
    asked = [each["messages"] for each in server.requests if each.get("stream")]
    told = [m["content"] for m in asked[-1] if m["role"] == "developer"]
    assert len(asked) > len([m for m in asked[-1] if m["role"] == "user"])
    assert set(told) == {
        "The caller speaks English. Answer in English.",
        *(["Ask how many."] if flow else []),
    }
    assert len(told) == len(set(told))
