"""A conversation in nodes keeps to what holds for every call."""

import asyncio
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.flows import (
    TRANSITION_IN_YAML,
    ContextStrategy,
    ContextStrategyConfig,
    Flow,
    FlowArgs,
    FlowConfig,
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
from antiphon.pipeline import CallWorker, LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.latency import TurnLatency, WatchdogLimits
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.export.jsonl import turn_record
from antiphon.processors.latency.export.prometheus import prometheus_text
from antiphon.processors.redaction import Policy
from antiphon.services.scripted.answering import AnsweringLLMService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.behaviour import Latency
from antiphon.simulation.fakes.llm import Reply, ToolCall
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.recording import CallRecorder
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

RESET = ContextStrategyConfig(strategy=ContextStrategy.RESET)


class Model(FakeLLM):
    """Notes what it reads, which tools it is offered, and which role it has."""

    def __init__(self, *script: Reply, first_token_secs: float = 0.3) -> None:
        replies = iter(script)

        def reply(context: LLMContext) -> Reply:
            self.contexts.append(list(context.get_messages()))
            tools = context.tools if isinstance(context.tools, ToolsSchema) else None
            self.tools.append([tool.name for tool in tools.standard_tools] if tools else [])
            return next(replies, "")

        super().__init__(script=reply, latency=Latency(median=first_token_secs))
        self.contexts: list[list[Any]] = []
        self.tools: list[list[str]] = []


class Voice(FakeTTS):
    """Notes what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    async def run_tts(self, text: str, context_id: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.said.append(text)
        async for frame in super().run_tts(text, context_id):
            yield frame


def said_in(context: Sequence[Any], role: str) -> list[str]:
    return [m["content"] for m in context if m["role"] == role and m.get("content")]


class Call:
    """A call whose caller says what the script has, each as long after the beginning as it has."""

    def __init__(
        self,
        flow: Any,
        *replies: Reply,
        lines: Sequence[str] = (),
        first_token_secs: float = 0.3,
        **options: Any,
    ) -> None:
        self.llm, self.voice = Model(*replies, first_token_secs=first_token_secs), Voice()
        self.transport = MemoryTransport()
        settings: dict[str, Any] = {
            "latency": LatencySettings(fillers=(), apology=None),
            "turns": TurnSettings(silence_secs=0.4, reprompts=()),
            "redaction": None,
            "llm": self.llm,
            **options,
        }
        self.agent = VoiceAgent(
            flow=flow,
            stt=FakeSTT(script=list(lines), word_secs=0.2),
            tts=self.voice,
            **settings,
        )
        self.worker: CallWorker = self.agent.worker(
            self.transport, enable_rtvi=False, idle_timeout_secs=None
        )
        self.turns: list[TurnLatency] = []
        if self.worker.latency:
            self.worker.latency.add_event_handler("on_turn", lambda _, t: self.turns.append(t))

    async def run(self, *script: Any) -> "Call":
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        running = asyncio.create_task(runner.run())
        await self.transport.connect()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for item in sum(script, start=silence(0.1)):
            await asyncio.sleep(max(0.0, began + item.at - loop.time()))
            await self.transport.send_frame(item.frame)
        await self.worker.cancel()
        await running
        return self


def task(text: str) -> list[dict[str, Any]]:
    return [{"role": "developer", "content": text}]


async def to_time(flow_manager: FlowManager, people: int) -> Any:
    """Note how many come.

    Args:
        people: How many.
    """
    flow_manager.state["people"] = people
    return {"people": people}, time_node()


async def to_end(flow_manager: FlowManager, time: str) -> Any:
    """Note when.

    Args:
        time: When.
    """
    return None, {"name": "end", "task_messages": task("Say goodbye."), "functions": []}


def party_node() -> NodeConfig:
    return {
        "name": "party",
        "role_message": "You book tables.",
        "task_messages": task("Ask how many."),
        "functions": [to_time],
    }


def time_node(**more: Any) -> NodeConfig:
    node: Any = {
        "name": "time",
        "task_messages": task("Ask when."),
        "functions": [to_end],
        **more,
    }
    return node  # type: ignore[no-any-return]


LONG = "One two three four five six seven eight nine ten eleven twelve."

ASKS = ("For how many?", ToolCall(name="to_time", arguments={"people": 4}), "At what time?")


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


async def test_an_interruption_of_what_a_transition_says_loses_no_node() -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(pre_actions=[{"type": "tts_say", "text": LONG}])

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        "As you like.",
        lines=["four of us", "no wait listen to me"],
    ).run(silence(4), speech(1), silence(2.5), speech(2), silence(6))
    assert call.worker.flow
    assert call.worker.flow.current_node == "time"
    assert call.llm.tools[-1] == ["to_end"]
    assert call.voice.said[-1] == "At what time?"
    # One answer to what was said over it, and not one before that.
    assert len(call.llm.contexts) == 3
    users = said_in(call.llm.contexts[-1], "user")
    assert users == ["four of us", "no wait listen to me"]


@pytest.mark.parametrize(("function_secs", "text"), [(0.0, LONG), (2.0, "")])
async def test_a_voice_without_words_over_a_transition_leaves_no_silence(
    function_secs: float, text: str
) -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        await asyncio.sleep(function_secs)
        return None, time_node(pre_actions=[{"type": "tts_say", "text": text}] if text else [])

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        lines=["four of us", ""],
        interruption=None,
    ).run(silence(4), speech(1), silence(2.0), speech(2), silence(6))
    assert call.voice.said == ["For how many?", *([text] if text else []), "At what time?"]
    assert len(call.llm.contexts) == 3


@pytest.mark.parametrize("stalls", [False, True])
@pytest.mark.parametrize("where", ["pre_actions", "post_actions"])
async def test_an_action_that_fails_leaves_the_call_going_on(where: str, stalls: bool) -> None:
    async def fails(action: Any, flow_manager: FlowManager) -> None:
        if stalls:
            await asyncio.Event().wait()
        raise RuntimeError("no connection")

    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(**{where: [{"type": "function", "handler": fails}]})

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


async def get_hours(params: FunctionCallParams) -> None:
    """Tell when we are open."""
    await params.result_callback("from six to eleven")


async def leave(flow_manager: FlowManager) -> Any:
    """End the call."""
    return None, {
        "name": "bye",
        "task_messages": task("Say goodbye."),
        "post_actions": [{"type": "end_conversation"}],
    }


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
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(context_strategy=RESET)

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


async def test_what_was_heard_of_a_node_is_kept_when_its_speech_is_cut() -> None:
    story = "We are open from six to eleven every day but Sunday, when the cook goes fishing."
    call = await Call(
        {**party_node(), "functions": [to_time]},
        story,
        ToolCall(name="to_time", arguments={"people": 4}),
        "At what time?",
        lines=["stop we are four people"],
    ).run(silence(2.5), speech(1.6), silence(8))
    assert call.voice.said[-1] == "At what time?"
    [cut] = said_in(call.llm.contexts[-1], "assistant")
    assert cut.endswith("—")
    assert story.startswith(cut.removesuffix("—").strip())


TERMS = "The table is kept for ten minutes, and a deposit is not paid back."


@pytest.mark.parametrize(("action", "then_secs"), [([], 3.5), ([{"type": "uninterruptible"}], 4.5)])
async def test_a_node_may_be_said_to_its_end_and_the_next_is_cut_as_ever(
    action: list[Any], then_secs: float
) -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(pre_actions=action)

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        TERMS,
        ToolCall(name="to_end", arguments={"time": "eight"}),
        LONG,
        "Yes?",
        lines=["four of us", "no wait listen to me", "stop it stop it please"],
    ).run(
        silence(4),
        speech(1),
        silence(3.0),
        speech(1.6),
        silence(then_secs),
        speech(1.6),
        silence(8),
    )
    texts = said_in(call.llm.contexts[3], "assistant")
    assert (TERMS in texts) == bool(action)
    assert said_in(call.llm.contexts[-1], "assistant")[-1].endswith("—")


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
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(role_message="You are in a hurry.")

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


CARD = "4539148803436467"
SPOKEN = "it is four five three nine one four eight eight oh three four three six four six seven"
HOTLINE = "415 555 0142"
PAYING = f"""
initial_node: party
nodes:
  party:
    task_messages: [{{role: developer, content: Ask for the number.}}]
    functions: [{{name: pay, transition_to: paid}}]
  paid:
    role_message: You thank people. Our phone is {HOTLINE}.
    task_messages:
      - {{role: developer, content: "Card {{{{ card }}}} is charged."}}
      - {{role: developer, content: Our phone is {HOTLINE}.}}
"""


async def test_a_function_has_what_the_policy_gives_it_and_the_model_reads_what_it_may() -> None:
    given: list[str] = []

    async def pay(flow_manager: FlowManager, card: str) -> Any:
        """Take a deposit.

        Args:
            card: The number.
        """
        given.append(card)
        flow_manager.state["card"] = card
        return {"charged": card}, TRANSITION_IN_YAML

    seen: list[str] = []

    def reply(context: LLMContext) -> Reply:
        seen.append(str(context.get_messages()))
        match len(seen):
            case 1:
                return "What is the number?"
            case 2:
                [placeholder, *_] = re.findall(r"<CARD_\w+>", seen[-1])
                return ToolCall(name="pay", arguments={"card": placeholder})
            case 3:
                return ToolCall(name="get_hours")
            case _:
                return "Thank you."

    roles: list[str] = []

    class Roles(FakeLLM):
        async def _update_settings(self, delta: Any) -> Any:
            roles.append(str(delta.system_instruction))
            return await super()._update_settings(delta)

    transport = MemoryTransport()
    agent = VoiceAgent(
        flow=Flow(FlowConfig.from_yaml(PAYING), handlers={"pay": pay}),
        stt=FakeSTT(script=[SPOKEN]),
        llm=Roles(script=reply),
        tts=FakeTTS(),
        tools=[get_hours],
        turns=TurnSettings(silence_secs=0.4),
        redaction=Policy(default="redact", tools={"pay": ["CREDIT_CARD"]}),
    )
    caller = Caller(transport, [Say(text=SPOKEN), HangUp()])
    await simulate_call(caller, agent.worker(transport, enable_rtvi=False))
    assert given == [CARD]
    assert len(seen) == 4
    assert CARD not in str(seen)
    assert "is charged" in seen[2]
    # What the developer wrote is nobody's secret, in whatever frame it comes to the model.
    assert HOTLINE in seen[2]
    assert HOTLINE in seen[3]
    assert roles[-1] == f"You thank people. Our phone is {HOTLINE}."


async def test_a_wait_is_told_with_the_node_in_which_the_caller_spoke() -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, {"task_messages": task("Say goodbye.")}

    stats = LatencyStats()
    call = Call(
        party_node,
        *ASKS,
        ToolCall(name="transition"),
        "Goodbye.",
        lines=["four of us", "goodbye"],
        tools=[transition],
    )
    assert call.worker.latency
    await call.run(silence(4), speech(1), silence(5), speech(1), silence(5))
    assert [turn.node for turn in call.turns] == ["party", "party", "time"]
    assert call.worker.latency.nodes.current == "unnamed"
    assert turn_record(call.turns[-1], call_id="c")["node"] == "time"
    for turn in call.turns:
        stats.add_turn(turn, at=0.0)
    assert stats.nodes() == ["party", "time"]
    assert [stats.percentiles(node=node).count for node in ("party", "time", None)] == [1, 1, 2]
    told = prometheus_text(stats=stats).decode()
    assert 'antiphon_node_ttfa_seconds_count{node="time",transport="memory"} 1.0' in told
    assert 'antiphon_latency_seconds_count{model="",provider="",stage="ttfa",' in told
    assert 'stage="ttfa",transport="memory"} 2.0' in told


@pytest.mark.system
async def test_the_example_books_a_table_at_the_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
    lines = await import_module("reservation_flow").simulated()
    agent = [line["text"] for line in lines if line["who"] == "agent"]
    assert agent == [
        "The Blue Crab, good evening. For how many people?",
        "And at what time?",
        "We are full at seven. Would another time do?",
        "At eight there is one. We keep the table for ten minutes. Is that all right?",
        "Booked. We see you at eight. Goodbye!",
    ]


async def test_a_caller_who_leaves_in_the_first_words_of_a_node_ends_the_call_at_once() -> None:
    call = Call({**party_node(), "pre_actions": [{"type": "tts_say", "text": LONG}]})
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(call.worker)
    running = asyncio.create_task(runner.run())
    await call.transport.connect()
    await asyncio.sleep(1.5)
    left_at = asyncio.get_running_loop().time()
    await call.transport.disconnect()
    await running
    assert asyncio.get_running_loop().time() - left_at < 0.5
    assert call.worker.stuck in ((), [])


async def test_a_node_that_ends_the_call_takes_its_leave_of_a_caller_who_speaks() -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(2)
        return await leave(flow_manager)

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "Goodbye.",
        lines=["four of us", "and it should be at eight please"],
    ).run(silence(4), speech(1), silence(2.0), speech(2.5), silence(8))
    assert call.voice.said == ["For how many?", "Goodbye."]


async def test_the_next_node_waits_for_a_caller_who_speaks() -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(2)
        return None, time_node()

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "At eight then.",
        lines=["four of us", "and it should be at eight please"],
    ).run(silence(4), speech(1), silence(2.0), speech(2.5), silence(8))
    assert call.voice.said == ["For how many?", "At eight then."]
    assert said_in(call.llm.contexts[-1], "user")[-1] == "and it should be at eight please"
    assert len(call.llm.contexts) == 3


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


@pytest.mark.parametrize("before", [[], [{"type": "uninterruptible"}]])
async def test_what_the_next_node_says_first_is_not_said_against_a_caller_who_speaks(
    before: list[Any],
) -> None:
    async def slow(flow_manager: FlowManager) -> Any:
        """Look it up."""
        await asyncio.sleep(2)
        return None, time_node(pre_actions=[*before, {"type": "tts_say", "text": TERMS}])

    call = await Call(
        {**party_node(), "functions": [slow]},
        "For how many?",
        ToolCall(name="slow"),
        "At eight then.",
        lines=["four of us", "and it should be at eight please"],
    ).run(silence(4), speech(1), silence(2.0), speech(2.5), silence(12))
    assert call.voice.said == ["For how many?", "At eight then.", TERMS]
    # One answer, with the functions of the node that is entered.
    assert call.llm.tools == [["slow"], ["slow"], ["to_end"]]


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


async def test_a_node_that_cannot_be_entered_leaves_the_one_before_interruptible() -> None:
    def fails(action: Any, flow_manager: FlowManager) -> None:
        raise RuntimeError("no connection")

    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(
            pre_actions=[{"type": "uninterruptible"}, {"type": "ring", "handler": fails}]
        )

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        LONG,
        "Yes?",
        lines=["four of us", "no wait listen to me"],
    ).run(silence(4), speech(1), silence(2.5), speech(1.6), silence(8))
    assert said_in(call.llm.contexts[-1], "assistant")[-1].endswith("—")


@pytest.mark.parametrize(("name", "told"), [(5, "5"), (None, "unnamed"), ("", "unnamed")])
async def test_a_node_is_entered_whatever_it_is_called(name: Any, told: str) -> None:
    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, time_node(name=name)

    call = await Call(
        {**party_node(), "functions": [transition]},
        "For how many?",
        ToolCall(name="transition"),
        "At what time?",
        "At eight.",
        lines=["four of us", "at eight"],
    ).run(silence(4), speech(1), silence(4), speech(1), silence(4))
    assert call.turns[-1].node == told


async def test_the_record_of_a_call_tells_the_nodes() -> None:
    transport = MemoryTransport()
    recorder = CallRecorder(transport, title="A table")
    agent = VoiceAgent(
        flow=party_node,
        stt=FakeSTT(script=["four of us", "at eight"]),
        llm=Model(*ASKS, "At eight then."),
        tts=FakeTTS(),
        turns=TurnSettings(silence_secs=0.4),
    )
    caller = Caller(
        transport, [Say(text="four of us"), Say(text="at eight"), HangUp()], listeners=[recorder]
    )
    await simulate_call(
        caller, agent.worker(transport, enable_rtvi=False, observers=[*recorder.observers])
    )
    assert [turn.node for turn in recorder.record().turns] == ["party", "party", "time"]


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


@pytest.mark.parametrize("how", [{}, {"interruption": None}])
@pytest.mark.parametrize("over_secs", [0.0, 0.4, 2.0])
async def test_a_caller_who_speaks_over_a_goodbye_hears_it_and_the_call_ends_behind_it(
    over_secs: float, how: dict[str, Any]
) -> None:
    call = Call(
        {**party_node(), "functions": [leave]},
        "For how many?",
        ToolCall(name="leave"),
        LONG,
        "What else?",
        lines=["none of us", "wait there is something else"],
        **how,
    )
    ended: list[float] = []
    loop = asyncio.get_running_loop()

    async def note_end(*_: Any) -> None:
        ended.append(loop.time() - began)

    call.worker.add_event_handler("on_pipeline_finished", note_end)
    began = loop.time()
    await call.run(silence(3), speech(1), silence(0.9 + over_secs), speech(1.6), silence(10))
    [secs] = ended
    assert secs < 12
    assert said_in(call.llm.contexts[-1], "user")[0] == "none of us"
    assert call.worker.flow
    assert LONG in said_in(call.worker.flow.get_current_context(), "assistant")
