"""What may be given for a service, and what is said of one that cannot be had."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from pipecat.processors.frame_processor import FrameProcessor

__all__ = [
    "Given",
    "MissingVariable",
    "NamedService",
    "Place",
    "Service",
    "ServiceKind",
    "UnusableService",
]


class ServiceKind(StrEnum):
    """The three places of a service in a voice pipeline."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"


Place: TypeAlias = ServiceKind | Literal["realtime"]
"""One of them, or that of a speech-to-speech model in the place of all three."""


class MissingVariable(ValueError):
    """A provider was chosen but a variable that it needs is not set."""


class UnusableService(ValueError):
    """What was given as a service is none, or serves a call already."""


@dataclass(frozen=True, kw_only=True)
class NamedService:
    """A service by its provider's name, and what was asked of it.

    Parameters:
        name: The provider's name, or `provider/model`.
        url: Another address than the vendor's own.
        settings: What was asked of it, by name.
    """

    name: str
    url: str | None = None
    # A key may be among them.
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def provider(self) -> str:
        """The provider's name alone, `embedded/whisper` with its slash."""
        return "/".join(self._parts[0])

    @property
    def model(self) -> str:
        """The model that was named, if any."""
        return "/".join(self._parts[1])

    @property
    def _parts(self) -> tuple[list[str], list[str]]:
        parts = self.name.split("/")
        # Of the embedded ones each engine is a provider.
        at = 2 if parts[0] == "embedded" else 1
        return parts[:at], parts[at:]


Given: TypeAlias = NamedService | FrameProcessor | Callable[[], FrameProcessor]
Service: TypeAlias = str | Given
"""A provider's name, an object for one call, or a class or function that makes one for each."""
