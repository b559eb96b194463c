"""What the embedded default is made of: hearing, answering and speaking with no key, no network."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.services.espeak.synthesizer import EspeakSynthesizer
    from antiphon.services.espeak.tts import EspeakTTSService, EspeakTTSSettings
    from antiphon.services.hibari.tts import HibariTTSService, HibariTTSSettings
    from antiphon.services.phrases import jsgf_from_phrases
    from antiphon.services.pocketsphinx.recognizer import DecoderPool
    from antiphon.services.pocketsphinx.stt import PocketSphinxSTTService
    from antiphon.services.scripted.intent_first import IntentFirstLLMService
    from antiphon.services.scripted.llm import ScriptedLLMService
    from antiphon.services.scripted.router import IntentRouter
    from antiphon.services.scripted.script import Script
    from antiphon.services.whisper.stt import EmbeddedWhisperSTTService

__all__ = [
    "DecoderPool",
    "EmbeddedWhisperSTTService",
    "EspeakSynthesizer",
    "EspeakTTSService",
    "EspeakTTSSettings",
    "HibariTTSService",
    "HibariTTSSettings",
    "IntentFirstLLMService",
    "IntentRouter",
    "PocketSphinxSTTService",
    "Script",
    "ScriptedLLMService",
    "jsgf_from_phrases",
]

# On first use, so that one service does not pay for the others.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "espeak.synthesizer": "EspeakSynthesizer",
        "espeak.tts": "EspeakTTSService EspeakTTSSettings",
        "hibari.tts": "HibariTTSService HibariTTSSettings",
        "phrases": "jsgf_from_phrases",
        "pocketsphinx.recognizer": "DecoderPool",
        "pocketsphinx.stt": "PocketSphinxSTTService",
        "scripted.intent_first": "IntentFirstLLMService",
        "scripted.llm": "ScriptedLLMService",
        "scripted.router": "IntentRouter",
        "scripted.script": "Script",
        "whisper.stt": "EmbeddedWhisperSTTService",
    },
)
