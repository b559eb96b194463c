"""Our words for settings reach each vendor in its own, or are refused by name."""

from typing import Any

import pytest

from antiphon.pipeline import service
from antiphon.pipeline.providers.create import create_service
from antiphon.pipeline.providers.kinds import ServiceKind
from antiphon.pipeline.providers.registry import find_provider, provider_names

STT, LLM, TTS = ServiceKind
WORDS = ["Nguyen", "Zürich"]

# Every variable that any of them may want.
KEYS = {
    variable: "http://127.0.0.1:1" if variable.endswith("_URL") else "dummy"
    for kind in ServiceKind
    for name in provider_names(kind)
    for needed in find_provider(kind, name).needed
    for variable in needed.split("|")
    if variable != "OPENAI_BASE_URL"
}


def settings_of(kind: ServiceKind, name: str, **asked: Any) -> Any:
    made = create_service(
        kind,
        service(name, **asked),
        environment=KEYS,
        instructions="Be brief.",
    )
    return made._settings  # type: ignore[attr-defined]


MEANT = [
    (STT, "deepgram", {"keyterms": WORDS}, {"keyterm": WORDS}),
    (STT, "deepgram/nova-2-phonecall", {"keyterms": WORDS}, {"keywords": WORDS}),
    (STT, "deepgram/nova-3", {"keyterms": WORDS}, {"keyterm": WORDS, "model": "nova-3"}),
    (STT, "deepgram", {"endpointing_ms": 250}, {"endpointing": 250}),
    (STT, "deepgram_flux", {"keyterms": WORDS}, {"keyterm": WORDS}),
    (STT, "deepgram_flux", {"endpointing_ms": 4000}, {"eot_timeout_ms": 4000}),
    (STT, "deepgram", {"languages": ["en", "es"]}, {"language": "multi"}),
    (STT, "deepgram", {"languages": ["es"]}, {"language": "es"}),
    (STT, "deepgram_flux", {"languages": ["en", "es"]}, {"language_hints": ["en", "es"]}),
    (STT, "soniox", {"languages": ["en", "hi"]}, {"language_hints": ["en", "hi"]}),
    (STT, "openai", {"languages": ["es", "en"]}, {"language": "es"}),
    (STT, "openai_realtime", {"languages": ["es", "en"]}, {"language": None}),
    (STT, "assemblyai", {"keyterms": WORDS}, {"keyterms_prompt": WORDS}),
    (STT, "assemblyai", {"endpointing_ms": 160}, {"min_turn_silence": 160}),
    (STT, "cartesia", {"keyterms": WORDS}, {"keyterm": WORDS}),
    (STT, "elevenlabs_realtime", {"keyterms": WORDS}, {"keyterms": WORDS}),
    (STT, "elevenlabs_realtime", {"endpointing_ms": 300}, {"vad_silence_threshold_secs": 0.3}),
    (STT, "gladia", {"endpointing_ms": 50}, {"endpointing": 0.05}),
    (STT, "openai", {"keyterms": WORDS}, {"keywords": WORDS}),
    (STT, "soniox", {"endpointing_ms": 900}, {"max_endpoint_delay_ms": 900}),
    (STT, "xai", {"endpointing_ms": 300}, {"endpointing": 300}),
    (LLM, "openai/gpt-4.1-mini", {"max_tokens": 60}, {"max_completion_tokens": 60}),
    (LLM, "openai", {"temperature": 0.2}, {"temperature": 0.2}),
    (LLM, "openai_responses", {"max_tokens": 60}, {"max_completion_tokens": 60}),
    (LLM, "anthropic/claude-haiku-4-5", {"max_tokens": 60}, {"model": "claude-haiku-4-5"}),
    (LLM, "anthropic", {"max_tokens": 60, "temperature": 0.2}, {"max_tokens": 60}),
    (LLM, "deepseek", {"max_tokens": 60}, {"max_tokens": 60}),
    (LLM, "openrouter/meta-llama/llama-4", {}, {"model": "meta-llama/llama-4"}),
    (LLM, "ollama/llama3.2", {}, {"model": "llama3.2", "system_instruction": "Be brief."}),
    (LLM, "aws/us.amazon.nova-pro-v1:0", {}, {"model": "us.amazon.nova-pro-v1:0"}),
    (TTS, "elevenlabs/eleven_v3", {"voice": "v", "speed": 1.1}, {"voice": "v", "speed": 1.1}),
    (TTS, "elevenlabs", {"voice": "v", "stability": 0.4}, {"stability": 0.4}),
    (TTS, "openai", {"voice": "ash", "speed": 1.2}, {"voice": "ash", "speed": 1.2}),
    (TTS, "deepgram/aura-2-thalia-en", {}, {"voice": "aura-2-thalia-en"}),
    (TTS, "inworld", {"speed": 0.9}, {"speaking_rate": 0.9}),
    (TTS, "sarvam", {"speed": 0.9}, {"pace": 0.9}),
    (TTS, "polly", {"speed": 1.15}, {"rate": "115%"}),
    (TTS, "aws_polly/Matthew", {}, {"voice": "Matthew"}),
]


