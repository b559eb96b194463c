"""Logs, spans and snapshots hold nothing of what was said; an unguarded way out is named."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserverParams
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import (
    PIIRedactor,
    Policy,
    RedactingRecorder,
    RedactingRTVIProcessor,
    RedactingSpanExporter,
    guard_logs,
    scrub,
    scrub_value,
)
from antiphon.processors.redaction.core.tally import PROCESS, WAYS
from antiphon.processors.redaction.guards.check import UnguardedError

from .spans import shown

SPOKEN = "it is four five three nine um double eight, jo at example dot com"


@pytest.mark.parametrize(
    "line",
    [
        "STTService#0 finished in 0.123s",
        "frame TranscriptionFrame#12 at 2026-11-20T11:28:01.123+00:00",
        "retrying in 5 seconds",
        "Linking PipelineSource#0 -> RTVIProcessor#0",
        "VADParams(confidence=0.7, start_secs=0.2, stop_secs=0.8, min_volume=0.6)",
        "SileroVADAnalyzer#0: stop_secs=0.2 sample_rate=16000",
        "lane_count=12 st_index=4 frame.place=3 way=1",
    ],
)
def test_what_operators_need_stays_in_the_log(line: str) -> None:
    assert scrub(line) == line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("customer=4539148803436467", "<REDACTED>"),
        ("cvv=731 n=2", "<REDACTED> n=2"),
        ("call(number=4155550142)", "<REDACTED>"),
        ('said="i live at 12 Elm Street" n=2', 'said="i live at <STREET_ADDRESS>" n=2'),
    ],
)
def test_a_setting_is_no_cover_for_what_was_said(line: str, shown: str) -> None:
    assert scrub(line) == shown


def test_spans_are_exported_without_what_was_said() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(RedactingSpanExporter(kept)))
    tracer = provider.get_tracer("test")

    try:
        with tracer.start_as_current_span("stt") as span:
            span.set_attribute("transcript", SPOKEN)
            span.set_attribute("input", '[{"role": "user", "content": "4539 1488 0343 6467"}]')
            span.set_attribute("gen_ai.request.model", "gpt-4-0613")
            span.set_attribute("conversation.id", "call-7")
            span.set_attribute("metrics.ttfb", 0.25)
            raise ValueError("4539 1488 0343 6467")
    except ValueError:
        pass

    (span,) = kept.get_finished_spans()
    everything = shown(span)
    for secret in ("four five", "1488", "example dot"):
        assert secret not in everything
    assert span.attributes is not None
    assert span.attributes["gen_ai.request.model"] == "gpt-4-0613"
    assert span.attributes["conversation.id"] == "call-7"
    assert span.attributes["metrics.ttfb"] == 0.25


def test_a_context_snapshot_is_scrubbed_through_and_through() -> None:
    messages = [
        {"role": "user", "content": "four five three nine"},
        {"role": "assistant", "tool_calls": [{"arguments": '{"card": "4539 1488"}', "n": 45391}]},
    ]

    shown = repr(scrub_value(messages))

    assert "assistant" in shown
    for secret in ("four", "4539", "1488"):
        assert secret not in shown


class Stt(STTService):
    """An STT service that hears nothing."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield None


def worker(*processors: Any, **options: Any) -> PipelineWorker:
    return PipelineWorker(Pipeline(list(processors)), **options)


def test_every_unguarded_way_out_is_named(no_guard: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIPECAT_LOG_LLM_CONTEXT", raising=False)
    redactor = PIIRedactor()

    ways = redactor.check(worker(Stt(), LLMService(), AudioBufferProcessor()))

    assert {way.split(":")[0] for way in ways} == {
        "transcripts",
        "LLM output",
        "recording",
        "RTVI",
        "logs",
    }


@pytest.mark.parametrize("ignoring", [True, False])
def test_a_guarded_worker_has_no_unguarded_way_out(no_guard: None, ignoring: bool) -> None:
    guard_logs()
    stt, llm, redactor = Stt(), LLMService(), PIIRedactor()
    rtvi: dict[str, Any] = {"rtvi_processor": RedactingRTVIProcessor()}
    if ignoring:
        rtvi = {"rtvi_observer_params": RTVIObserverParams(ignored_sources=[stt, llm])}
    guarded = worker(
        stt,
        redactor,
        llm,
        PIIRedactor(),
        RedactingRecorder(),
        **rtvi,
    )

    assert redactor.check(guarded) == []


async def test_an_open_way_is_told_counted_and_reported_once_a_call(no_guard: None) -> None:
    first, second = PIIRedactor(), PIIRedactor()
    told: list[tuple[PIIRedactor, str]] = []
    for redactor in (first, second):

        @redactor.event_handler("on_open_way")
        async def on_open_way(processor: PIIRedactor, way: str) -> None:
            told.append((processor, way.partition(":")[0]))

    before = PROCESS.open_ways.copy()
    runner = WorkerRunner(handle_sigint=False)
    call = worker(first, AudioBufferProcessor(), second, enable_rtvi=False)
    await runner.add_workers(call)
    await call.queue_frame(EndFrame())
    await runner.run()

    kinds = [kind for _, kind in told]
    assert {processor for processor, _ in told} == {first}
    assert {"recording", "logs"} == {*kinds}
    assert +first.tally.open_ways == Counter(kinds) == PROCESS.open_ways - before
    assert {*first.tally.open_ways} == {*WAYS}
    assert second.tally.open_ways.total() == 0


async def test_a_strict_policy_ends_an_unguarded_call_before_it_begins() -> None:
    redactor = PIIRedactor(policy=Policy.preset("strict"))
    started = worker(Stt(), redactor)
    cancelled: list[bool] = []

    @started.event_handler("on_pipeline_finished")
    async def on_pipeline_finished(_: PipelineWorker, frame: Frame) -> None:
        cancelled.append(isinstance(frame, CancelFrame))

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(started)
    await runner.run()

    assert cancelled == [True]


def test_a_strict_policy_refuses_an_unguarded_worker() -> None:
    redactor = PIIRedactor(policy=Policy.preset("strict"))

    with pytest.raises(UnguardedError, match="RTVI"):
        redactor.check(worker(Stt(), redactor))
