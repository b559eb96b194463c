"""What the embedded default is made of: hearing, answering and speaking with no key, no network.

Importing this loads neither PocketSphinx nor eSpeak: that is for the first instance.
"""

from antiphon.services.espeak import EspeakTTSService, EspeakTTSSettings
from antiphon.services.phrases import jsgf_from_phrases
from antiphon.services.pocketsphinx import PocketSphinxSTTService
from antiphon.services.scripted import Script, ScriptedLLMService

__all__ = [
    "EspeakTTSService",
    "EspeakTTSSettings",
    "PocketSphinxSTTService",
    "Script",
    "ScriptedLLMService",
    "jsgf_from_phrases",
]
