"""What an agent's pipeline does in somebody else's worker, and what it is told to lack."""

from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from pipecat.frames.frames import ErrorFrame
from pipecat.pipeline.worker import PipelineWorker

from antiphon.pipeline import VoiceAgent
from antiphon.processors import LatencyObserver
from antiphon.processors.redaction.guards.logs import logs_guarded
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import Failure, FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

CARD = "4539 1488 0343 6467"


@pytest.fixture
def told() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}", level="INFO")
    yield lines
    logger.remove(sink)


def agent(**options: Any) -> VoiceAgent:
    return VoiceAgent(
        greeting="Good morning.",
        stt=FakeSTT(script=["are you open"]),
        llm=FakeLLM(script=[Failure(message=f"no card {CARD}"), "Yes."]),
        tts=FakeTTS(),
        **options,
    )


@pytest.mark.virtual_time
async def test_who_calls_a_plain_pipeline_is_greeted_and_ends_the_call(told: list[str]) -> None:
    transport = MemoryTransport()
    worker = PipelineWorker(agent().pipeline(transport), enable_rtvi=False)
    errors: list[str] = []

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(_: PipelineWorker, frame: ErrorFrame) -> None:
        errors.append(frame.error)

    await simulate_call(Caller(transport, [Say(text="are you open"), HangUp()]), worker)

    first = min(chunk.at_secs for chunk in transport.played if any(chunk.pcm))
    assert first < 1.0
    assert worker.has_finished()
    assert errors
    assert "1488" not in str(errors)
    assert logs_guarded()
    assert "A pipeline alone: no wait is measured or cut short" in "".join(told)


def lacks(told: list[str]) -> str:
    return "".join(line for line in told if "A pipeline alone" in line)


class Line(MemoryTransport):
    """A transport that is a telephone's."""

    line_rate_hz = 8000

    def use_fast_path(self, **_: Any) -> None: ...


def test_what_a_pipeline_lacks_without_our_worker_is_told_in_one_line(told: list[str]) -> None:
    agent().pipeline(Line())
    [line] = lacks(told).splitlines()
    assert "pipeline(transport, latency=observer)" in line
    assert "audio_in_sample_rate=8000" in line
    assert line.endswith("VoiceAgent.worker() has all of it.")


def test_nothing_is_told_where_nothing_is_lacking(told: list[str]) -> None:
    agent().pipeline(MemoryTransport(), latency=LatencyObserver())
    agent(latency=None).pipeline(MemoryTransport())
    agent().worker(MemoryTransport())
    agent().worker(Line())
    assert lacks(told) == ""
