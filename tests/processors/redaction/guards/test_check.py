"""The check follows each way through a pipeline, and what it cannot see counts as unguarded."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pipecat.frames.frames import Frame, LLMServiceMetadataFrame
from pipecat.pipeline.base_pipeline import BasePipeline
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.consumer_processor import ConsumerProcessor
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserver, RTVIObserverParams
from pipecat.processors.producer_processor import ProducerProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies

from antiphon.core.pipecat_internals import LEANS_ON, Part
from antiphon.processors.redaction import (
    PIIRedactor,
    Policy,
    RedactingRTVIProcessor,
    RedactingSpanExporter,
    guard_logs,
)


class Stt(STTService):
    """Hears nothing."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        yield None


class Tts(TTSService):
    """Says nothing."""

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        yield None


@pytest.fixture(autouse=True)
def guarded_logs(no_guard: None) -> None:
    guard_logs()


def ways(*processors: FrameProcessor, **options: Any) -> list[str]:
    """The kinds of ways out that are open."""
    options.setdefault("rtvi_processor", RedactingRTVIProcessor())
    found = PIIRedactor().check(PipelineWorker(Pipeline(list(processors)), **options))
    return sorted(way.split(":")[0] for way in found)


class Unknown(BasePipeline):
    """Holds processors in a way of its own."""

    def __init__(self, *inner: FrameProcessor) -> None:
        super().__init__()
        self._inner = list(inner)

    @property
    def processors(self) -> list[FrameProcessor]:
        return self._inner


def test_a_raw_branch_beside_a_redacted_one_is_open() -> None:
    assert ways(ParallelPipeline([Stt()], [Stt(), PIIRedactor()])) == ["transcripts"]
    assert ways(Stt(), ParallelPipeline([PIIRedactor()], [IdentityFilter()])) == ["transcripts"]
    assert ways(SyncParallelPipeline([Stt()], [Stt(), PIIRedactor()])) == ["transcripts"]
    nested = ParallelPipeline([Pipeline([ParallelPipeline([Stt()], [IdentityFilter()])])])
    assert ways(nested, LLMService(), PIIRedactor()) == ["transcripts"]


def test_a_redactor_on_every_branch_or_after_them_closes_them() -> None:
    assert ways(ParallelPipeline([Stt()], [Stt()]), PIIRedactor()) == []
    assert ways(ParallelPipeline([Stt(), PIIRedactor()], [Stt(), PIIRedactor()])) == []
    assert ways(Stt(), ParallelPipeline([PIIRedactor()], [PIIRedactor()])) == []
    assert ways(SyncParallelPipeline([LLMService()], [IdentityFilter()]), PIIRedactor()) == []


def test_the_services_of_a_switcher_are_ways_of_one_road() -> None:
    stt, llm = ServiceSwitcher([Stt(), Stt()]), LLMSwitcher([LLMService(), LLMService()])

    assert ways(stt, PIIRedactor(), llm, PIIRedactor(), Tts()) == []
    llm = LLMSwitcher([LLMService(), LLMService()])
    assert ways(llm, Tts(), PIIRedactor()) == ["LLM output", "LLM output"]


def test_what_was_kept_or_said_before_the_redactor_is_open() -> None:
    user = LLMContextAggregatorPair(LLMContext()).user()

    assert ways(Stt(), user, PIIRedactor()) == ["transcripts"]
    assert ways(DTMFAggregator(), Stt(), user) == ["keys", "transcripts"]
    assert ways(Stt(), LLMService(), PIIRedactor()) == ["transcripts"]
    assert ways(LLMService(), Tts(), PIIRedactor()) == ["LLM output"]
    assert ways(Stt()) == ["transcripts"]


def test_a_voice_that_is_given_values_back_needs_a_redactor_after_it() -> None:
    def assistant() -> FrameProcessor:
        return LLMContextAggregatorPair(LLMContext()).assistant()

    def before(policy: Policy) -> list[FrameProcessor]:
        user = LLMContextAggregatorPair(LLMContext()).user()
        return [Stt(), PIIRedactor(policy=policy), user, LLMService(), PIIRedactor(), Tts()]

    gdpr = Policy.preset("gdpr")
    assert ways(*before(gdpr), assistant()) == ["restored values"]
    assert ways(*before(gdpr), PIIRedactor(), assistant()) == []
    assert ways(*before(Policy()), assistant()) == []


