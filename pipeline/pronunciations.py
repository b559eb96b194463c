"""How a voice is to say names that it would read wrong, while the context keeps them as written.

A word written as it sounds goes to every voice. One in IPA, between slashes, goes to those of
Pipecat's services that read phonemes, each in its own markup.
"""

import reprlib
from collections.abc import Mapping
from typing import Any

from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.tts_service import TTSService
from pipecat.utils.text.transforms.pronunciations import pronunciation_transform

__all__ = ["check_pronunciations", "pronounce"]


def check_pronunciations(given: object) -> None:
    """Refuse what says of no word how it sounds.

    Args:
        given: What was given as pronunciations.

    Raises:
        TypeError: If it is no mapping of texts to texts, or one of these is empty.
    """
    if not isinstance(given, Mapping):
        wrong = f"pronunciations={reprlib.repr(given)}"
    else:
        pairs = [pair for pair in given.items() if not all(map(_is_text, pair))]
        if not pairs:
            return
        wrong = f"pronunciations: {reprlib.repr(dict(pairs[:1]))}"
    raise TypeError(f"{wrong}: give words and how they sound, such as {{'Nguyen': 'win'}}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip("/ "))


def pronounce(tts: FrameProcessor, pronunciations: Mapping[str, str]) -> None:
    """Tell a voice how to say words.

    Args:
        tts: The service, or a switcher of several.
        pronunciations: By a word, how it sounds: `"win"`, or in IPA, `"/wɪn/"`.

    Raises:
        ValueError: If it reads no phonemes and was given some, or is no service that could be told.
    """
    if not pronunciations:
        return
    if not isinstance(tts, TTSService):
        voices = [part for part in tts.processors if _has_voice(part)]
        if not voices:
            raise ValueError(f"pronunciations need a Pipecat TTS service, and {tts} is none")
        for voice in voices:
            pronounce(voice, pronunciations)
        return
    phonemes = {
        word: said.strip("/")
        for word, said in pronunciations.items()
        if len(said) > 2 and said.startswith("/") and said.endswith("/")
    }
    for word, ipa in phonemes.items():
        if type(tts).format_pronunciation(word, ipa) is None:
            raise ValueError(
                f"{type(tts).__name__} cannot say {word!r} by the phonemes '/{ipa}/': "
                f"write how it sounds, such as {{'Nguyen': 'win'}}"
            )
    respelt = {word: said for word, said in pronunciations.items() if word not in phonemes}
    if respelt:
        replace = pronunciation_transform(respelt, lambda _, said: said)

        async def respell(text: str, text_type: Any) -> str:
            # Wrapped, since Pipecat skips such transforms for a voice that reads no markup.
            return await replace(text, text_type)

        tts.add_text_transformer(respell)
    if phonemes:
        tts.add_text_transformer(type(tts).pronunciation_transform_ipa(phonemes))


def _has_voice(part: FrameProcessor) -> bool:
    return isinstance(part, TTSService) or any(map(_has_voice, part.processors))
