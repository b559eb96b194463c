"""A table is booked, in nodes of Pipecat Flows: how many, when, the terms, and goodbye.

`python examples/reservation_flow.py` calls it: without a key a caller and all services are
simulated, and OpenAI is a server on loopback. With the keys of Deepgram, OpenAI and Cartesia in the
environment they are the vendors' own. Needs
`pip install 'antiphon[simulation,deepgram,openai,cartesia]'`.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from pipecat.flows import TRANSITION_IN_YAML, Flow, FlowConfig, FlowManager
from pipecat.services.openai.llm import OpenAILLMService

from antiphon.core.reaching_in import close_client
from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.services import EspeakTTSService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeSTT
from antiphon.simulation.recording import CallRecorder, transcript_lines
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import MemoryTransport

FLOW = """
initial_node: party
nodes:
  party:
    role_message: You take reservations for the Blue Crab, a restaurant.
    pre_actions: [{type: tts_say, text: "The Blue Crab, good evening."}]
    task_messages: [{role: developer, content: Ask for how many people the table is.}]
    functions: [{name: note_party, transition_to: time}]
  time:
    task_messages: [{role: developer, content: "It is for {{ people }}. Ask when they come."}]
    functions:
      - name: find_table
        transition_to: {field: status, cases: {free: terms, full: time}}
  terms:
    # What is said here is heard to its end.
    pre_actions: [{type: uninterruptible}]
    task_messages:
      - role: developer
        content: Say that the table is kept for ten minutes, and ask whether that is all right.
    functions:
      - {name: agree, transition_only: true, description: They agree., transition_to: booked}
  booked:
    context_strategy: reset
    task_messages:
      - {role: developer, content: "A table for {{ people }} at {{ time }} is booked. Say goodbye."}
    post_actions: [{type: end_conversation}]
"""


async def note_party(flow_manager: FlowManager, people: int) -> Any:
    """Note how many people come.

    Args:
        flow_manager: Pipecat's.
        people: How many.
    """
    flow_manager.state["people"] = people
    return {"people": people}, TRANSITION_IN_YAML


async def find_table(flow_manager: FlowManager, time: str) -> Any:
    """Look for a free table.

    Args:
        flow_manager: Pipecat's.
        time: When they want to come, such as "20:00".
    """
    await asyncio.sleep(0.3)
    flow_manager.state["time"] = time
    return {"status": "full" if time == "19:00" else "free"}, TRANSITION_IN_YAML


HANDLERS = {"note_party": note_party, "find_table": find_table}

# What the simulated caller says, and what a model would answer in the end.
SCRIPT: Sequence[tuple[str, Sequence[Any]]] = [
    ("", ["For how many people?"]),
    (
        "a table for four people please",
        [{"tool": "note_party", "arguments": {"people": 4}}, "And at what time?"],
    ),
    (
        "at seven in the evening",
        [
            {"tool": "find_table", "arguments": {"time": "19:00"}},
            "We are full at seven. Would another time do?",
        ],
    ),
    (
        "then at eight",
        [
            {"tool": "find_table", "arguments": {"time": "20:00"}},
            "At eight there is one. We keep the table for ten minutes. Is that all right?",
        ],
    ),
    ("yes that is fine", [{"tool": "agree"}, "Booked. We see you at eight. Goodbye!"]),
]
LINES = [line for line, _ in SCRIPT[1:]]


def make_agent(**services: Any) -> VoiceAgent:
    """Make the agent.

    Args:
        **services: `stt`, `llm` and `tts`, or what else `VoiceAgent` takes.
    """
    return VoiceAgent(flow=Flow(FlowConfig.from_yaml(FLOW), handlers=HANDLERS), **services)


async def call(agent: VoiceAgent) -> list[Any]:
    """Call an agent, and return the transcript.

    Args:
        agent: Who is called.
    """
    transport = MemoryTransport()
    recorder = CallRecorder(transport, title="A table for four")
    script = [*(Say(text=line) for line in LINES), HangUp(after_secs=3.0)]
    caller = Caller(transport, script, listeners=[recorder])
    await simulate_call(caller, agent.worker(transport, observers=[*recorder.observers]))
    return transcript_lines(recorder.record())


async def simulated() -> list[Any]:
    """Call it where everything is simulated."""
    replies = [reply for _, each in SCRIPT for reply in each]
    async with OpenAIServer(script=replies) as server:
        llm = OpenAILLMService(base_url=server.url, api_key="loopback")
        agent = make_agent(
            stt=FakeSTT(script=LINES),
            llm=llm,
            tts=EspeakTTSService(),
            turns=TurnSettings(silence_secs=0.4),
        )
        try:
            return await call(agent)
        finally:
            await close_client(llm)


if __name__ == "__main__":
    keys = ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "CARTESIA_API_KEY")
    if all(os.environ.get(key) for key in keys):
        lines = asyncio.run(call(make_agent(stt="deepgram", llm="openai", tts="cartesia")))
    else:
        lines = run_virtual(simulated())
    print(*lines, sep="\n")
