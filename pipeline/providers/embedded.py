"""The embedded services: a voice that can be set, and ears and wits of an order desk."""

import importlib.util

from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers.kinds import NamedService, ServiceKind

__all__ = ["create_order_desk", "is_order_desk", "require_embedded"]

_MODULES = {
    ServiceKind.STT: "pocketsphinx",
    ServiceKind.LLM: "pocketsphinx",
    ServiceKind.TTS: "espeakng_loader",
}


def is_order_desk(kind: ServiceKind, named: NamedService) -> bool:
    """Whether a name is of the order desk's ears or wits.

    Args:
        kind: Which place in the pipeline it takes.
        named: The name and the settings.
    """
    return named.provider == "embedded" and kind is not ServiceKind.TTS


def require_embedded(kind: ServiceKind, named: NamedService) -> None:
    """Refuse where the extra is not installed, and settings of what has none.

    Args:
        kind: Which place in the pipeline it takes.
        named: The name and the settings.

    Raises:
        ImportError: If the extra is not installed.
        ValueError: If there are settings.
    """
    if importlib.util.find_spec(_MODULES[kind]) is None:
        raise ImportError(
            f"the 'embedded' {kind} service needs an extra: pip install 'antiphon[offline]'"
        )
    asked = [*named.settings]
    asked += [name for name in ("model", "url") if getattr(named, name)]
    if asked and is_order_desk(kind, named):
        raise ValueError(
            f"the 'embedded' {kind} service takes no settings, and got {', '.join(asked)}"
        )


def create_order_desk(kind: ServiceKind) -> FrameProcessor:
    """Make the order desk's ears or wits.

    Args:
        kind: Which place in the pipeline it takes.
    """
    from antiphon import services

    if kind is ServiceKind.STT:
        return services.PocketSphinxSTTService(grammar=services.Script.order_status().jsgf())
    return services.ScriptedLLMService()
