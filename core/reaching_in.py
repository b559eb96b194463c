"""What reads and sets the inside of somebody's object; `pipecat_internals` lists it, with reasons.

A subclass uses what it inherits in place. All else goes through here.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecat.frames.frames import Frame
    from pipecat.observers.base_observer import BaseObserver
    from pipecat.pipeline.worker import PipelineWorker
    from pipecat.services.llm_service import LLMService
    from pipecat.turns.user_start import BaseUserTurnStartStrategy
    from pipecat.turns.user_stop import BaseUserTurnStopStrategy

__all__ = [
    "begin_silently",
    "close_client",
    "current_item",
    "decide_turns_here",
    "forget_current_item",
    "ignored_sources",
    "instruct",
    "keep_preroll",
    "observers_of",
    "span_processors",
    "start_strategies",
    "stop_strategies",
    "tell_of_turn",
    "tool_time",
    "tracing_enabled",
    "trim_preroll",
    "writes_down",
]


def observers_of(worker: "PipelineWorker") -> "Collection[BaseObserver] | None":
    """Who observes a worker; None where that cannot be told.

    Args:
        worker: The worker.
    """
    return getattr(getattr(worker, "_observer", None), "_observers", None)


def ignored_sources(observer: object) -> Collection[object] | None:
    """Whose frames an `RTVIObserver` does not tell of; None where that cannot be told.

    Args:
        observer: The observer.
    """
    return getattr(observer, "_ignored_sources", None)


def tracing_enabled(worker: "PipelineWorker") -> bool | None:
    """Whether services write spans; None where that cannot be told.

    Args:
        worker: The worker.
    """
    return getattr(worker, "_enable_tracing", None)


def span_processors(provider: object) -> Collection[object] | None:
    """What takes the spans of OpenTelemetry's provider; None where that cannot be told.

    Args:
        provider: The provider.
    """
    return getattr(getattr(provider, "_active_span_processor", None), "_span_processors", None)


def start_strategies(processor: object) -> "list[BaseUserTurnStartStrategy]":
    """The strategies by which a processor starts a caller's turn; none where it does not.

    Args:
        processor: The processor.
    """
    controller = getattr(processor, "_user_turn_controller", None)
    return controller.user_turn_strategies.start or [] if controller else []


def stop_strategies(processor: object) -> "list[BaseUserTurnStopStrategy]":
    """The strategies by which a processor ends a caller's turn; none where it does not.

    Args:
        processor: The processor.
    """
    controller = getattr(processor, "_user_turn_controller", None)
    return controller.user_turn_strategies.stop or [] if controller else []


async def tell_of_turn(processor: object, frame: "Frame") -> None:
    """Tell what starts and ends the turns at a processor of something that no frame tells.

    Args:
        processor: The processor.
        frame: What would have told of it.
    """
    if controller := getattr(processor, "_user_turn_controller", None):
        await controller.process_frame(frame)


async def close_client(service: "LLMService[Any]") -> None:
    """Close the connections that Pipecat 1.14 leaves open when an OpenAI service ends.

    Args:
        service: The service.
    """
    if client := getattr(service, "_client", None):
        await client.close()


def _is_openai(service: object) -> bool:
    """Whether it is an OpenAI Realtime session: others have settings of these names, elsewhere."""
    module = "pipecat.services.openai.realtime.llm"
    return any(cls.__module__ == module for cls in type(service).__mro__)


def decide_turns_here(service: Any) -> bool:
    """Have an OpenAI Realtime session find no turns, unless its user chose how it should.

    Args:
        service: The service, before it is set up.

    Returns:
        Whether it is one, and finds none.
    """
    if not _is_openai(service):
        return False
    from pipecat.services.openai.realtime.events import AudioConfiguration, AudioInput

    session = service._settings.session_properties
    audio = session.audio or AudioConfiguration()
    heard = audio.input or AudioInput()
    if heard.turn_detection is None:
        # Not in place: all calls may have been given one object.
        heard = heard.model_copy(update={"turn_detection": False})
        audio = audio.model_copy(update={"input": heard})
        service._settings.session_properties = session.model_copy(update={"audio": audio})
    return bool(heard.turn_detection is False)


def instruct(service: Any, text: str) -> bool:
    """Give an OpenAI Realtime session its instructions, unless it has some.

    Args:
        service: The service, before it is set up.
        text: The instructions.

    Returns:
        Whether it has instructions now.
    """
    settings: Any = getattr(service, "_settings", None)
    if getattr(settings, "system_instruction", None):
        return True
    if not hasattr(getattr(settings, "session_properties", None), "audio"):
        return False
    settings.apply_update(type(settings)(system_instruction=text))
    return True


def current_item(service: object) -> Any:
    """The item whose sound a speech-to-speech service has received last, if it keeps one.

    Args:
        service: The service.
    """
    return getattr(service, "_current_audio_response", None)


def forget_current_item(service: Any) -> None:
    """Keep a speech-to-speech service from truncating an item by the clock.

    Args:
        service: The service.
    """
    if current_item(service) is not None:
        service._current_audio_response = None


def keep_preroll(service: Any, secs: float) -> None:
    """Have a speech-to-speech service keep so much of what it heard last, unless it was told.

    Args:
        service: The service; one that keeps nothing stays as it is.
        secs: How much.
    """
    if getattr(service, "_user_audio_preroll_secs_override", secs) is None:
        service._user_audio_preroll_secs_override = service._user_audio_preroll_secs = secs


def trim_preroll(service: Any, secs: float, *, rate_hz: int) -> bytes:
    """Drop of what a speech-to-speech service keeps all but the last of it.

    Args:
        service: The service; one that keeps nothing stays as it is.
        secs: How much stays.
        rate_hz: The rate of what it keeps, 16-bit and mono.

    Returns:
        What stays.
    """
    kept = getattr(service, "_user_audio_preroll_buffer", None) or bytearray()
    del kept[: max(0, len(kept) - 2 * round(secs * rate_hz))]
    return bytes(kept)


def writes_down(service: Any) -> bool:
    """Whether a speech-to-speech service tells the caller's words, as all but OpenAI's do unasked.

    Args:
        service: The service.
    """
    if not _is_openai(service):
        return True
    audio = service._settings.session_properties.audio
    return bool(audio and audio.input and audio.input.transcription)


def begin_silently(service: Any, context: Any) -> bool:
    """Give a speech-to-speech service its first context without an answer to it.

    Args:
        service: The service, before it is set up.
        context: The conversation, which must be empty.

    Returns:
        Whether that could be done.
    """
    if not hasattr(service, "_llm_needs_conversation_setup"):
        return False
    service._context, service._llm_needs_conversation_setup = context, False
    return True


def tool_time(tool: object) -> tuple[float | None, bool]:
    """Tell what Pipecat's `tool_options` says of a tool: its time, and whether it is awaited.

    Args:
        tool: A function; one without options is awaited without limit.
    """
    own = getattr(tool, "_pipecat_timeout_secs", None)
    return own, getattr(tool, "_pipecat_cancel_on_interruption", True)
