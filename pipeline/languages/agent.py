"""Has the parts of a composed agent follow the language of its caller."""

import dataclasses
import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import LLMMessagesAppendFrame
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.core.language_tags import language_of
from antiphon.pipeline.languages.phrases import (
    OwnPhrases,
    apology_in,
    name_of,
    spoken_languages,
)
from antiphon.pipeline.latency import APOLOGY
from antiphon.pipeline.providers.embedded import in_full, is_embedded, is_order_desk
from antiphon.pipeline.providers.kinds import Given, NamedService, ServiceKind
from antiphon.pipeline.providers.registry import find_provider
from antiphon.pipeline.providers.words import Vocabulary
from antiphon.processors.language import LanguageFollower
from antiphon.processors.latency import Apology

if TYPE_CHECKING:
    from antiphon.pipeline.agent import VoiceAgent

__all__ = ["check_languages", "follow_language", "in_languages", "note_of"]

# What has to be asked of a vendor beside the languages, so that it tells which one it heard.
ALSO: Mapping[str, Mapping[str, Any]] = {
    "deepgram_flux": {"model": "flux-general-multi"},
    "elevenlabs_realtime": {"include_language_detection": True},
    "soniox": {"enable_language_identification": True},
}


def check_languages(
    languages: Sequence[str], voices: Mapping[str, str], phrases: Mapping[str, Mapping[str, str]]
) -> None:
    """Refuse languages that an agent could not speak, by their names.

    Args:
        languages: What it speaks.
        voices: By language, a voice.
        phrases: By language, what it says of its own accord.

    Raises:
        TypeError: If `languages` is no list of codes, or another no mapping by language.
        ValueError: If a code names a language that no agent speaks, or one that this one does not.
    """
    if isinstance(languages, str) or not isinstance(languages, Sequence):
        raise TypeError(f"languages={languages!r}: give a list of codes, such as ['en', 'es']")
    for tag in languages:
        if language_of(tag) not in spoken_languages():
            known = ", ".join(sorted(spoken_languages()))
            raise ValueError(f"languages has {tag!r}: there are {known}")
    codes = {language_of(tag) for tag in languages}
    by_language: Mapping[str, object] = {"voices": voices, "phrases": phrases}
    for name, given in by_language.items():
        if not isinstance(given, Mapping):
            told = reprlib.repr(given)
            raise TypeError(f"{name}={told}: give a mapping by language, such as {{'es': …}}")
        for tag in given:
            if language_of(tag) not in codes:
                raise ValueError(f"{name} has {tag!r}, which is not among languages={languages!r}")
    for tag, voice in voices.items():
        if not (isinstance(voice, str) and voice):
            raise TypeError(f"voices[{tag!r}] is {voice!r}: give the vendor's id of a voice")
    for tag, said in phrases.items():
        if not (isinstance(said, Mapping) and all(isinstance(one, str) for one in said.values())):
            told = reprlib.repr(said)
            raise TypeError(f"phrases[{tag!r}] is {told}: give by text the same in that language")
    lacking = codes - {language_of(tag) for tag in voices}
    if voices and lacking:
        # Or the voice of one language would speak the other, once the caller has gone back.
        raise ValueError(f"voices has none for {', '.join(sorted(lacking))}: give one for each")


def in_languages(
    kind: ServiceKind, service: Given, *, languages: Sequence[str], voices: Mapping[str, str]
) -> Given:
    """Have a named service hear, or speak, an agent's languages as far as the vendor can.

    Args:
        kind: Which one.
        service: As it was given; what its user chose stays.
        languages: Which the agent speaks.
        voices: By language, a voice.
    """
    service = in_full(kind, service, languages=languages, has_voices=bool(voices))
    if not (languages and isinstance(service, NamedService)) or kind is ServiceKind.LLM:
        return service
    if is_order_desk(kind, service) or any("language" in setting for setting in service.settings):
        return service
    provider = find_provider(kind, service.provider)
    if "language" not in Vocabulary("", provider.load(), provider.quirks).fields:
        return service
    first = language_of(languages[0])
    asked: dict[str, Any] = {}
    if kind is ServiceKind.TTS:
        asked["language"] = languages[0]
        if voices and not service.model:
            asked["voice"] = _by_code(voices)[first]
    else:
        if len(languages) > 1 or first != "en":
            asked.update(ALSO.get(service.provider, {}))
        if service.model:
            asked.pop("model", None)
        asked["languages"] = list(languages)
    return dataclasses.replace(service, settings={**asked, **service.settings})


def note_of(languages: Sequence[str]) -> list[Any]:
    """Tell the language model in which language a call begins, if the agent has languages.

    Args:
        languages: Which it speaks.
    """
    return [_note(language_of(languages[0]))] if languages else []


def follow_language(
    agent: "VoiceAgent", stt: FrameProcessor, apologies: Sequence[Apology]
) -> tuple[list[LanguageFollower], list[OwnPhrases]]:
    """Make what follows the caller's language, if the agent has languages.

    Args:
        agent: Whose call it is.
        stt: The call's speech-to-text.
        apologies: Recordings, to be had in each language.

    Returns:
        What stands behind the STT service, and what stands before the voice.
    """
    if not agent.languages:
        return [], []
    codes = [language_of(tag) for tag in agent.languages]
    if is_embedded(agent.stt) and codes != ["en"]:
        logger.warning(f"{stt} hears English only: another stt hears {', '.join(codes)}")
    follower = LanguageFollower(languages=agent.languages, voices=agent.voices)
    is_ours = agent.latency is not None and agent.latency.apology == APOLOGY

    def apologise_in(code: str) -> None:
        for apology in apologies:
            if is_ours:
                apology.set_recording(apology_in(code) or APOLOGY)

    async def changed(follower: LanguageFollower, code: str) -> None:
        apologise_in(code)
        await follower.push_frame(LLMMessagesAppendFrame([_note(code)], run_llm=False))

    apologise_in(codes[0])
    follower.add_event_handler("on_language", changed)
    return [follower], [OwnPhrases(language=codes[0], phrases=_by_code(agent.phrases))]


def _note(code: str) -> Any:
    name = name_of(code)
    return {"role": "developer", "content": f"The caller speaks {name}. Answer in {name}."}


def _by_code(by_language: Mapping[str, Any]) -> dict[str, Any]:
    return {language_of(tag): value for tag, value in by_language.items()}
