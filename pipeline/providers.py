"""Services by name: what each provider needs, and how its Pipecat service is made."""

import importlib.util
import inspect
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.utils.types import NOT_GIVEN

if TYPE_CHECKING:
    from antiphon.pipeline.settings import Settings

__all__ = [
    "PROVIDERS",
    "MissingVariable",
    "Provider",
    "Service",
    "ServiceKind",
    "UnusableService",
    "create_service",
    "make_service",
]

Service: TypeAlias = str | FrameProcessor | Callable[[], FrameProcessor]
"""A provider's name, an object for one call, or a class or function that makes one for each."""


class ServiceKind(StrEnum):
    """The three places of a service in a voice pipeline."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"


class MissingVariable(ValueError):
    """A provider was chosen but a variable that it needs is not set."""


class UnusableService(ValueError):
    """What was given as a service is none, or serves a call already."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider of one kind of service.

    Parameters:
        build: Makes the service from the settings and the instructions.
        extra: The extra of antiphon that brings its SDK.
        module: A module that is there when the extra is.
        variables: Environment variables that must be set. In `A|B`, either will do.
        slow: Whether making it blocks for so long that a call should find it made.
    """

    build: Callable[["Settings", str], FrameProcessor]
    extra: str
    module: str
    variables: tuple[str, ...] = ()
    slow: bool = False

    def is_installed(self) -> bool:
        """Whether the extra is installed."""
        return importlib.util.find_spec(self.module) is not None

    def missing_variables(self, settings: "Settings") -> list[str]:
        """The variables that are needed and not set."""
        return [
            variable
            for variable in self.variables
            if not any(getattr(settings, name.lower()) for name in variable.split("|"))
        ]


def _embedded_stt(settings: "Settings", instructions: str) -> FrameProcessor:
    from antiphon.services import PocketSphinxSTTService, Script

    return PocketSphinxSTTService(grammar=Script.order_status().jsgf())


def _embedded_llm(settings: "Settings", instructions: str) -> FrameProcessor:
    from antiphon.services import ScriptedLLMService

    return ScriptedLLMService()


def _embedded_tts(settings: "Settings", instructions: str) -> FrameProcessor:
    from antiphon.services import EspeakTTSService

    return EspeakTTSService()


def _deepgram_stt(settings: "Settings", instructions: str) -> FrameProcessor:
    from pipecat.services.deepgram.stt import DeepgramSTTService

    assert settings.deepgram_api_key is not None
    return DeepgramSTTService(
        api_key=settings.deepgram_api_key.get_secret_value(),
        base_url=settings.deepgram_base_url or "",
        settings=DeepgramSTTService.Settings(model=settings.deepgram_model or NOT_GIVEN),
    )


def _openai_llm(settings: "Settings", instructions: str) -> FrameProcessor:
    from antiphon.services.openai import OpenAILLMService

    key = settings.openai_api_key
    return OpenAILLMService(
        # Local servers take any key, but the SDK refuses to start without one.
        api_key=key.get_secret_value() if key else "unused",
        base_url=settings.openai_base_url,
        settings=OpenAILLMService.Settings(
            model=settings.openai_model or NOT_GIVEN, system_instruction=instructions
        ),
    )


def _cartesia_tts(settings: "Settings", instructions: str) -> FrameProcessor:
    from pipecat.services.cartesia.tts import CartesiaTTSService

    assert settings.cartesia_api_key is not None
    return CartesiaTTSService(
        api_key=settings.cartesia_api_key.get_secret_value(),
        url=settings.cartesia_url or "wss://api.cartesia.ai/tts/websocket",
        settings=CartesiaTTSService.Settings(voice=settings.cartesia_voice_id),
    )


PROVIDERS: Mapping[ServiceKind, Mapping[str, Provider]] = {
    ServiceKind.STT: {
        "embedded": Provider(build=_embedded_stt, extra="offline", module="pocketsphinx"),
        "deepgram": Provider(
            build=_deepgram_stt,
            extra="deepgram",
            module="deepgram",
            variables=("DEEPGRAM_API_KEY",),
            slow=True,  # it reads the certificates of every authority: 20 ms
        ),
    },
    ServiceKind.LLM: {
        "embedded": Provider(build=_embedded_llm, extra="offline", module="pocketsphinx"),
        "openai": Provider(
            build=_openai_llm,
            extra="openai",
            module="openai",
            variables=("OPENAI_API_KEY|OPENAI_BASE_URL",),
        ),
    },
    ServiceKind.TTS: {
        "embedded": Provider(build=_embedded_tts, extra="offline", module="espeakng_loader"),
        "cartesia": Provider(
            build=_cartesia_tts,
            extra="cartesia",
            module="websockets",
            variables=("CARTESIA_API_KEY", "CARTESIA_VOICE_ID"),
        ),
    },
}


def create_service(
    kind: ServiceKind,
    name: str,
    *,
    instructions: str = "",
    settings: "Settings | None" = None,
) -> FrameProcessor:
    """Make a service by its provider's name.

    Args:
        kind: Which place in the pipeline it takes.
        name: One of the names in `PROVIDERS[kind]`.
        instructions: The system prompt of a language model.
        settings: Keys, addresses and models; read from the environment by default.

    Returns:
        The Pipecat service.

    Raises:
        ValueError: If no provider has that name.
        ImportError: If the provider's extra is not installed.
        MissingVariable: If a variable that it needs is not set.
    """
    providers = PROVIDERS[kind]
    if name not in providers:
        raise ValueError(
            f"unknown {kind} service {name!r}: choose one of {', '.join(sorted(providers))}"
        )
    provider = providers[name]
    if not provider.is_installed():
        raise ImportError(
            f"the {name!r} {kind} service needs an extra: pip install 'antiphon[{provider.extra}]'"
        )
    settings = settings or _settings_from_environment()
    if missing := provider.missing_variables(settings):
        wanted = " and ".join(variable.replace("|", " or ") for variable in missing)
        raise MissingVariable(
            f"the {name!r} {kind} service needs {wanted}: set it in the environment or in .env"
        )
    return provider.build(settings, instructions)


def make_service(kind: ServiceKind, factory: Callable[[], FrameProcessor]) -> FrameProcessor:
    """Make a service for one call.

    Args:
        kind: Which place in the pipeline it takes.
        factory: A class or a function; it is called without arguments.

    Returns:
        The Pipecat service.

    Raises:
        UnusableService: If calling it fails or gives something else.
    """
    name = getattr(factory, "__qualname__", None) or repr(factory)
    try:
        made: object = factory()
    except Exception as error:
        raise UnusableService(
            f"{kind}={name}, called without arguments, raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(made, FrameProcessor):
        if inspect.iscoroutine(made):
            made.close()
        raise UnusableService(
            f"{kind}={name} returned {reprlib.repr(made)}: it must return a Pipecat service, "
            "a new one each time"
        )
    return made


def _settings_from_environment() -> "Settings":
    # Imported here because pydantic-settings comes with the services' extras, not with the core.
    from antiphon.pipeline.settings import Settings

    return Settings()
