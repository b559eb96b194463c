"""Which ways out of a worker are unguarded.

Goes along the pipeline as frames do: what an STT, a keypad or an LLM says must meet a `PIIRedactor`
on each way before what keeps it or says it. Our processors tell themselves what they do to it.
Observers and exporters are read from where Pipecat and OpenTelemetry keep them; where a version
keeps them elsewhere, the way counts as unguarded.
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.consumer_processor import ConsumerProcessor
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserver

from antiphon.core.reaching_in import (
    ignored_sources,
    observers_of,
    span_processors,
    tracing_enabled,
)
from antiphon.processors.redaction.guards.logs import logs_guarded
from antiphon.processors.redaction.shared import processors_of

__all__ = ["UnguardedError", "hears_the_caller", "source_of", "unguarded"]

# Observers that print what was said.
PRINTING = ("DebugLogObserver", "LLMLogObserver", "TranscriptionLogObserver")
UNKNOWN = "cannot be inspected in this version of Pipecat"


class UnguardedError(RuntimeError):
    """A strict policy forbids to start with an unguarded way out.

    Parameters:
        ways: What is unguarded.
    """

    def __init__(self, ways: list[str]) -> None:
        super().__init__(f"unguarded ways out under a strict policy: {'; '.join(ways)}")
        self.ways = ways


def unguarded(worker: PipelineWorker) -> list[str]:
    """Name every way by which content leaves the worker unguarded, and what closes it."""
    redactors = [p for p in processors_of(worker.pipeline) if _redacts(p)]
    # They share a policy, which one of them was given.
    walk = _Walk(gives_values_back=any(p.policy.ear for p in redactors))  # type: ignore[attr-defined]
    for kind, name in walk.through(worker.pipeline, frozenset()):
        if kind not in (UPSTREAM, WRITTEN_BACK):
            walk.report(kind, name)
    found = [*walk.ways, *_observers(worker, walk.sources)]
    if not logs_guarded():
        found.append("logs: call guard_logs() before the call")
        if os.environ.get("PIPECAT_LOG_LLM_CONTEXT", "full") != "off":
            found.append("logs: the LLM context is logged; set PIPECAT_LOG_LLM_CONTEXT=off")
    return found + list(_spans(worker))


class Said(NamedTuple):
    """What no redactor has looked at so far, and who said it."""

    kind: str
    name: str


class _Walk:
    """The ways from each source to what keeps or says what comes from it."""

    def __init__(self, *, gives_values_back: bool) -> None:
        self._gives_values_back = gives_values_back
        self.ways: list[str] = []
        self.sources: list[FrameProcessor] = []

    def report(self, kind: str, name: str) -> None:
        way = f"{kind}: put a PIIRedactor after {name}"
        if way not in self.ways:
            self.ways.append(way)

    def through(self, processor: FrameProcessor, raw: frozenset[Said]) -> frozenset[Said]:
        """Follow what is said through a processor.

        Args:
            processor: A processor, or a pipeline of them.
            raw: What comes in unredacted.

        Returns:
            What comes out unredacted.
        """
        if isinstance(processor, Pipeline):
            for inner in processor.processors:
                raw = self.through(inner, raw)
            return raw
        if isinstance(processor, ParallelPipeline | SyncParallelPipeline):
            # What one branch lets through raw comes out, whatever the others made of it. The
            # services of a switcher are such branches.
            return frozenset().union(*[self.through(p, raw) for p in processor.processors])
        if processor.processors:
            self.ways.append(f"pipeline: {processor.name} {UNKNOWN}")
        return self._past(processor, raw)

    def _past(self, processor: FrameProcessor, raw: frozenset[Said]) -> frozenset[Said]:
        if _redacts(processor):
            kinds = {said.kind for said in raw} if self._gives_values_back else ()
            return frozenset(
                Said(now, processor.name)
                for kind, now in ((LLM_OUTPUT, RESTORED), (SPOKEN, WRITTEN_BACK))
                if kind in kinds
            )
        if isinstance(processor, AudioBufferProcessor):
            self.ways.append(f"recording: {processor.name} keeps the words; use RedactingRecorder")
        for said in sorted(raw):
            if _keeps(type(processor), said.kind):
                # One that redacts what it keeps says so.
                if said.kind != RESTORED or not getattr(processor, "redacts_what_it_keeps", False):
                    self.report(*said)
                raw -= {said}
        if hears_the_caller(processor):
            # It tells upstream what the caller has said.
            for said in raw:
                if said.kind == UPSTREAM:
                    self.ways.append(
                        f"transcripts: put a PIIRedactor between {said.name} and {processor.name}"
                    )
        if _is(type(processor), "LLMContextAggregator"):
            raw |= {Said(UPSTREAM, processor.name)}
        if _is(type(processor), "TTSService"):
            # It says what a speech-to-speech model only wrote.
            raw = frozenset(
                Said(RESTORED, said.name) if said.kind == WRITTEN_BACK else said for said in raw
            )
        if kind := source_of(type(processor)):
            self.sources.append(processor)
            raw |= {Said(SPOKEN if hears_the_caller(processor) else kind, processor.name)}
        return raw


LLM_OUTPUT = "LLM output"
# The same of a speech-to-speech model: it has said it already, and tells what.
SPOKEN = "LLM speech"
# What a voice says that holds values which nobody else may have.
RESTORED = "restored values"
# Not said itself: an aggregator that keeps what comes upstream.
UPSTREAM = "upstream"
# Values given back to what nobody says, unless a voice follows.
WRITTEN_BACK = "written back"


def _keeps(kind: type, said: str) -> bool:
    """Whether a kind of processor keeps or says what is said."""
    if said in (UPSTREAM, WRITTEN_BACK):
        return False
    if _is(kind, "LLMContextAggregator", "LLMService"):
        return True
    return said != RESTORED and _is(kind, "TTSService")


def _redacts(processor: FrameProcessor) -> bool:
    return getattr(processor, "redacts_what_passes", False)


def hears_the_caller(llm: object) -> bool:
    """Whether it is a speech-to-speech model."""
    if not _is(type(llm), "LLMService"):
        return False
    told = llm.service_metadata_frame()  # type: ignore[attr-defined]
    # OpenAI's Live is none to the aggregators, and tells when the caller speaks all the same.
    return bool(told.is_realtime_service or told.user_turn_strategies)


def _is(kind: type, *names: str) -> bool:
    """Whether it is a service of a kind; by name, as importing the services costs a second."""
    return any(cls.__name__ in names for cls in kind.__mro__)


@cache
def source_of(kind: type) -> str:
    """What a kind of processor brings into a call unredacted; empty if nothing."""
    if _is(kind, "STTService"):
        return "transcripts"
    if issubclass(kind, DTMFAggregator):
        return "keys"
    if _is(kind, "LLMService"):
        return LLM_OUTPUT
    if issubclass(kind, ConsumerProcessor):
        return "what its producer takes"
    return ""


def _observers(worker: PipelineWorker, sources: list[FrameProcessor]) -> Iterator[str]:
    kept = observers_of(worker)
    if kept is None:
        yield f"RTVI: {UNKNOWN}"
        yield f"observers: {UNKNOWN}"
        return
    for observer in kept:
        if _is(type(observer), *PRINTING) and not logs_guarded():
            yield f"logs: {type(observer).__name__} prints what was said"
        if isinstance(observer, RTVIObserver) and not _is(type(observer), "RedactingRTVIObserver"):
            ignored = ignored_sources(observer)
            if ignored is None:
                yield f"RTVI: {UNKNOWN}"
            elif any(processor not in ignored for processor in sources):
                yield "RTVI: give the worker rtvi_processor=RedactingRTVIProcessor()"


def _spans(worker: PipelineWorker) -> Iterator[str]:
    traced = tracing_enabled(worker)
    if traced is False:
        return
    try:
        from opentelemetry import trace

        from antiphon.processors.redaction.guards.otel_exporter import RedactingSpanExporter
    except ImportError:
        # Without OpenTelemetry there are no spans.
        return
    if traced is None:
        yield f"spans: {UNKNOWN}"
        return
    processors = span_processors(trace.get_tracer_provider())
    if processors is None:
        yield "spans: call setup_tracing(exporter=RedactingSpanExporter(…)) before the call"
        return
    for processor in processors:
        exporter = getattr(processor, "span_exporter", None)
        if not isinstance(exporter, RedactingSpanExporter):
            name = type(exporter or processor).__name__
            yield f"spans: put a RedactingSpanExporter around {name}"