def test_what_a_producer_has_taken_is_said_where_its_consumer_stands() -> None:
    async def anything(frame: Frame) -> bool:
        return True

    user = LLMContextAggregatorPair(LLMContext()).user()
    producer = ProducerProcessor(filter=anything)
    between = (Stt(), producer, PIIRedactor(), ConsumerProcessor(producer=producer))
    assert ways(*between, PIIRedactor(), user) == []

    user = LLMContextAggregatorPair(LLMContext()).user()
    producer = ProducerProcessor(filter=anything)
    between = (Stt(), producer, PIIRedactor(), ConsumerProcessor(producer=producer))
    assert ways(*between, user) == ["what its producer takes"]


class Realtime(LLMService[Any]):
    """A speech-to-speech model, as most tell that they are one."""

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        frame = super().service_metadata_frame()
        frame.is_realtime_service = True
        return frame


class Live(LLMService[Any]):
    """One that the aggregators are to take for none, as OpenAI's Live."""

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        frame = super().service_metadata_frame()
        frame.user_turn_strategies = ExternalUserTurnStrategies()
        return frame


def pair() -> tuple[FrameProcessor, FrameProcessor]:
    both = LLMContextAggregatorPair(LLMContext())
    return both.user(), both.assistant()


@pytest.mark.parametrize("model", [Realtime, Live])
def test_what_a_speech_to_speech_model_has_heard_goes_up_to_the_context(
    model: type[LLMService[Any]],
) -> None:
    user, assistant = pair()
    assert ways(user, model(), PIIRedactor(), assistant) == ["transcripts"]
    user, assistant = pair()
    assert ways(user, PIIRedactor(), model(), assistant) == ["LLM speech"]
    user, assistant = pair()
    assert ways(user, PIIRedactor(), model(), PIIRedactor(), assistant) == []


def test_what_a_speech_to_speech_model_has_said_holds_no_values_that_were_given_back() -> None:
    def around(*voice: FrameProcessor) -> list[FrameProcessor]:
        user, assistant = pair()
        redactor = PIIRedactor(policy=Policy.preset("gdpr"))
        return [user, redactor, Realtime(), PIIRedactor(), *voice, assistant]

    assert ways(*around()) == []
    assert ways(*around(Tts())) == ["restored values"]
    assert ways(*around(Tts(), PIIRedactor())) == []


def test_a_pipeline_of_an_unknown_kind_is_not_trusted() -> None:
    assert ways(Unknown(Stt(), PIIRedactor())) == ["pipeline"]


@pytest.mark.parametrize(
    "name", [name for lean in LEANS_ON if lean.part is Part.CHECK for name in lean.names]
)
def test_a_private_attribute_that_is_gone_leaves_its_way_open(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(RedactingSpanExporter(kept)))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    stt = Stt()
    worker = PipelineWorker(
        Pipeline([stt, PIIRedactor()]),
        enable_tracing=True,
        rtvi_observer_params=RTVIObserverParams(ignored_sources=[stt]),
    )
    assert PIIRedactor().check(worker) == []

    inside: list[Any] = [worker, worker._observer, *worker._observer._observers, provider]
    inside.append(provider._active_span_processor)
    holders = [h for h in inside if name in vars(h)]
    assert holders
    for holder in holders:
        monkeypatch.delattr(holder, name)

    found = PIIRedactor().check(worker)
    assert found
    assert all("cannot be inspected" in way or way.startswith("spans") for way in found)
    assert any(isinstance(o, RTVIObserver) for o in holders) is (name == "_ignored_sources")


def test_an_exporter_without_a_guard_beside_one_with_it_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    for exporter in (RedactingSpanExporter(InMemorySpanExporter()), InMemorySpanExporter()):
        provider.add_span_processor(SimpleSpanProcessor(exporter))

    assert ways(Stt(), PIIRedactor(), enable_tracing=True) == ["spans"]
