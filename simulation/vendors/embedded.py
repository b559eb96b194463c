"""Real ears and a real voice for the vendor servers: PocketSphinx and eSpeak NG.

Needs `antiphon[offline]`. Real audio in gives real text, and text gives real audio.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from antiphon.services import EspeakSynthesizer
from antiphon.services.phrases import jsgf_from_phrases
from antiphon.services.pocketsphinx.recognizer import SAMPLE_RATE_HZ, load_decoder
from antiphon.services.pocketsphinx.telephone import (
    TELEPHONE_ADAPTATION,
    TELEPHONE_RATE_HZ,
    BandMirror,
)
from antiphon.simulation.audio import resample
from antiphon.simulation.vendors.listening import Transcriber
from antiphon.simulation.vendors.voices import Spoken, SpokenWord

__all__ = ["EspeakVoice", "pocketsphinx_transcriber"]


class EspeakVoice:
    """Speaks with eSpeak NG, word times included."""

    def __init__(self, *, voice: str = "en-us", rate_wpm: int = 160) -> None:
        """Choose the voice.

        Args:
            voice: An eSpeak voice, with an optional variant: "en-us+f2".
            rate_wpm: Words a minute.
        """
        self._espeak = EspeakSynthesizer()
        self._voice = voice
        self._rate_wpm = rate_wpm

    async def speak(self, text: str, *, sample_rate_hz: int) -> Spoken:
        """Speak a text at a sample rate in Hz."""
        speech = await asyncio.to_thread(
            self._espeak.synthesize, text, voice=self._voice, rate_wpm=self._rate_wpm
        )
        samples = np.frombuffer(speech.pcm, "<i2")
        return Spoken(
            pcm=resample(samples, speech.sample_rate_hz, sample_rate_hz).tobytes(),
            words=tuple(
                SpokenWord(text=word.text, start=word.start_secs, end=word.end_secs)
                for word in speech.words
            ),
        )


def pocketsphinx_transcriber(
    phrases: Sequence[str] | None = None,
) -> Callable[[], Transcriber]:
    """Make what `DeepgramServer(transcriber=…)` takes.

    Args:
        phrases: What may be said; by default any English, much less reliably.

    Returns:
        A function that makes one transcriber for each connection.

    Raises:
        ImportError: If `antiphon[offline]` is not installed.
        ValueError: If a phrase has a word without a pronunciation.
    """
    grammar = jsgf_from_phrases(phrases) if phrases else None
    first = [load_decoder(grammar)]  # at once, so that a bad phrase is told before any call
    return lambda: _PocketSphinx(first.pop() if first else load_decoder(grammar))


class _PocketSphinx:
    """One decoder, fed by one connection."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._mirror: BandMirror | None = None

    def begin(self, lead_in: bytes, sample_rate_hz: int) -> None:
        if sample_rate_hz == TELEPHONE_RATE_HZ and self._mirror is None:
            self._mirror = BandMirror()
            self._decoder.set_cmn(TELEPHONE_ADAPTATION)
        self._decoder.start_utt()
        if lead_in:
            self.hear(lead_in, sample_rate_hz)

    def hear(self, pcm: bytes, sample_rate_hz: int) -> str:
        if self._mirror:
            pcm = self._mirror.widen(np.frombuffer(pcm, dtype="<i2")).tobytes()
        else:
            pcm = _at_16_khz(pcm, sample_rate_hz)
        self._decoder.process_raw(pcm, False, False)
        return self.settle()

    def settle(self) -> str:
        hypothesis = self._decoder.hyp()
        words = hypothesis.hypstr.split() if hypothesis else []
        # "read(2)" is a second pronunciation; "anysound…" is what fits no phrase.
        known = [word.split("(")[0] for word in words if not word.startswith("anysound")]
        return " ".join(known)

    def end(self) -> str:
        self._decoder.end_utt()
        return self.settle()


def _at_16_khz(pcm: bytes, sample_rate_hz: int) -> bytes:
    """Bring audio to the one rate that the model hears, by straight lines between samples."""
    if sample_rate_hz == SAMPLE_RATE_HZ:
        return pcm
    samples = np.frombuffer(pcm, dtype="<i2")
    count = round(len(samples) * SAMPLE_RATE_HZ / sample_rate_hz)
    at = np.arange(count) * sample_rate_hz / SAMPLE_RATE_HZ
    resampled: bytes = np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
    return resampled