@pytest.mark.parametrize(("kind", "name", "asked", "meant"), MEANT)
def test_a_setting_is_the_vendors_own(
    kind: ServiceKind, name: str, asked: dict[str, Any], meant: dict[str, Any]
) -> None:
    settings = settings_of(kind, name, **asked)
    assert {word: getattr(settings, word) for word in meant} == meant


def test_a_setting_that_a_vendor_has_inside_another_is_put_there() -> None:
    assert settings_of(TTS, "cartesia", voice="v", speed=1.2).generation_config.speed == 1.2
    assert settings_of(STT, "soniox", keyterms=WORDS).context.terms == WORDS


REFUSED = [
    (STT, "groq", {"keyterms": WORDS}, "the 'groq' stt service knows no keyterms: it takes "),
    (STT, "aws", {"endpointing_ms": 300}, "knows no endpointing_ms"),
    (STT, "smallest", {"keyterms": WORDS}, "knows no keyterms"),
    (STT, "deepgram", {"speed": 1.5}, "knows no speed"),
    (STT, "deepgram", {"smart_formt": True}, "knows no smart_formt: did you mean smart_format?"),
    (LLM, "anthropic", {"keyterms": WORDS}, "knows no keyterms: it takes "),
    (LLM, "openai", {"voice": "ash"}, "knows no voice"),
    (TTS, "rime", {"voice": "v", "speed": 1.5}, "knows no speed"),
    (TTS, "elevenlabs_dialogue", {"voice": "v", "speed": 1.5}, "knows no speed"),
    (TTS, "cartesia", {"max_tokens": 5}, "knows no max_tokens"),
    (STT, "zoom_ai/large", {}, "the 'zoom_ai' stt service has one model: leave out '/large'"),
    (TTS, "groq", {"url": "http://127.0.0.1:1"}, "knows no url: its address is fixed"),
]


@pytest.mark.parametrize(("kind", "name", "asked", "told"), REFUSED)
def test_what_a_vendor_does_not_know_is_refused_by_its_name(
    kind: ServiceKind, name: str, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=r"^the '\w+' (stt|llm|tts) service ") as refusal:
        settings_of(kind, name, **asked)
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


WRONG = [
    (STT, "deepgram", {"keyterms": "Nguyen"}, "keyterms='Nguyen': give a list of texts"),
    (STT, "soniox", {"keyterms": 5}, "keyterms=5: give a list of texts"),
    (STT, "deepgram", {"keyterms": [1]}, "keyterms=[1]: give a list of texts"),
    (STT, "gladia", {"endpointing_ms": "x"}, "endpointing_ms='x': give milliseconds"),
    (LLM, "openai", {"temperature": "hot"}, "temperature='hot': give a number from 0"),
    (LLM, "openai", {"max_tokens": 0}, "max_tokens=0: give a number from 1"),
    (TTS, "cartesia", {"speed": "fast"}, "speed='fast': give a number above 0"),
    (TTS, "polly", {"speed": float("nan")}, "speed=nan: give a number above 0"),
    (TTS, "elevenlabs", {"voice": ""}, "voice='': give the vendor's id of a voice"),
]


@pytest.mark.parametrize(("kind", "name", "asked", "told"), WRONG)
def test_a_value_that_can_be_none_of_a_setting_is_refused_in_one_line(
    kind: ServiceKind, name: str, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=rf"^the '{name}' {kind} service: ") as refusal:
        settings_of(kind, name, **asked)
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_model_of_the_environment_decides_what_a_word_is_called() -> None:
    made: Any = create_service(
        STT,
        service("deepgram", keyterms=WORDS),
        environment={"DEEPGRAM_API_KEY": "d", "DEEPGRAM_MODEL": "nova-2"},
    )
    assert (made._settings.keywords, made._settings.keyterm) == (WORDS, None)


def test_an_argument_of_the_service_may_be_given_too() -> None:
    made: Any = create_service(
        STT,
        service("deepgram", mip_opt_out=True, url="ws://127.0.0.1:1"),
        environment={"DEEPGRAM_API_KEY": "d", "DEEPGRAM_BASE_URL": "ws://127.0.0.1:2"},
    )
    assert type(made).__name__ == "DeepgramSTTService"
