"""The road of one call, from the caller's voice to the agent's and back, and the worker on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import LLMMessagesAppendFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import RTVIObserverParams
from pipecat.transports.base_transport import BaseTransport
from pipecat.utils.context.llm_context_summarization import LLMAutoContextSummarizationConfig

from antiphon.core.protocols import TelephoneTransport
from antiphon.pipeline.errands import to_say
from antiphon.pipeline.fast_path.aggregators import ListeningUserAggregator, create_aggregators
from antiphon.pipeline.fast_path.pipeline import (
    GuardedPipeline,
    QuietGuardedPipeline,
    QuietPipeline,
)
from antiphon.pipeline.fast_path.playback import connect_playback
from antiphon.pipeline.flows.processor import Aggregators, FlowProcessor
from antiphon.pipeline.languages.agent import follow_language, note_of
from antiphon.pipeline.latency import what_fills_waits
from antiphon.pipeline.noise import noise_filters
from antiphon.pipeline.providers.embedded import hears_phrases
from antiphon.pipeline.realtime import ModelCall
from antiphon.pipeline.sharing import settle
from antiphon.pipeline.silence import ask_who_is_silent, unasked
from antiphon.pipeline.turns import Turns
from antiphon.pipeline.voicemail import Voicemail
from antiphon.pipeline.worker import CallWorker
from antiphon.processors.interruption import CUT_TEXT, Interruption
from antiphon.processors.latency import LatencyObserver
from antiphon.processors.redaction import (
    PIIRedactor,
    RedactingRTVIProcessor,
)
from antiphon.processors.sentences import SentenceAggregator

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = ["CallParts", "make_pipeline", "make_worker"]


@dataclass(frozen=True, kw_only=True)
class CallParts:
    """What several processors of one call share, or they and its worker.

    Parameters:
        agent: Whose call it is.
        stt: Speech-to-text, unless the model hears and speaks itself.
        llm: The language model, or one that hears and speaks.
        tts: Text-to-speech, as `stt`.
        outbound: Whether the agent made the call.
        latency: Measures the call, if it is measured.
        interruption: Knows who has the turn, unless any voice interrupts.
        context: The conversation.
        redactors: Stand behind the STT and behind the LLM, unless nothing is redacted.
        model: What a speech-to-speech model needs, if `llm` is one.
    """

    agent: "VoiceAgent"
    stt: FrameProcessor | None
    llm: FrameProcessor
    tts: FrameProcessor | None
    outbound: bool
    latency: LatencyObserver | None
    interruption: Interruption | None
    context: LLMContext
    redactors: tuple[PIIRedactor, PIIRedactor] | None
    model: ModelCall | None = None


def _compose(
    transport: BaseTransport, parts: CallParts, recorder: FrameProcessor | None = None
) -> list[FrameProcessor]:
    """Compose the processors of one call, from `transport.input()` to the assistant's aggregator.

    Args:
        transport: Where the caller is.
        parts: What the processors share.
        recorder: Stands where both sides are heard, if the call is recorded.
    """
    agent = parts.agent
    after_stt, after_llm = parts.redactors or (None, None)
    model = parts.model
    keypad, user, assistant = create_aggregators(
        parts.context,
        turns=Turns.of_call(
            agent.turns,
            parts.stt or parts.llm,
            parts.interruption,
            embedded=not model and hears_phrases(agent.stt),
            realtime=model is not None,
        ),
        hide=after_llm.for_the_model if after_llm else None,
        summary=agent.summary if _can_summarise(parts.llm, agent.summary) else None,
        fast_path=agent.fast_path,
        realtime=model is not None,
    )
    gate = parts.interruption.playback if parts.interruption else None
    filters = noise_filters(agent.noise)
    if (
        isinstance(transport, TelephoneTransport)
        and isinstance(user, ListeningUserAggregator)
        and not filters
    ):
        # The gate hands over pieces of 40 ms as they sound; a longer packet would wait for two.
        transport.use_fast_path(on_audio=user.take_audio, packet_ms=40 if gate else 80)
    connect_playback(transport, gate=gate, latency=parts.latency)
    fillers, apologies = what_fills_waits(agent.latency, parts.latency)
    follower, phrases = follow_language(agent, parts.stt, apologies) if parts.stt else ([], [])
    first = next(iter(agent.languages), None)
    sentences = (None if model else agent.sentences) and SentenceAggregator(
        language=first, settings=agent.sentences
    )
    voicemail = Voicemail.of_call(parts.llm, agent.voicemail if parts.outbound else None)
    flow: list[FlowProcessor] = []
    if agent.flow is not None:
        pair = Aggregators(of_user=user, of_assistant=assistant)

        def note() -> list[Any]:
            return note_of([each.language for each in follower])

        shared: Any = parts
        flow.append(FlowProcessor(shared, transport=transport, aggregators=pair, note=note))

    def told() -> list[Any]:
        return [*note_of([each.language for each in follower]), *(flow[0].task if flow else [])]

    _tell_again(parts.context, assistant, told, by=flow[0] if flow else user)
    ask_who_is_silent(
        transport,
        user,
        agent.turns.reprompts,
        after_secs=agent.turns.reprompt_secs,
        say=to_say if model else unasked,
    )
    if voicemail:
        voicemail.listen(transport, user, [*fillers, *apologies])
    processors = [
        transport.input(),
        *filters,
        *([parts.stt] if parts.stt else []),
        *follower,
        keypad,
        *flow,
        *([after_stt] if after_stt else []),
        *([voicemail.detector] if voicemail else []),
        *([model.errands] if model else []),
        user,
        # What such a model has heard goes up to the aggregator before it.
        *([PIIRedactor()] if after_stt and model else []),
        parts.llm,
        *([after_llm] if after_llm else []),
        *([model.speech] if model else []),
        *([sentences] if sentences else []),
        *([] if model else fillers),
        *phrases,
        *([parts.tts] if parts.tts else []),
        *apologies,
        *([voicemail.gate] if voicemail else []),
        *([gate] if gate else []),
        transport.output(),
        *([recorder] if recorder else []),
        assistant,
    ]
    settle(processors, [s for s in (parts.stt, parts.llm, parts.tts) if s])
    return processors


def _tell_again(
    context: LLMContext,
    assistant: FrameProcessor,
    told: Callable[[], list[Any]],
    *,
    by: FrameProcessor,
) -> None:
    """Tell the model again what holds on, once that has gone with what was summed up.

    Args:
        context: The conversation.
        assistant: Sums it up.
        told: The messages that hold at this moment.
        by: What is given them on their way to the model.
    """

    async def tell(*_: Any) -> None:
        kept = context.get_messages()
        if lost := [message for message in told() if message not in kept]:
            await by.queue_frame(LLMMessagesAppendFrame(messages=lost, run_llm=False))

    assistant.add_event_handler("on_summary_applied", tell)


def make_pipeline(transport: BaseTransport, parts: CallParts) -> Pipeline:
    """Make the pipeline of one call, for a worker of somebody else's making.

    Args:
        transport: Where the caller is.
        parts: What its processors share.
    """
    agent = parts.agent
    processors = _compose(transport, parts)
    _greet_and_leave(parts, transport, lambda: processors[0].pipeline_worker, _flow_of(processors))
    lacking = []
    if agent.latency and not parts.latency:
        lacking.append(
            "no wait is measured or cut short: pipeline(transport, latency=observer), and a worker "
            "with observers=[observer] and PipelineParams(enable_metrics=True)"
        )
    if isinstance(transport, TelephoneTransport):
        rate_hz = transport.line_rate_hz
        lacking.append(
            "audio is resampled and takes no fast path without PipelineParams("
            f"audio_in_sample_rate={rate_hz}, audio_out_sample_rate={rate_hz})"
        )
    if lacking:
        logger.info(f"A pipeline alone: {'; '.join(lacking)}. VoiceAgent.worker() has all of it.")
    return (Pipeline if agent.redaction is None else GuardedPipeline)(processors)


def make_worker(
    transport: BaseTransport,
    parts: CallParts,
    *,
    recorder: FrameProcessor | None = None,
    **kwargs: Any,
) -> CallWorker:
    """Make the worker of one call: it greets who connects and stops when they leave.

    Args:
        transport: Where the caller is.
        parts: What its processors share.
        recorder: Records both sides, if anything does.
        **kwargs: Passed to `CallWorker`.
    """
    agent = parts.agent
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
    if isinstance(transport, TelephoneTransport):
        # Its own rate all the way, and nobody there to speak RTVI with.
        params.audio_in_sample_rate = params.audio_out_sample_rate = transport.line_rate_hz
        kwargs.setdefault("enable_rtvi", False)
        # Zeros, from one end of the pipeline to the other.
        params.send_initial_empty_metrics = False
    kwargs.setdefault("params", params)
    if agent.redaction is not None:
        kwargs.setdefault("rtvi_processor", RedactingRTVIProcessor())
    if parts.interruption:
        told = kwargs.get("rtvi_observer_params") or RTVIObserverParams()
        skipped = [*(told.skip_text_types or []), CUT_TEXT]
        kwargs["rtvi_observer_params"] = replace(told, skip_text_types=skipped)
    processors = _compose(transport, parts, recorder)
    quiet = QuietPipeline if agent.redaction is None else QuietGuardedPipeline
    worker = CallWorker(
        quiet(processors), latency=parts.latency, interruption=parts.interruption, **kwargs
    )
    flow = _flow_of(processors)
    if flow:
        worker.flow = flow.attach(worker)
    _greet_and_leave(parts, transport, lambda: worker, flow)
    return worker


def _flow_of(processors: Sequence[FrameProcessor]) -> FlowProcessor | None:
    return next((each for each in processors if isinstance(each, FlowProcessor)), None)


def _greet_and_leave(
    parts: CallParts,
    transport: BaseTransport,
    worker: Callable[[], PipelineWorker],
    flow: FlowProcessor | None,
) -> None:
    greeted = False
    greeting, model = parts.agent.greeting, parts.model

    async def greet(*_: Any) -> None:
        nonlocal greeted
        # A lost connection that comes back is the same call.
        if greeted:
            return
        greeted = True
        if model:
            await worker().queue_frame(model.opening(greeting))
        elif greeting:
            await worker().queue_frame(TTSSpeakFrame(greeting, append_to_context=True))
        if flow:
            await flow.begin(worker())

    async def leave(*_: Any) -> None:
        await worker().cancel(reason="the caller left")

    transport.add_event_handler("on_client_connected", greet)
    transport.add_event_handler("on_client_disconnected", leave)


def _can_summarise(llm: FrameProcessor, summary: LLMAutoContextSummarizationConfig | None) -> bool:
    """Whether a model answers outside of the conversation, as ours that follows a script cannot."""
    ask = getattr(llm, "run_inference", None)
    able = ask is not None and ask.__qualname__ != "LLMService.run_inference"
    return summary is not None and (able or summary.summary_config.llm is not None)
