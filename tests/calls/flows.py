"""A call in nodes, whose parts note what they are given."""

import asyncio
from collections.abc import Sequence
from typing import Any

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.flows import (
    ContextStrategy,
    ContextStrategyConfig,
    FlowManager,
    NodeConfig,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import CallWorker, LatencySettings, TurnSettings, VoiceAgent
from antiphon.processors.latency import TurnLatency
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.behaviour import Latency
from antiphon.simulation.fakes.llm import Reply, ToolCall
from antiphon.simulation.frames import silence
from antiphon.transports import MemoryTransport

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


def leading_to(node: Any) -> Any:
    """A function by which the model goes on to a node."""

    async def transition(flow_manager: FlowManager) -> Any:
        """Go on."""
        return None, node

    return transition


LONG = "One two three four five six seven eight nine ten eleven twelve."


ASKS = ("For how many?", ToolCall(name="to_time", arguments={"people": 4}), "At what time?")


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


TERMS = "The table is kept for ten minutes, and a deposit is not paid back."
