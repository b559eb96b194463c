"""A voice agent is composed of plain Pipecat parts and answers who calls."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.pipeline.providers.kinds import MissingVariable
from antiphon.processors import PIIRedactor
from antiphon.processors.interruption import InterruptionSettings
from antiphon.processors.latency import Budgets
from antiphon.services import EspeakTTSService
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport


def test_an_agent_is_a_plain_pipecat_pipeline_in_the_order_of_a_call() -> None:
    pipeline = VoiceAgent().pipeline(MemoryTransport())
    assert isinstance(pipeline, Pipeline)
    names = [type(processor).__name__ for processor in pipeline.processors]
    order = [
        "MemoryInput",
        "PocketSphinxSTTService",
        "ListeningUserAggregator",
        "ScriptedLLMService",
        "EspeakTTSService",
        "MemoryOutput",
        "LastAggregator",
    ]
    assert [name for name in names if name in order] == order


def test_a_service_of_ones_own_takes_its_place() -> None:
    tts = EspeakTTSService()
    assert tts in VoiceAgent(tts=tts).pipeline(MemoryTransport()).processors


def test_what_a_named_service_lacks_is_said_as_the_agent_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    with pytest.raises(MissingVariable, match="DEEPGRAM_API_KEY"):
        VoiceAgent(stt="deepgram")


def test_the_environment_is_read_once_for_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    agent = VoiceAgent(llm="openai")
    agent.pipeline(MemoryTransport())
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    agent.pipeline(MemoryTransport())
    with pytest.raises(MissingVariable, match="OPENAI_BASE_URL"):
        VoiceAgent(llm="openai")


def test_two_calls_of_an_agent_share_no_processor() -> None:
    agent = VoiceAgent()
    one, other = (agent.pipeline(MemoryTransport()).processors for _ in range(2))
    assert not set(one) & set(other)


def test_an_llm_that_cannot_judge_a_voicemail_box_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"voicemail='Hi' needs an LLM .* name another llm"):
        VoiceAgent(voicemail="Hi")


@pytest.mark.parametrize(
    ("group", "value", "told"),
    [
        ("turns", None, r"^turns=None: give TurnSettings\(…\)$"),
        ("turns", 0.4, "turns=0.4: give TurnSettings"),
        ("interruption", False, "interruption=False: give InterruptionSettings.* or None to be"),
        ("sentences", True, "sentences=True: give SentenceSettings.* or None to leave them to the"),
        ("latency", Budgets(), "latency=Budgets.*: give LatencySettings.* or None to measure"),
        ("summary", 8000, "summary=8000: give Pipecat's LLMAutoContextSummarizationConfig"),
        ("instructions", None, "instructions=None: give a text"),
        ("voice_rules", False, "voice_rules=False: give a text, or None"),
        ("greeting", ["Hello."], r"greeting=\['Hello.'\]: give a text, or None to let the"),
        ("tools", print, "tools=<built-in function print>: give a list of async functions"),
        ("tools", "look_up", "tools='look_up': give a list of async functions"),
        ("tools", ["look_up"], "tools: 'look_up' is no async function"),
        ("tools", [print], "tools: <built-in function print>: Direct function print must be async"),
        ("tools", [asyncio.sleep], "tools: <function sle.* parameter must be named 'params'"),
        ("voicemail", True, "voicemail=True: give a text, or None to talk to a box"),
        ("fast_path", None, "fast_path=None: give True or False"),
        ("pronunciations", None, "pronunciations=None: give words and how they sound"),
        ("pronunciations", ["Nguyen"], r"pronunciations=\['Nguyen'\]: give words and how"),
        ("pronunciations", {"Nguyen": None}, r"pronunciations: {'Nguyen': None}: give words"),
        ("pronunciations", {"": "win"}, r"pronunciations: {'': 'win'}: give words"),
        ("pronunciations", {"Nguyen": "//"}, r"pronunciations: {'Nguyen': '//'}: give words"),
        (
            "redaction",
            "strict",
            r"redaction='strict': give a Policy, .*preset\('strict'\), or None",
        ),
    ],
)
def test_what_is_no_settings_of_its_group_is_refused_in_one_line(
    group: str, value: object, told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        VoiceAgent(**{group: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("budgets", 1.0, r"budgets=1.0: give Budgets\(…\)"),
        ("limits", None, r"limits=None: give WatchdogLimits\(…\)"),
        ("fillers", "One moment", "fillers='One moment': give a list of texts"),
        ("fillers", None, "fillers=None: give a list of texts"),
        ("fillers", [3], r"fillers=\[3\]: give a list of texts"),
        ("apology", True, "apology=True: give the path of a WAV file, or None"),
    ],
)
def test_what_cannot_be_done_about_waiting_is_refused_in_one_line(
    setting: str, value: object, told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        LatencySettings(**{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("decision", None, r"decision is None: give DecisionSettings\(…\)"),
        ("playback", 0.25, r"playback is 0.25: give PlaybackSettings\(…\)"),
        ("enable_interruptions", "no", "enable_interruptions is 'no': give True or False"),
        ("side_effect_tools", "charge", "side_effect_tools is 'charge': give the names"),
        ("side_effect_tools", [print], "side_effect_tools is .*: give the names of functions"),
    ],
)
def test_what_interrupts_nobody_is_refused_in_one_line(
    setting: str, value: object, told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        InterruptionSettings(**{setting: value})  # type: ignore[arg-type]


async def test_who_connects_is_greeted_and_who_leaves_ends_the_call() -> None:
    transport = MemoryTransport()
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(VoiceAgent(greeting="Hello.").worker(transport))
    heard = asyncio.Event()

    @transport.event_handler("on_audio_played")
    async def on_audio_played(_: MemoryTransport, chunk: object) -> None:
        heard.set()

    call = asyncio.create_task(runner.run())
    await transport.connect()
    await asyncio.wait_for(heard.wait(), 10)
    await transport.disconnect()
    await asyncio.wait_for(call, 10)


async def test_a_connection_that_comes_back_is_not_greeted_again() -> None:
    said: asyncio.Queue[str] = asyncio.Queue()

    class Speech(BaseObserver):
        async def on_push_frame(self, data: FramePushed) -> None:
            if data.first_push and isinstance(data.frame, TTSSpeakFrame):
                said.put_nowait(data.frame.text)

    transport = MemoryTransport()
    worker = VoiceAgent(greeting="Hello.").worker(transport, observers=[Speech()])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    call = asyncio.create_task(runner.run())
    try:
        await transport.connect()
        assert await asyncio.wait_for(said.get(), 10) == "Hello."
        await transport.connect()
        # What the second connection may have caused was queued before these two have passed.
        for goodbye in ("Goodbye.", "Goodbye again."):
            await worker.queue_frame(TTSSpeakFrame(goodbye))
            assert await asyncio.wait_for(said.get(), 10) == goodbye
    finally:
        await transport.disconnect()
        await asyncio.wait_for(call, 10)


def flat(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    for inner in processor.processors:
        yield inner
        yield from flat(inner)


def test_no_way_out_of_a_composed_agent_is_left_unguarded() -> None:
    worker = VoiceAgent().worker(MemoryTransport())
    (redactor, *_) = (p for p in flat(worker.pipeline) if isinstance(p, PIIRedactor))
    assert redactor.check(worker) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tts": lambda: FakeLLM(script=())}, "is of the kind LLMService: give it as llm"),
        ({"pronunciations": {"Nguyen": "/wɪn/"}}, "FakeTTS cannot say 'Nguyen' by the phonemes"),
        ({"turns": TurnSettings(vad=lambda: None)}, r"turns\.vad returned None"),  # type: ignore[arg-type,return-value]
    ],
)
async def test_what_would_be_refused_in_each_call_is_told_before_the_first(
    options: dict[str, Any], told: str
) -> None:
    services = {"stt": lambda: FakeSTT(script=()), "llm": lambda: FakeLLM(script=())}
    agent = VoiceAgent(**{**services, "tts": FakeTTS, **options})
    with pytest.raises((TypeError, ValueError), match=told):
        await agent.warm_up()
