"""What Pipecat's registry does not say of its vendors: defaults, addresses, keys, and their words.

An entry is under the registry's own value, such as `deepgram_stt`. A vendor without one needs none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from antiphon.pipeline.providers.kinds import ServiceKind

__all__ = [
    "ALIASES",
    "KEY_PAGES",
    "OPTIONAL_VARIABLES",
    "OUR_EXTRAS",
    "QUIRKS",
    "Quirks",
    "Word",
]

Word = tuple[str, Callable[[Any], Any]]
"""A vendor's own word for a setting, and what makes its value of ours."""


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """What is special about a provider.

    Parameters:
        service: Our class in place of Pipecat's.
        arguments: Where its arguments are read from, if not where the registry says.
        variables: Where settings are read from that the registry does not name.
        defaults: Settings of ours, where Pipecat has none.
        instead_of_key: A variable that, once set, makes the key unnecessary.
        needs_voice: Whether somebody must choose a voice.
        model_is: The setting that `provider/model` names; None where there is only one model.
        address: The argument that is its address, where another looks like one.
        address_from_environment: Whether a variable may give another address.
        address_argument: Makes arguments of another address, where the class has none for it.
        words: What it calls our settings; None where it has no such thing, whatever its `Settings`
            have inherited.
    """

    service: str | None = None
    arguments: Mapping[str, str] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    instead_of_key: str | None = None
    needs_voice: bool = False
    model_is: str | None = "model"
    address: str | None = None
    address_from_environment: bool = True
    address_argument: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] | None = None
    words: Mapping[str, Word | None] = field(default_factory=dict)


def _anthropic_client(url: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    from anthropic import AsyncAnthropic

    return {"client": AsyncAnthropic(api_key=arguments["api_key"], base_url=url)}


def _google_options(url: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    from google.genai.types import HttpOptions

    return {"http_options": HttpOptions(base_url=url)}


def _secs(milliseconds: float) -> float:
    return milliseconds / 1000


def _soniox_terms(words: Sequence[str]) -> Any:
    from pipecat.services.soniox.stt import SonioxContextObject

    return SonioxContextObject(terms=list(words))


def _speechmatics_vocabulary(words: Sequence[str]) -> Any:
    from pipecat.services.speechmatics.stt import SpeechmaticsSTTService

    return [SpeechmaticsSTTService.AdditionalVocabEntry(content=word) for word in words]


def _google_phrases(words: Sequence[str]) -> Any:
    phrases = [{"value": word, "boost": 10.0} for word in words]
    return {"phrase_sets": [{"inline_phrase_set": {"phrases": phrases}}]}


def _deepgram_language(codes: Sequence[str]) -> str:
    return "multi" if len(codes) > 1 else codes[0]


def _gladia_languages(codes: Sequence[str]) -> Any:
    from pipecat.services.gladia.config import LanguageConfig

    return LanguageConfig(languages=list(codes), code_switching=len(codes) > 1)


def _heard_or_detected(codes: Sequence[str]) -> str | None:
    return None if len(codes) > 1 else codes[0]


def _cartesia_speed(speed: float) -> Any:
    from pipecat.services.cartesia.tts import GenerationConfig

    return GenerationConfig(speed=speed)


_AWS_KEYS = {
    "api_key": "AWS_SECRET_ACCESS_KEY",
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_session_token": "AWS_SESSION_TOKEN",
    "region": "AWS_REGION",
}
_GOOGLE_FILE = {"credentials_path": "GOOGLE_APPLICATION_CREDENTIALS"}
_COMPLETION_TOKENS: Mapping[str, Word | None] = {"max_tokens": ("max_completion_tokens", int)}
_ONE_MODEL = Quirks(model_is=None)
_DETECTS: Mapping[str, Word | None] = {"languages": ("language", _heard_or_detected)}
_VOICE_ONLY = Quirks(model_is="voice")
_VOICE_TO_CHOOSE = Quirks(needs_voice=True)

QUIRKS: Mapping[str, Quirks] = {
    # Hearing.
    "aws_transcribe_stt": Quirks(arguments=_AWS_KEYS, model_is=None),
    "azure_stt": _ONE_MODEL,
    "cartesia_turns_stt": Quirks(address_from_environment=False),
    "deepgram_stt": Quirks(
        variables={"model": "DEEPGRAM_MODEL"}, words={"languages": ("language", _deepgram_language)}
    ),
    "elevenlabs_realtime_stt": Quirks(words=_DETECTS),
    "fal_stt": _ONE_MODEL,
    "gladia_stt": Quirks(
        words={
            "endpointing_ms": ("endpointing", _secs),
            "languages": ("language_config", _gladia_languages),
        }
    ),
    "google_stt": Quirks(
        arguments=_GOOGLE_FILE, words={"keyterms": ("adaptation", _google_phrases)}
    ),
    "openai_stt": Quirks(instead_of_key="OPENAI_BASE_URL"),
    "openai_realtime_stt": Quirks(address_from_environment=False, words=_DETECTS),
    "smallest_stt": Quirks(words={"keyterms": None, "endpointing_ms": None}),
    "soniox_stt": Quirks(words={"keyterms": ("context", _soniox_terms)}),
    "speechmatics_stt": Quirks(words={"keyterms": ("additional_vocab", _speechmatics_vocabulary)}),
    "whisper_stt": Quirks(words=_DETECTS),
    "zoom_ai_stt": _ONE_MODEL,
    # Thinking.
    "anthropic_llm": Quirks(address_argument=_anthropic_client),
    "aws_bedrock_llm": Quirks(
        arguments={
            "aws_access_key": "AWS_ACCESS_KEY_ID",
            "aws_secret_key": "AWS_SECRET_ACCESS_KEY",
            "aws_session_token": "AWS_SESSION_TOKEN",
            "aws_region": "AWS_REGION",
        }
    ),
    "azure_llm": Quirks(
        words=_COMPLETION_TOKENS, address="endpoint", address_from_environment=False
    ),
    "google_gemini_llm": Quirks(address_argument=_google_options),
    "google_vertex_llm": Quirks(
        arguments={
            **_GOOGLE_FILE,
            "location": "GOOGLE_LOCATION",
            "project_id": "GOOGLE_PROJECT_ID",
        }
    ),
    "openai_llm": Quirks(
        service="antiphon.services.openai:OpenAILLMService",
        instead_of_key="OPENAI_BASE_URL",
        words=_COMPLETION_TOKENS,
    ),
    "openai_responses_llm": Quirks(
        words=_COMPLETION_TOKENS, address="ws_url", address_from_environment=False
    ),
    # Speaking.
    "asyncai_tts": _VOICE_TO_CHOOSE,
    "aws_polly_tts": Quirks(
        arguments=_AWS_KEYS,
        model_is="voice",
        words={"speed": ("rate", lambda speed: f"{speed:.0%}")},
    ),
    "azure_tts": Quirks(model_is="voice", words={"speed": ("rate", "{:g}".format)}),
    "bland_tts": _VOICE_ONLY,
    "cartesia_tts": Quirks(words={"speed": ("generation_config", _cartesia_speed)}),
    "deepgram_tts": _VOICE_ONLY,
    "deepgram_flux_tts": _VOICE_ONLY,
    "elevenlabs_tts": _VOICE_TO_CHOOSE,
    "elevenlabs_dialogue_tts": _VOICE_TO_CHOOSE,
    "gemini_tts": Quirks(arguments=_GOOGLE_FILE),
    "google_tts": Quirks(arguments=_GOOGLE_FILE, model_is="voice"),
    "hume_tts": Quirks(model_is="voice", needs_voice=True),
    "kokoro_tts": Quirks(model_is="voice", defaults={"voice": "af_heart"}),
    "mistral_tts": _VOICE_TO_CHOOSE,
    "neuphonic_tts": Quirks(model_is="voice", needs_voice=True),
    "openai_tts": Quirks(instead_of_key="OPENAI_BASE_URL"),
    "piper_tts": Quirks(model_is="voice", defaults={"voice": "en_US-lessac-medium"}),
    "pockettts_tts": _VOICE_ONLY,
    "resemble_tts": Quirks(model_is="voice", needs_voice=True),
    "rime_tts": _VOICE_TO_CHOOSE,
    "xai_tts": _VOICE_ONLY,
    "xtts_tts": Quirks(model_is="voice", needs_voice=True),
}

# What a vendor's SDK finds elsewhere, or does without.
OPTIONAL_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "GLADIA_REGION",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_LOCATION",
    }
)

