"""What a vendor server hears and speaks with, where it is not a script."""

from dataclasses import dataclass
from typing import Protocol

from antiphon.simulation.lines.babble import speech_pcm

__all__ = ["Babble", "Spoken", "SpokenWord", "Voice"]


@dataclass(frozen=True, kw_only=True)
class SpokenWord:
    """A word and when it is heard, in seconds from the start of its text."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A text as sound: 16-bit mono PCM, and its words."""

    pcm: bytes
    words: tuple[SpokenWord, ...]


class Voice(Protocol):
    """Whatever turns text into sound."""

    async def speak(self, text: str, *, sample_rate_hz: int) -> Spoken:
        """Speak a text at a sample rate."""
        ...


class Babble:
    """Sound without words, as long as the words would take."""

    def __init__(self, *, words_per_second: float = 2.7) -> None:
        """Set the pace."""
        self._word_secs = 1 / words_per_second

    async def speak(self, text: str, *, sample_rate_hz: int) -> Spoken:
        """Babble for as long as the text would take."""
        words = text.split()
        each = self._word_secs
        return Spoken(
            pcm=speech_pcm(len(words) * each, sample_rate_hz=sample_rate_hz),
            words=tuple(
                SpokenWord(text=word, start=i * each, end=(i + 1) * each)
                for i, word in enumerate(words)
            ),
        )
