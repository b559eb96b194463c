"""What kinds of frames, metrics and processors there are, for what follows a call by its frames."""

from collections.abc import Callable, Mapping

from pipecat.frames.frames import (
    CancelFrame,
    ClientConnectedFrame,
    Frame,
    FunctionCallsStartedFrame,
    InterimTranscriptionFrame,
    LLMMarkerFrame,
    UserBackchannelFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import (
    LLMUsageMetricsData,
    MetricsData,
    STTUsageMetricsData,
    TTSUsageMetricsData,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.processors.latency.core.moments import Moment
from antiphon.processors.latency.core.prices import Usage
from antiphon.processors.latency.core.turn_latency import Service

__all__ = ["FILLER_TEXT", "SAYS", "Handler", "add_usage", "package_of"]

FILLER_TEXT = "filler"
"""The `text_type` of a `TTSSpeakFrame` that only bridges a wait, and is not the answer."""

# The frames that say one thing, and nothing else.
SAYS: dict[type[Frame], Moment] = {
    ClientConnectedFrame: Moment.CONNECTED,
    InterimTranscriptionFrame: Moment.INTERIM,
    UserStartedSpeakingFrame: Moment.TURN_STARTED,
    UserBackchannelFrame: Moment.BACKCHANNEL,
    CancelFrame: Moment.CANCELLED,
    LLMMarkerFrame: Moment.MARKER,
    FunctionCallsStartedFrame: Moment.TOOLS_CALLED,
}

# False: there is nothing to tell.
Handler = Callable[[FramePushed, float], bool | None]


def add_usage(metrics: MetricsData, services: Mapping[str, Service], usage: Usage) -> None:
    """Add what a service used to what costs money.

    Args:
        metrics: What it tells.
        services: Those of the pipeline, by the names of their processors.
        usage: What is added to.
    """
    service = services.get(metrics.processor, Service(provider=metrics.processor))
    for unit, amount in _metered(metrics).items():
        if amount:
            usage.add(service.provider, metrics.model or service.model, unit, amount)


def _metered(metrics: MetricsData) -> dict[str, float]:
    """Return how much of each unit that costs money was used."""
    match metrics:
        case STTUsageMetricsData():
            return {"audio_minute": metrics.value.audio_seconds / 60}
        case TTSUsageMetricsData():
            return {"million_characters": metrics.value / 1e6}
        case LLMUsageMetricsData():
            # Some vendors count cached tokens among the prompt's, some beside them; the
            # total is the gross figure of both. Tokens of audio are counted among them, too.
            tokens = metrics.value
            cached = tokens.cache_read_input_tokens or 0
            fresh = tokens.total_tokens - tokens.completion_tokens - cached
            cached_audio = min(cached, tokens.cache_read_input_audio_tokens or 0)
            heard = max(0, (tokens.input_audio_tokens or 0) - cached_audio)
            spoken = tokens.output_audio_tokens or 0
            return {
                "million_input": max(0, fresh - heard) / 1e6,
                "million_cached_input": (cached - cached_audio) / 1e6,
                "million_output": max(0, tokens.completion_tokens - spoken) / 1e6,
                "million_audio_input": heard / 1e6,
                "million_cached_audio_input": cached_audio / 1e6,
                "million_audio_output": spoken / 1e6,
            }
        case _:
            return {}


def package_of(processor: FrameProcessor) -> str:
    """Name a service or transport as its package does: "deepgram" of pipecat.services.deepgram."""
    parts = type(processor).__module__.split(".")
    for room in ("services", "transports"):
        if room in parts[:-1]:
            return parts[parts.index(room) + 1]
    return type(processor).__name__
