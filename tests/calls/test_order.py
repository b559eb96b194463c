"""What is composed in the wrong order is told in one line at the start, and the call goes on."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from loguru import logger
from pipecat.frames.frames import EndFrame, LLMRunFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.latency import APOLOGY
from antiphon.processors import (
    Apology,
    Filler,
    Interruption,
    PIIRedactor,
    SentenceAggregator,
)
from antiphon.processors.redaction import Policy, RedactingRTVIProcessor, guard_logs
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time


@dataclass
class Parts:
    """What a bot is made of."""

    given: bool = True
    transport: MemoryTransport = field(default_factory=MemoryTransport)
    interruption: Interruption = field(default_factory=Interruption)
    stt: FakeSTT = field(default_factory=lambda: FakeSTT(script=()))
    llm: FakeLLM = field(default_factory=lambda: FakeLLM(script=["It is open, I think."]))
    tts: FrameProcessor = field(default_factory=FakeTTS)
    sentences: SentenceAggregator = field(default_factory=SentenceAggregator)

    def __post_init__(self) -> None:
        params = LLMUserAggregatorParams(
            user_turn_strategies=self.interruption.turn_strategies() if self.given else None
        )
        pair = LLMContextAggregatorPair(LLMContext(), user_params=params)
        self.user, self.assistant = pair.user(), pair.assistant()
        self.source, self.sink = self.transport.input(), self.transport.output()
        self.gate = self.interruption.playback


@pytest.fixture
def told(no_guard: None) -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}", level="WARNING")
    yield lines
    logger.remove(sink)


async def run(parts: Parts, processors: list[FrameProcessor], **options: Any) -> int:
    """Let the bot speak first; return how many pieces of its voice were heard."""
    worker = PipelineWorker(Pipeline(processors), **{"enable_rtvi": False, **options})
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await parts.transport.connect()
    await worker.queue_frame(LLMRunFrame())
    await asyncio.sleep(4)
    await worker.queue_frame(EndFrame())
    await running
    return sum(any(chunk.pcm) for chunk in parts.transport.played)


def bot(p: Parts) -> list[FrameProcessor]:
    return [p.source, p.stt, p.user, p.llm, p.sentences, p.tts, p.gate, p.sink, p.assistant]


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ("llm sentences gate tts sink", "move PlaybackGate behind FakeTTS; "),
        ("llm sentences tts sink gate", "move PlaybackGate before MemoryOutput; "),
        ("llm tts sentences gate sink", "move SentenceAggregator before FakeTTS; "),
        ("sentences llm tts gate sink", "move SentenceAggregator behind FakeLLM; "),
        (
            "llm sentences tts assistant gate sink",
            "move PlaybackGate before LLMAssistantAggregator; ",
        ),
        ("llm sentences tts sink", "put interruption.playback behind the TTS service, before "),
    ],
)
async def test_one_line_names_what_to_move_where_and_the_agent_is_heard(
    order: str, line: str, told: list[str]
) -> None:
    parts = Parts()
    names = f"source stt user {order}".split()
    names += [] if "assistant" in names else ["assistant"]
    heard = await run(parts, [getattr(parts, name) for name in names])
    assert heard > 20
    [only] = told
    assert line in re.sub(r"#\d+", "", only)
    assert only.count("\n") == 1


async def test_strategies_that_were_forgotten_are_told(told: list[str]) -> None:
    parts = Parts(given=False)
    assert await run(parts, bot(parts)) > 20
    [only] = told
    assert "user_turn_strategies=interruption.turn_strategies()" in only


def misplaced(part: FrameProcessor, *, voice_first: bool) -> list[FrameProcessor]:
    llm, tts = FakeLLM(script=()), FakeTTS()
    return [llm, tts, part] if voice_first else [llm, part, tts]


@pytest.mark.parametrize(
    ("make", "voice_first", "line"),
    [
        (Filler, True, "move Filler before FakeTTS; "),
        (Apology, True, "move Apology before FakeTTS; "),
        (lambda: Apology(recording=APOLOGY), False, "move Apology behind FakeTTS; "),
    ],
)
async def test_every_processor_that_has_a_place_tells(
    make: Callable[[], FrameProcessor], voice_first: bool, line: str, told: list[str]
) -> None:
    for wrong in (True, False):
        told.clear()
        parts = Parts()
        between = misplaced(make(), voice_first=voice_first is wrong)
        await run(parts, [parts.source, *between, parts.sink])
        lines = [re.sub(r"#\d+", "", each) for each in told]
        assert [each for each in lines if each.startswith(line)] == lines[: int(wrong)]
        assert len(lines) == int(wrong)


@pytest.mark.parametrize(("strict", "heard"), [(False, True), (True, False)])
async def test_a_redactor_behind_the_context_is_told_and_a_strict_one_ends_the_call(
    strict: bool, heard: bool, told: list[str]
) -> None:
    guard_logs()
    parts, policy = Parts(), Policy(strict=strict)
    processors = bot(parts)
    processors.insert(3, PIIRedactor(policy=policy))
    processors.insert(5, PIIRedactor(policy=policy))
    played = await run(parts, processors, rtvi_processor=RedactingRTVIProcessor())
    [line] = [re.sub(r"#\d+", "", each) for each in told if "personal" in each]
    assert line.endswith(" an unguarded way: transcripts: put a PIIRedactor after FakeSTT\n")
    assert (played > 20) is heard


def branched(p: Parts) -> list[FrameProcessor]:
    speaks: list[FrameProcessor] = [p.llm, p.sentences, p.tts]
    looks_on: list[FrameProcessor] = [FakeLLM(script=()), FakeTTS()]
    return [p.source, p.stt, p.user, ParallelPipeline(speaks, looks_on), p.gate, p.sink]


def gated_in_a_branch(p: Parts) -> list[FrameProcessor]:
    speaks: list[FrameProcessor] = [p.sentences, p.tts, p.gate, p.sink]
    return [p.source, p.stt, p.user, p.llm, ParallelPipeline([FakeTTS()], speaks), p.assistant]


def two_voices(p: Parts) -> list[FrameProcessor]:
    switch = ServiceSwitcher([p.tts, FakeTTS()])
    return [p.source, p.stt, p.user, p.llm, p.sentences, switch, p.gate, p.sink, p.assistant]


def in_pieces(p: Parts) -> list[FrameProcessor]:
    ears, brain = Pipeline([p.source, p.stt]), Pipeline([p.user, p.llm])
    return [ears, brain, Pipeline([p.sentences, p.tts, p.gate, p.sink]), p.assistant]


def without_a_voice(p: Parts) -> list[FrameProcessor]:
    return [p.source, p.user, p.llm, p.sentences, p.gate, p.sink]


@pytest.mark.parametrize(
    "compose", [bot, branched, gated_in_a_branch, two_voices, in_pieces, without_a_voice]
)
async def test_a_pipeline_in_its_order_is_silent(
    compose: Callable[[Parts], list[FrameProcessor]], told: list[str]
) -> None:
    parts = Parts()
    await run(parts, compose(parts))
    assert told == []


@pytest.mark.parametrize("outbound", [False, True])
async def test_what_an_agent_composes_is_silent(outbound: bool, told: list[str]) -> None:
    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=FakeSTT(script=()),
        llm=FakeLLM(script=()),
        tts=FakeTTS(),
        voicemail="Please call back.",
        redaction=Policy.preset("gdpr"),
    )
    worker = agent.worker(transport, outbound=outbound)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    await asyncio.sleep(1)
    await transport.disconnect()
    await running
    assert told == []
