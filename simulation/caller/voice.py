"""What a synthetic caller speaks with."""

import asyncio
from typing import Protocol

import numpy as np

from antiphon.core.language_tags import language_of
from antiphon.core.wav import Samples
from antiphon.services import EspeakSynthesizer
from antiphon.services.espeak.voices import voice_for
from antiphon.services.hibari.synthesizer import HibariSynthesizer
from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample

__all__ = [
    "CALLER_VOICE",
    "HIBARI",
    "EspeakVoice",
    "HibariVoice",
    "UnknownVoice",
    "Voice",
    "voice_of",
]

CALLER_VOICE = "en-us+f2"
"""The eSpeak voice that the embedded recogniser understands best of those measured."""

HIBARI = "hibari"
"""The name of the voice that sounds like a person's."""

HIBARI_PITCH = 0.65
"""As deep as a man's, so that a caller is not taken for the agent."""


class Voice(Protocol):
    """Turns lines into speech."""

    async def speak(self, text: str) -> Samples:
        """Return mono samples at `SAMPLE_RATE_HZ`."""
        ...


class UnknownVoice(ValueError):
    """There is no such voice; the message lists those that there are."""


class EspeakVoice:
    """eSpeak NG, from `antiphon[offline]`."""

    def __init__(
        self, voice: str = CALLER_VOICE, *, rate_wpm: int = 160, language: str = ""
    ) -> None:
        """Choose the voice.

        Args:
            voice: An eSpeak voice, with a variant after "+".
            rate_wpm: Words per minute, 80 to 450.
            language: A code, "es", to speak it in that voice's variant.

        Raises:
            ImportError: If `antiphon[offline]` is not installed.
        """
        self._synthesizer = EspeakSynthesizer()
        self._voice = voice_for(language, voice)
        self._rate_wpm = rate_wpm

    async def speak(self, text: str) -> Samples:
        """Return the text as mono samples at `SAMPLE_RATE_HZ`.

        Raises:
            UnknownVoice: If the voice does not exist.
        """
        try:
            speech = await asyncio.to_thread(
                self._synthesizer.synthesize, text, voice=self._voice, rate_wpm=self._rate_wpm
            )
        except ValueError as error:
            raise UnknownVoice(str(error)) from error
        return resample(np.frombuffer(speech.pcm, "<i2"), speech.sample_rate_hz, SAMPLE_RATE_HZ)


class HibariVoice:
    """hibari in a deep voice, from `antiphon[speech]`; English."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            ImportError: If `antiphon[speech]` is not installed.
        """
        self._synthesizer = HibariSynthesizer()

    async def speak(self, text: str) -> Samples:
        """Return the text as mono samples at `SAMPLE_RATE_HZ`."""
        speech = await asyncio.to_thread(self._synthesizer.synthesize, text, pitch=HIBARI_PITCH)
        return resample(np.frombuffer(speech.pcm, "<i2"), speech.sample_rate_hz, SAMPLE_RATE_HZ)


def voice_of(name: str, *, language: str = "") -> Voice:
    """Return a voice by its name.

    Args:
        name: "hibari", or an eSpeak voice, with a variant after "+".
        language: A code, "es", to speak it.

    Raises:
        ImportError: If the extra that it comes with is not installed.
        UnknownVoice: If hibari does not speak the language.
    """
    if name != HIBARI:
        return EspeakVoice(name, language=language)
    if language_of(language) not in ("", "en"):
        raise UnknownVoice(f"hibari speaks no {language!r}: give an eSpeak voice")
    return HibariVoice()
