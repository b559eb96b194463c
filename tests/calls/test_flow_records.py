"""What is told and kept of a conversation in nodes, and what of it is personal."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pipecat.flows import (
    TRANSITION_IN_YAML,
    Flow,
    FlowConfig,
    FlowManager,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.export.jsonl import turn_record
from antiphon.processors.latency.export.prometheus import prometheus_text
from antiphon.processors.redaction import Policy
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import Reply, ToolCall
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.recording import CallRecorder
from antiphon.transports import MemoryTransport

from .flows import ASKS, Call, Model, get_hours, leading_to, party_node, task, time_node

pytestmark = pytest.mark.virtual_time


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
    transition = leading_to({"task_messages": task("Say goodbye.")})
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


@pytest.mark.parametrize(("name", "told"), [(5, "5"), (None, "unnamed"), ("", "unnamed")])
async def test_a_node_is_entered_whatever_it_is_called(name: Any, told: str) -> None:
    transition = leading_to(time_node(name=name))
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
