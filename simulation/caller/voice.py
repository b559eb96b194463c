"""What a synthetic caller speaks with."""

import asyncio
from typing import Protocol

import numpy as np

from antiphon.core.wav import Samples
from antiphon.services import EspeakSynthesizer
from antiphon.services.espeak.voices import voice_for
from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample

__all__ = ["CALLER_VOICE", "EspeakVoice", "UnknownVoice", "Voice"]

CALLER_VOICE = "en-us+f2"
"""The eSpeak voice that the embedded recogniser understands best of those measured."""


class Voice(Protocol):
    """Turns lines into speech."""

    async def speak(self, text: str) -> Samples:
        """Return mono samples at `SAMPLE_RATE_HZ`."""
        ...


class UnknownVoice(ValueError):
    """eSpeak has no such voice; the message lists what it has."""


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
