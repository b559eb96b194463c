"""What we lean on beyond the public API of Pipecat and of what it runs on, each with its reason.

`tests/test_pipecat_contract.py` tells what of ours a new version breaks. At run time a part that
makes calls cheaper asks `known`, and is the stock part where it is not. One that keeps callers safe
asks `require`, or is told by None that something cannot be read. So does a service of ours, which
would else be mute or deaf in each call.
"""

from functools import cache

from loguru import logger

from antiphon.core.lean import Lean, Part

__all__ = [
    "LEANS_ON",
    "Lean",
    "Part",
    "UnknownInsideError",
    "known",
    "missing",
    "require",
]


LEANS_ON = (
    Lean(
        Part.VAD,
        "pipecat.audio.vad.vad_analyzer:VADAnalyzer",
        ("_run_analyzer(buffer)", "_vad_buffer", "_vad_frames_num_bytes", "_params"),
        "analyze_audio takes each call to a thread of its own; here one batch scores all",
    ),
    Lean(
        Part.VAD,
        "pipecat.audio.vad.vad_analyzer:VADAnalyzer",
        ("_get_smoothed_volume(audio)", "_smoothing_factor"),
        "stock measures the loudness of every window; it matters only while there is a voice",
    ),
    Lean(
        Part.VAD,
        "pipecat.audio.vad.silero:SileroVADAnalyzer",
        (
            "_maybe_reset_model(confidence)",
            "_low_confidence_windows",
            "_windows_since_reset",
            "_model",
        ),
        "the constructor loads a model for one call: 24 ms and 7 MB",
        frozenset({"_model", "_windows_since_reset", "_low_confidence_windows"}),
    ),
    Lean(
        Part.SMART_TURN,
        "pipecat.audio.turn.smart_turn.local_smart_turn_v3:LocalSmartTurnAnalyzerV3",
        ("_session", "_log_data"),
        "the constructor loads a model for one call: 37 ms and 48 MB",
        frozenset({"_session", "_log_data"}),
    ),
    Lean(
        Part.SMART_TURN,
        "pipecat.audio.turn.smart_turn.base_smart_turn:BaseSmartTurn",
        ("_model_executor", "_audio_buffer", "_speech_start_time"),
        "a thread for each call otherwise; and audio that was held back counts from when it came",
    ),
    Lean(
        Part.TELEPHONE,
        "pipecat.transports.websocket.fastapi:FastAPIWebsocketTransport",
        ("_callbacks",),
        "the client is made by the constructor, and ours filters messages before anybody wakes",
    ),
    Lean(
        Part.TELEPHONE,
        "pipecat.transports.websocket.fastapi:FastAPIWebsocketOutputTransport",
        ("_client",),
        "stock sleeps after each packet, where a turn that came late is never made up for",
    ),
    Lean(
        Part.TELEPHONE,
        "pipecat.transports.base_output:BaseOutputTransport",
        ("_params", "write_audio_frame(frame)"),
        "the length of a packet follows from what the pipeline is, which comes after the transport",
    ),
    Lean(
        Part.TELEPHONE,
        "pipecat.transports.base_input:BaseInputTransport",
        ("_paused", "push_audio_frame(frame)", "set_transport_ready(frame)"),
        "the input queue has a timer for each packet, which costs more than the rest of the way",
    ),
    Lean(
        Part.TELEPHONE,
        "pipecat.processors.frame_processor:FrameProcessorSetup",
        ("observer",),
        "nobody else tells a transport whether the microphone is observed",
    ),
    Lean(
        Part.ROOM,
        "pipecat.transports.daily.transport:DailyTransport",
        ("_input", "_client", "_params"),
        "the input is made by the transport; stock hands each person's audio on by itself",
    ),
    Lean(
        Part.ROOM,
        "pipecat.transports.base_transport:BaseTransport",
        ("_input_name",),
        "what the transport calls the input that it makes",
    ),
    Lean(
        Part.OBSERVERS,
        "pipecat.processors.frame_processor:FrameProcessorSetup",
        ("observer",),
        "each hop of each frame is queued to each observer; one that wants few stands before that",
    ),
    Lean(
        Part.BYPASS,
        "pipecat.processors.frame_processor:FrameProcessor",
        ("queue_frame(frame, direction, callback)", "push_frame(frame, direction)"),
        "frames come in by the one and go out by the other; what nobody wants goes past the queue",
    ),
    Lean(
        Part.CHECK,
        "pipecat.pipeline.worker:PipelineWorker",
        ("_observer", "_enable_tracing"),
        "what tells the observers, and whether services write what is said into spans",
    ),
    Lean(
        Part.CHECK,
        "pipecat.pipeline.worker_observer:WorkerObserver",
        ("_observers",),
        "the observers themselves, those of the worker's own making too: RTVI tells the client",
    ),
    Lean(
        Part.CHECK,
        "pipecat.processors.frameworks.rtvi:RTVIObserver",
        ("_ignored_sources",),
        "whose frames the client is not told of",
    ),
    Lean(
        Part.CHECK,
        "opentelemetry.sdk.trace:TracerProvider",
        ("_active_span_processor",),
        "where spans go",
    ),
    Lean(
        Part.CHECK,
        "opentelemetry.sdk.trace:SynchronousMultiSpanProcessor",
        ("_span_processors",),
        "the same, one by one: a second exporter may have no guard",
    ),
    Lean(
        Part.LOGS,
        "loguru._handler:Handler",
        ("emit(record, level_id, from_decorator, is_raw, colored_message)",),
        "a patcher is replaced by the next one: only here every record passes last",
    ),
    Lean(
        Part.LOGS,
        "logging:Filterer",
        ("filter(record)",),
        "a filter sees one handler only, and a record factory not what filters add",
    ),
    Lean(
        Part.SERVER,
        "uvicorn.protocols.websockets.websockets_sansio_impl:WebSocketsSansIOProtocol",
        (
            *("data_received(data)", "connection_lost(exc)", "shutdown()", "run_asgi()"),
            *("send(message)", "receive()", "handle_cont(event)", "handle_ping()"),
            *("send_receive_event_to_app()", "handle_parser_exception()"),
            *("handshake_initiated", "handshake_complete", "close_sent", "read_paused", "frames"),
            *("curr_msg_data_type", "queue", "conn", "transport", "scope", "loop"),
        ),
        "a flood has to wait, a packet must not wake the application, a call outlives the port",
    ),
    Lean(
        Part.SERVER,
        "websockets.server:ServerProtocol",
        ("parser_exc", "close_sent", "fail(code, reason)"),
        "how that protocol's connection is cut off",
    ),
    Lean(
        Part.SERVER,
        "uvicorn.protocols.http.h11_impl:H11Protocol",
        ("data_received(data)", "conn", "transport"),
        "uvicorn has no bound for the lines of a head or the chunks of a body",
    ),
    Lean(
        Part.SERVER,
        "uvicorn:Server",
        ("startup(sockets)", "capture_signals()", "servers", "should_exit", "force_exit"),
        "listening begins after the warm-up and ends at the signal, not at the next tick",
    ),
    Lean(
        Part.SERVER,
        "uvicorn._types:ASGIReceiveEvent",
        (),
        "for the type checker alone: what the protocol's `receive` gives",
    ),
    Lean(
        Part.SERVER,
        "uvicorn._types:ASGISendEvent",
        (),
        "for the type checker alone: what the protocol's `send` takes",
    ),
    Lean(
        Part.EVENTS,
        "pipecat.utils.base_object:BaseObject",
        ("_register_event_handler(event_name, sync)", "_call_event_handler(event_name)"),
        "how a subclass has events of its own, in Pipecat too",
    ),
    Lean(
        Part.SERVICES,
        "pipecat.services.ai_service:AIService",
        ("_settings", "_update_settings(delta)"),
        "where a service checks settings that are changed during a call, and keeps them",
    ),
    Lean(
        Part.SERVICES,
        "pipecat.services.tts_service:TTSService",
        ("_stream_audio_frames_from_iterator(iterator)",),
        "how a service makes frames of its audio, in Pipecat too",
    ),
    Lean(
        Part.SERVICES,
        "pipecat.services.stt_service:STTService",
        ("_user_id",),
        "who spoke, which a transcription has to name",
    ),
    Lean(
        Part.SERVICES,
        "pipecat.services.llm_service:LLMService",
        ("_push_llm_text(text)",),
        "how a service pushes what the model says, in Pipecat too",
    ),
    Lean(
        Part.TURNS,
        "pipecat.processors.aggregators.llm_response_universal:LLMUserAggregator",
        ("_user_turn_controller",),
        "nobody else tells a strategy which others stand behind it",
    ),
    Lean(
        Part.TURNS,
        "pipecat.turns.user_turn_processor:UserTurnProcessor",
        ("_user_turn_controller",),
        "the same, where several aggregators share one",
    ),
    Lean(
        Part.CLIENTS,
        "pipecat.services.openai.base_llm:BaseOpenAILLMService",
        ("_client",),
        "a service leaves its client's idle connections open",
    ),
    Lean(
        Part.TURNS,
        "pipecat.processors.aggregators.llm_response_universal:LLMAssistantAggregator",
        ("_realtime_service_mode", "_paired_user_aggregator"),
        "only a half that knows the other writes the caller down, and the pair makes stock halves",
    ),
    Lean(
        Part.REALTIME,
        "pipecat.services.openai.realtime.llm:OpenAIRealtimeLLMService",
        ("_current_audio_response", "_user_audio_preroll_buffer", "_context", "_settings"),
        "stock truncates by the clock, though little of what came was heard; and it hears the "
        "caller from the decision on, not from the first sound",
    ),
    Lean(
        Part.REALTIME,
        "pipecat.services.openai.realtime.llm:OpenAIRealtimeLLMService",
        ("_user_audio_preroll_secs_override", "_llm_needs_conversation_setup"),
        "the same; and a first context always makes the model speak, though the caller should",
    ),
)


class UnknownInsideError(ImportError):
    """A part that keeps callers safe does not know the inside that it leans on."""


@cache
def known(part: Part) -> bool:
    """Whether a part finds all that it leans on; warns, once, if it is the stock part instead.

    Args:
        part: One that is about quality or cost.
    """
    if lacks := missing(part):
        logger.warning(f"{part} is off, stock parts work instead: {_told(lacks)}")
    return not lacks


@cache
def require(part: Part) -> None:
    """Refuse to go on without all that a part leans on.

    Args:
        part: One that keeps callers safe, or in whose place there is no stock part.

    Raises:
        UnknownInsideError: If something is not there.
    """
    if lacks := missing(part):
        raise UnknownInsideError(f"{part} cannot work: {_told(lacks)}")


def missing(part: Part) -> list[str]:
    """Name what a part leans on and does not find in the versions that are installed.

    Args:
        part: The part.

    Returns:
        Each as `module:Class.name`, with what is wrong.
    """
    return [lack for lean in LEANS_ON if lean.part is part for lack in lean.lacks()]


def _told(lacks: list[str]) -> str:
    return f"not tested with this version of what it leans on; {', '.join(lacks)}"
