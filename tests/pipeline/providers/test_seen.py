"""Every provider is made by its name, and what the page says of it is what is seen."""

import subprocess
import sys

import pytest
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline.providers.kinds import ServiceKind

from . import seen

# The vendors' SDKs use what is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

STT, LLM, TTS = ServiceKind

BUILT = [
    (STT, "assemblyai", "AssemblyAISTTService"),
    (STT, "aws", "AWSTranscribeSTTService"),
    (STT, "cartesia_turns", "CartesiaTurnsSTTService"),
    (STT, "deepgram", "DeepgramSTTService"),
    (STT, "elevenlabs", "ElevenLabsSTTService"),
    (STT, "gladia", "GladiaSTTService"),
    (STT, "moonshine", "MoonshineSTTService"),
    (STT, "openai_realtime", "OpenAIRealtimeSTTService"),
    (STT, "soniox", "SonioxSTTService"),
    (STT, "whisper", "WhisperSTTService"),
    (LLM, "anthropic", "AnthropicLLMService"),
    (LLM, "bedrock", "AWSBedrockLLMService"),
    (LLM, "azure", "AzureLLMService"),
    (LLM, "cerebras", "CerebrasLLMService"),
    (LLM, "grok", "GrokLLMService"),
    (LLM, "mistral", "MistralLLMService"),
    (LLM, "ollama", "OLLamaLLMService"),
    (LLM, "openai_responses", "OpenAIResponsesLLMService"),
    (LLM, "together", "TogetherLLMService"),
    (TTS, "cartesia", "CartesiaTTSService"),
    (TTS, "deepgram_flux", "DeepgramFluxTTSService"),
    (TTS, "elevenlabs", "ElevenLabsTTSService"),
    (TTS, "kokoro", "KokoroTTSService"),
    (TTS, "minimax", "MiniMaxHttpTTSService"),
    (TTS, "openai", "OpenAITTSService"),
    (TTS, "piper", "PiperTTSService"),
    (TTS, "polly", "AWSPollyTTSService"),
    (TTS, "rime", "RimeTTSService"),
]


@pytest.mark.parametrize(("kind", "name", "made"), BUILT)
async def test_a_name_makes_the_vendors_service(kind: ServiceKind, name: str, made: str) -> None:
    service = seen.build(kind, name)
    assert isinstance(service, FrameProcessor)
    assert type(service).__name__ == made
    await service.cleanup()


SOME = [
    "stt/assemblyai",
    "stt/deepgram",
    "stt/soniox",
    "llm/anthropic",
    "llm/groq",
    "llm/ollama",
    "llm/openai",
    "tts/cartesia",
    "tts/elevenlabs",
    "tts/minimax",
    "tts/rime",
]


def check(*names: str) -> tuple[int, str, str]:
    # Apart, since the vendors' SDKs leave warnings and connections behind.
    command = [sys.executable, "-W", "ignore", seen.__file__, "--check", *names]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.returncode, result.stdout.strip(), result.stderr[-2000:]


@pytest.mark.system
def test_servers_that_refuse_are_told_in_one_line_and_those_of_the_protocol_are_understood() -> (
    None
):
    returncode, wrong, error = check(*SOME)
    assert (returncode, wrong) == (0, ""), error


@pytest.mark.system
@pytest.mark.timeout(300)
def test_the_page_says_what_is_seen_of_each_provider() -> None:
    returncode, wrong, error = check()
    assert (returncode, wrong) == (0, ""), error


def test_the_page_has_a_row_for_each_provider_with_what_it_needs() -> None:
    told = seen.told_on_the_page()
    assert list(told) == seen.EVERY
    assert seen.rows(told) in seen.PAGE.read_text()
    by_what = {what: {p for p in told if told[p] == what} for what in told.values()}
    assert by_what["its package is not installed here"] == seen.NOT_INSTALLED
    assert by_what["built; its model is stood in for"] == seen.LOCAL
    assert by_what["answered, and refused in one line"] == seen.EMULATED
    assert len(seen.EVERY) - len(seen.NOT_INSTALLED) >= 80
