"""The record of a call with a model that speaks itself, and the examples of one."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.lines.babble import speech_pcm
from antiphon.simulation.recording import CallRecorder
from antiphon.simulation.vendors.openai_realtime import OpenAIRealtimeServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports import MemoryTransport

GREETING = "Hello, this is the harbour office, and every ferry runs on time today."


@pytest.mark.virtual_time
async def test_a_record_tells_what_was_heard_of_a_model_that_speaks_itself() -> None:
    async with OpenAIRealtimeServer(heard=["Wait."], script=[GREETING, "Yes, please?"]) as server:
        agent = VoiceAgent(
            greeting=GREETING,
            realtime=lambda: OpenAIRealtimeLLMService(api_key="any", base_url=server.url),
            turns=TurnSettings(silence_secs=0.4),
        )
        transport = MemoryTransport()
        recorder = CallRecorder(transport, title="The harbour office")
        voice = np.frombuffer(speech_pcm(1.6), "<i2")
        caller = Caller(
            transport,
            [Say(text="wait", audio=voice, after="agent_starts", after_secs=1.5), HangUp()],
            listeners=[recorder],
        )
        await simulate_call(caller, agent.worker(transport, observers=[*recorder.observers]))
        greeted, answered = recorder.record().turns
    assert greeted.agent
    assert GREETING.startswith(greeted.agent.heard.removesuffix(" —"))
    assert "harbour" in greeted.agent.heard
    assert greeted.agent.unheard.endswith("on time today.")
    assert answered.agent
    assert answered.agent.heard == "Yes, please?"


@pytest.mark.system
def test_the_weather_is_looked_up_by_a_model_that_speaks_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
    transcript = run_virtual(import_module("weather_realtime").call())
    agent = [line["text"] for line in transcript if line["who"] == "agent"]
    (tool,) = [line for line in transcript if line["who"] == "tool"]
    assert agent[1] == "Let me see. Yes, it will rain in Bergen until the evening."
    assert agent[-1] == "Goodbye."
    assert tool["arguments"] == {"city": "Bergen"}


@pytest.mark.system
# The Deepgram SDK uses names that its websockets library has deprecated.
@pytest.mark.filterwarnings("ignore:websockets.*deprecated:DeprecationWarning")
def test_a_pipeline_and_a_model_that_speaks_itself_answer_the_same_utterances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
    example = import_module("pipeline_or_realtime")
    few = dict([*example.CONVERSATION.items()][:3])
    monkeypatch.setattr(example, "CONVERSATION", few)
    made = [run_virtual(example.call(make)) for make in (example.pipeline, example.realtime)]
    for figures, vendors in zip(
        made, [{"cartesia", "deepgram", "openai"}, {"openai"}], strict=True
    ):
        assert len(figures.ttfa_secs) == len(figures.turn_secs) == len(few)
        assert figures.turn_secs == pytest.approx(figures.ttfa_secs, abs=0.1)
        # Turn taking and the model, and little else.
        assert all(0.9 < secs < 1.5 for secs in figures.ttfa_secs)
        assert figures.dollars.keys() == vendors
        assert all(figures.dollars.values())
    assert "cost a minute" in example.table(("pipeline", made[0]), ("realtime", made[1]))
