"""A service by name, with settings."""

from collections.abc import Sequence
from typing import Any

from antiphon.pipeline.providers.kinds import NamedService

__all__ = ["service"]


def service(
    name: str,
    *,
    keyterms: Sequence[str] | None = None,
    endpointing_ms: int | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    voice: str | None = None,
    speed: float | None = None,
    url: str | None = None,
    **settings: Any,
) -> NamedService:
    """Name a service and say how it should be, in words that mean the same at every vendor.

    What a vendor does not know is refused, by its name, when the agent is made. Any other keyword
    is one of the vendor's own: a field of its `Settings`, or an argument of its Pipecat service.

    Example::

        VoiceAgent(stt=service("deepgram/nova-3", keyterms=["Nguyen"], smart_format=True))

    Args:
        name: A provider, as `deepgram`, or with its model, as `anthropic/claude-haiku-4-5`. Where
            a vendor's voices are its models, the voice.
        keyterms: Words that speech-to-text should expect.
        endpointing_ms: The silence, in milliseconds, after which speech-to-text ends a piece.
        temperature: How freely a model chooses.
        max_tokens: The longest answer of a language model.
        voice: The vendor's id of a voice.
        speed: How fast the voice speaks; 1.0 is its own pace.
        url: Another address than the vendor's, such as a server of one's own.
        **settings: What only this vendor knows.

    Returns:
        What `stt`, `llm` and `tts` of a `VoiceAgent` take; each call makes a service of it.
    """
    ours = {
        "keyterms": keyterms,
        "endpointing_ms": endpointing_ms,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "voice": voice,
        "speed": speed,
    }
    asked = {option: value for option, value in ours.items() if value is not None}
    return NamedService(name=name, url=url, settings={**asked, **settings})
