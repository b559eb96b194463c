"""What an agent of several languages asks of its services, says itself, and refuses."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pipecat.frames.frames import (
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.services.settings import TTSSettings
from pipecat.tests.utils import run_test

import antiphon.pipeline.languages as languages
from antiphon.core.wav import read_wav
from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent, service
from antiphon.pipeline.languages.agent import follow_language, in_languages
from antiphon.pipeline.languages.phrases import OwnPhrases, apology_in, spoken_languages
from antiphon.pipeline.latency import APOLOGY
from antiphon.pipeline.providers.kinds import NamedService, ServiceKind
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.processors import Apology, Filler
from antiphon.simulation.fakes import FakeTTS

STT, LLM, TTS = ServiceKind
TABLE = tomllib.loads((Path(languages.__file__).parent / "phrases.toml").read_text("utf-8"))


def agent(**options: Any) -> VoiceAgent:
    return VoiceAgent(stt=FakeTTS, llm=FakeTTS, tts=FakeTTS, **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"languages": ["en", "tlh"]}, "languages has 'tlh': there are de, en, es, fr, hi, it, ja"),
        ({"languages": ["klingon"]}, "languages has 'klingon'"),
        ({"languages": [""]}, "languages has ''"),
        ({"languages": [None]}, "languages has None"),
        ({"languages": "en"}, "languages='en': give a list of codes"),
        ({"languages": {"en"}}, "give a list of codes"),
        ({"languages": ["en"], "voices": {"es": "x"}}, "voices has 'es', which is not among"),
        ({"languages": ["en", "es"], "voices": {"es": "x"}}, "voices has none for en"),
        ({"voices": {"es": "x"}}, "voices has 'es', which is not among"),
        ({"languages": ["en"], "voices": ["x"]}, "voices=.*: give a mapping by language"),
        ({"languages": ["en"], "voices": {"en": None}}, r"voices\['en'\] is None"),
        ({"languages": ["en"], "phrases": {"fr": {}}}, "phrases has 'fr', which is not among"),
        ({"languages": ["en"], "phrases": {"en": "x"}}, r"phrases\['en'\] is 'x'"),
        ({"languages": ["en"], "phrases": {"en": {"Hello": 5}}}, r"phrases\['en'\] is"),
    ],
)
def test_languages_that_no_call_could_be_held_in_are_refused_by_name(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        agent(**options)


@pytest.mark.parametrize("tags", [["en-GB", "es-419"], ["pt-BR"], list(spoken_languages())])
def test_a_region_is_no_other_language(tags: list[str]) -> None:
    assert agent(languages=tags).languages == tags


@pytest.mark.parametrize(
    ("kind", "named", "settings"),
    [
        (STT, service("deepgram"), {"languages": ["es", "en"]}),
        (STT, service("deepgram", language="fr"), {"language": "fr"}),
        (
            STT,
            service("deepgram_flux"),
            {"languages": ["es", "en"], "model": "flux-general-multi"},
        ),
        (STT, service("deepgram_flux/mine"), {"languages": ["es", "en"]}),
        (
            STT,
            service("soniox", language_hints=["de"]),
            {"language_hints": ["de"]},
        ),
        (STT, service("embedded/pocketsphinx"), {}),
        (LLM, service("openai"), {}),
        (TTS, service("cartesia"), {"language": "es", "voice": "lucia"}),
        (TTS, service("cartesia", voice="mine"), {"language": "es", "voice": "mine"}),
        (TTS, service("deepgram/aura-2-sirio-es"), {"language": "es"}),
    ],
)
def test_a_vendor_is_asked_for_what_it_knows_and_keeps_what_was_chosen(
    kind: ServiceKind, named: NamedService, settings: dict[str, Any]
) -> None:
    spoken: Any = {"languages": ["es", "en"], "voices": {"es": "lucia", "en": "ann"}}
    asked = in_languages(kind, named, **spoken)
    assert isinstance(asked, NamedService)
    assert asked.settings == settings
    assert in_languages(kind, named, languages=(), voices={}) is named


def test_what_is_said_by_default_is_there_in_each_language() -> None:
    said = [
        *LatencySettings().fillers,
        *TurnSettings().reprompts,
        ServerSettings().goodbye,
        Apology()._text,
    ]
    for text in said:
        assert set(TABLE[text]) == {*spoken_languages()} - {"en"}, text
    assert Filler().belongs


@pytest.mark.parametrize("code", sorted({*spoken_languages()} - {"en"}))
def test_the_apology_is_recorded_in_each_language_as_long_as_in_english(code: str) -> None:
    recording = apology_in(code)
    assert recording
    audio, english = read_wav(recording), read_wav(APOLOGY)
    secs = len(audio.samples) / audio.sample_rate_hz
    assert 0.5 < secs / (len(english.samples) / english.sample_rate_hz) < 2
    assert audio.samples.shape[1] == 1
    assert abs(audio.samples).max() > 3000


@pytest.mark.looptime
@pytest.mark.parametrize("code", sorted({*spoken_languages()} - {"en"}))
async def test_what_is_said_of_ones_own_accord_is_said_in_the_language_of_the_voice(
    code: str,
) -> None:
    goodbye = ServerSettings().goodbye
    frames = [
        TTSSpeakFrame(goodbye),
        TTSUpdateSettingsFrame(delta=TTSSettings(language=f"{code}-XX")),
        TTSSpeakFrame(goodbye),
        TTSSpeakFrame("Something else."),
        TTSUpdateSettingsFrame(delta=TTSSettings(voice="other")),
        TTSSpeakFrame(goodbye),
    ]
    down, _ = await run_test(OwnPhrases(language="en", phrases={}), frames_to_send=frames)
    said = [frame.text for frame in down if isinstance(frame, TTSSpeakFrame)]
    there = TABLE[goodbye][code]
    assert said == [goodbye, there, "Something else.", there]


@pytest.mark.looptime
@pytest.mark.parametrize(("own", "changes"), [(APOLOGY, True), (apology_in("de"), False)])
async def test_the_apology_goes_over_to_the_language_unless_it_is_the_users(
    own: Path, changes: bool
) -> None:
    apology = Apology(recording=own)
    spoken = agent(languages=["en", "es"], latency=LatencySettings(apology=own))
    [follower], _ = follow_language(spoken, FakeTTS(), [apology])
    before = audio_of(apology)
    assert before == audio_of(Apology(recording=own))
    said = TranscriptionFrame("quiero saber dónde está mi pedido", "", "")
    await run_test(follower, frames_to_send=[said])
    spanish = audio_of(Apology(recording=apology_in("es")))
    assert audio_of(apology) == (spanish if changes else before)


def audio_of(apology: Apology) -> list[bytes]:
    return [frame.audio for frame in apology._frames() if isinstance(frame, TTSAudioRawFrame)]