OUR_EXTRAS: Mapping[str, str] = {
    f"pipecat-ai[{name}]": f"antiphon[{name}]" for name in ("cartesia", "deepgram", "openai")
}

# Short names for what the registry calls by the product's.
ALIASES: Mapping[tuple[ServiceKind, str], str] = {
    (ServiceKind.STT, "aws"): "aws_transcribe",
    (ServiceKind.LLM, "aws"): "aws_bedrock",
    (ServiceKind.TTS, "aws"): "aws_polly",
    (ServiceKind.LLM, "bedrock"): "aws_bedrock",
    (ServiceKind.TTS, "polly"): "aws_polly",
    (ServiceKind.LLM, "google"): "google_gemini",
    (ServiceKind.LLM, "gemini"): "google_gemini",
    (ServiceKind.LLM, "vertex"): "google_vertex",
    (ServiceKind.LLM, "grok"): "xai",
}

# Where a key is to be had, by what its variable begins with.
KEY_PAGES: Mapping[str, str] = {
    "ANTHROPIC": "console.anthropic.com/settings/keys",
    "ASSEMBLYAI": "www.assemblyai.com/dashboard/api-keys",
    "CARTESIA": "play.cartesia.ai/keys",
    "CEREBRAS": "cloud.cerebras.ai",
    "DEEPGRAM": "console.deepgram.com",
    "DEEPSEEK": "platform.deepseek.com/api_keys",
    "ELEVENLABS": "elevenlabs.io/app/settings/api-keys",
    "FIREWORKS": "app.fireworks.ai/settings/users/api-keys",
    "GLADIA": "app.gladia.io",
    "GOOGLE": "aistudio.google.com/apikey",
    "GROQ": "console.groq.com/keys",
    "MISTRAL": "console.mistral.ai/api-keys",
    "OPENAI": "platform.openai.com/api-keys",
    "OPENROUTER": "openrouter.ai/keys",
    "RIME": "app.rime.ai/tokens",
    "SONIOX": "console.soniox.com",
    "SPEECHMATICS": "portal.speechmatics.com",
    "TOGETHER": "api.together.ai/settings/api-keys",
    "XAI": "console.x.ai",
}
