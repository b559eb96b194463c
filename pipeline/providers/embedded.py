"""The embedded services, which are an order desk's."""

import importlib.util

from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers.kinds import ServiceKind

__all__ = ["create_embedded", "require_embedded"]

_MODULES = {
    ServiceKind.STT: "pocketsphinx",
    ServiceKind.LLM: "pocketsphinx",
    ServiceKind.TTS: "espeakng_loader",
}


def require_embedded(kind: ServiceKind) -> None:
    """Refuse where the extra is not installed.

    Args:
        kind: Which place in the pipeline it takes.

    Raises:
        ImportError: If it is not.
    """
    if importlib.util.find_spec(_MODULES[kind]) is None:
        raise ImportError(
            f"the 'embedded' {kind} service needs an extra: pip install 'antiphon[offline]'"
        )


def create_embedded(kind: ServiceKind) -> FrameProcessor:
    """Make an embedded service.

    Args:
        kind: Which place in the pipeline it takes.
    """
    from antiphon import services

    if kind is ServiceKind.STT:
        return services.PocketSphinxSTTService(grammar=services.Script.order_status().jsgf())
    if kind is ServiceKind.LLM:
        return services.ScriptedLLMService()
    return services.EspeakTTSService()
