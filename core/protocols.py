"""What parts that may not import each other know of one another."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from pipecat.observers.base_observer import BaseObserver

__all__ = [
    "AudioHandler",
    "KnowsVoiceEdges",
    "SelectiveObserver",
    "TelephoneTransport",
    "observes_microphone",
]


class AudioHandler(Protocol):
    """Takes the caller's audio before the pipeline does, and pushes on what is needed there."""

    def __call__(self, audio: bytes, *, push: Callable[[bytes], Awaitable[None]]) -> None:
        """Take audio.

        Args:
            audio: 16-bit mono samples.
            push: Pushes audio into the pipeline. It waits for nothing.
        """


@runtime_checkable
class TelephoneTransport(Protocol):
    """A transport behind which is a telephone line.

    Its event `on_playback_mark` tells what the far end has played.

    Attributes:
        line_rate_hz: The line's sample rate, at which a pipeline needs no resampler.
    """

    line_rate_hz: int

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Add a handler for an event of the transport.

        Args:
            event_name: The name of the event.
            handler: Called when it occurs.
        """

    def use_fast_path(self, *, on_audio: AudioHandler, packet_ms: int) -> None:
        """Take the fast path, before the pipeline starts.

        For a pipeline in which nobody before the output waits to be told that the agent still
        speaks.

        Args:
            on_audio: Takes the caller's audio, if the pipeline runs at the line's rate.
            packet_ms: How much of the agent's audio has its turn at once, a multiple of 10. With
                longer ones, a voice that comes no faster than it sounds begins later.
        """


@runtime_checkable
class KnowsVoiceEdges(Protocol):
    """What tells that a voice was noticed, or its end, and knows when that was in the sound."""

    def voice_began_secs_ago(self) -> float | None:
        """Tell, when a voice was noticed, how long ago it began; None if that is not known."""

    def voice_ended_secs_ago(self) -> float | None:
        """Tell, when its end was noticed, how long ago a voice ended; None if it is not known."""


@runtime_checkable
class SelectiveObserver(Protocol):
    """An observer that says whether it wants the pushes of the caller's audio.

    Attributes:
        observes_microphone: Whether it does.
    """

    observes_microphone: bool


def observes_microphone(observer: BaseObserver | None) -> bool:
    """Whether an observer is to be told of the caller's audio; one that does not say so is.

    Args:
        observer: The observer, if there is one.
    """
    if isinstance(observer, SelectiveObserver):
        return observer.observes_microphone
    return observer is not None
