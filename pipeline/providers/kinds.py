"""What may be given for a service, and what is said of one that cannot be had."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from pipecat.processors.frame_processor import FrameProcessor

__all__ = ["Given", "MissingVariable", "NamedService", "Service", "ServiceKind", "UnusableService"]


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
        """The provider's name alone."""
        return self.name.partition("/")[0]

    @property
    def model(self) -> str:
        """The model that was named, if any."""
        return self.name.partition("/")[2]


Given: TypeAlias = NamedService | FrameProcessor | Callable[[], FrameProcessor]
Service: TypeAlias = str | Given
"""A provider's name, an object for one call, or a class or function that makes one for each."""
