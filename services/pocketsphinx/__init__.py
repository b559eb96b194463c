"""Speech recognition by PocketSphinx: no key, no network, a grammar or the English model."""

from antiphon.services.phrases import jsgf_from_phrases
from antiphon.services.pocketsphinx.recognizer import DecoderPool
from antiphon.services.pocketsphinx.stt import UNCLEAR, PocketSphinxSTTService

__all__ = ["UNCLEAR", "DecoderPool", "PocketSphinxSTTService", "jsgf_from_phrases"]
