"""eSpeak NG speech synthesis: no key, no network, word timings from the engine itself."""

from antiphon.services.espeak.synthesizer import EspeakSynthesizer, Speech, SpeechChunk
from antiphon.services.espeak.tts import EspeakTTSService, EspeakTTSSettings
from antiphon.services.espeak.words import WordTiming

__all__ = [
    "EspeakSynthesizer",
    "EspeakTTSService",
    "EspeakTTSSettings",
    "Speech",
    "SpeechChunk",
    "WordTiming",
]
