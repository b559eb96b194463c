"""Pipecat services that follow a script: no key, no network, the same every time."""

from antiphon.simulation.fakes.behaviour import Failure, Latency
from antiphon.simulation.fakes.llm import FakeLLM
from antiphon.simulation.fakes.stt import FakeSTT
from antiphon.simulation.fakes.tts import FakeTTS

__all__ = ["Failure", "FakeLLM", "FakeSTT", "FakeTTS", "Latency"]
