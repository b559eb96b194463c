"""Which ways out of a worker are unguarded.

Reads what the worker was built with. Pipecat 1.14 shows a worker's observers nowhere in public, so
they are read from where it keeps them; if they are not there, RTVI counts as unguarded.
"""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from antiphon.processors.redaction.logs import logs_guarded
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserver

__all__ = ["UnguardedError", "source_of", "unguarded"]

# Observers that print what was said.
PRINTING = ("DebugLogObserver", "LLMLogObserver", "TranscriptionLogObserver")


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
    chain = list(_flat(worker.pipeline))
    found = [*_pipeline(chain), *_observers(worker, chain)]
    if not logs_guarded():
        found.append("logs: call guard_logs() before the call")
        if os.environ.get("PIPECAT_LOG_LLM_CONTEXT", "full") != "off":
            found.append("logs: the LLM context is logged; set PIPECAT_LOG_LLM_CONTEXT=off")
    if getattr(worker, "_enable_tracing", False) and not _spans_guarded():
        found.append("spans: give setup_tracing a RedactingSpanExporter(exporter)")
    return found


def _flat(processor: FrameProcessor) -> Iterator[FrameProcessor]:
    for inner in processor.processors:
        if inner.processors:
            yield from _flat(inner)
        else:
            yield inner


def _pipeline(chain: list[FrameProcessor]) -> Iterator[str]:
    """What stands before a source of text and what after it."""
    for index, processor in enumerate(chain):
        kinds = source_of(type(processor))
        if kinds and not _redactor_follows(chain, index):
            yield f"{kinds}: put a PIIRedactor after {processor.name}"
        if isinstance(processor, AudioBufferProcessor):
            yield f"recording: {processor.name} keeps the words; use RedactingRecorder"


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
        return "LLM output"
    return ""


def _redactor_follows(chain: list[FrameProcessor], index: int) -> bool:
    """Whether a redactor comes before anything that would keep or say what the source gives."""
    from antiphon.processors.redaction.redactor import PIIRedactor

    for processor in chain[index + 1 :]:
        if isinstance(processor, PIIRedactor):
            return True
        if _is(type(processor), "LLMService", "TTSService"):
            return False
    return False


def _observers(worker: PipelineWorker, chain: list[FrameProcessor]) -> Iterator[str]:
    try:
        rtvi = worker.rtvi is not None
    except Exception:
        rtvi = False
    kept: Any = getattr(getattr(worker, "_observer", None), "_observers", None)
    if kept is None:
        if rtvi:
            yield "RTVI: cannot be inspected in this version of Pipecat"
        return
    sources = [p for p in chain if source_of(type(p))]
    for observer in kept:
        if type(observer).__name__ in PRINTING and not logs_guarded():
            yield f"logs: {type(observer).__name__} prints what was said"
        if isinstance(observer, RTVIObserver) and not _is(type(observer), "RedactingRTVIObserver"):
            ignored = getattr(observer, "_ignored_sources", ())
            if any(processor not in ignored for processor in sources):
                yield "RTVI: give the worker rtvi_processor=RedactingRTVIProcessor()"


def _spans_guarded() -> bool:
    try:
        from antiphon.processors.redaction.spans import spans_guarded
    except ImportError:
        return False
    return spans_guarded()
