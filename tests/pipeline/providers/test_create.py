"""Services by name: what is wrong is said with what to do about it, as the agent is made."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pipecat.processors.frame_processor import FrameProcessor

from antiphon.pipeline import VoiceAgent, register_provider, service
from antiphon.pipeline.providers.create import check_service, create_service
from antiphon.pipeline.providers.environment import read_environment
from antiphon.pipeline.providers.kinds import (
    MissingVariable,
    NamedService,
    ServiceKind,
    UnusableService,
)
from antiphon.pipeline.providers.registry import Provider
from antiphon.services import Script
from antiphon.transports import MemoryTransport

STT, LLM, TTS = ServiceKind


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keys of whoever runs the tests, and no `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.endswith(("_API_KEY", "_BASE_URL", "_URL", "_MODEL", "_VOICE_ID", "_REGION")):
            monkeypatch.delenv(name)


def create(
    kind: ServiceKind, named: NamedService | str, environment: dict[str, str] | None = None
) -> Any:
    if isinstance(named, str):
        named = NamedService(name=named)
    return create_service(kind, named, environment=environment or {}, instructions="Be.")


UNKNOWN = [
    ("stt", "assembly", "did you mean 'assemblyai'?"),
    ("stt", "Deepgram", "did you mean 'deepgram'"),
    ("llm", "antropic/claude", "unknown llm service 'antropic': did you mean 'anthropic'?"),
    ("llm", "ollamma", "did you mean 'ollama'?"),
    ("tts", "11labs", "did you mean 'elevenlabs'"),
    ("tts", "embeded", "did you mean 'embedded'"),
    ("stt", "anthropic", "'anthropic' is for llm; for stt choose embedded, assemblyai, "),
    ("tts", "xyzzy", "choose one of embedded, asyncai, "),
    ("llm", "", "choose one of embedded, anthropic, "),
    ("llm", "/gpt-4.1", "choose one of embedded, anthropic, "),
]


@pytest.mark.parametrize(("place", "name", "told"), UNKNOWN)
def test_an_unknown_name_is_answered_with_the_nearest_as_the_agent_is_made(
    place: str, name: str, told: str
) -> None:
    with pytest.raises(ValueError, match=r"^unknown (stt|llm|tts) service '") as refusal:
        VoiceAgent(**{place: name})  # type: ignore[arg-type]
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


MISSING = [
    ("stt", "deepgram", "the 'deepgram' stt service needs DEEPGRAM_API_KEY: set it in"),
    ("stt", "assemblyai", "ASSEMBLYAI_API_KEY"),
    ("stt", "azure", "AZURE_SPEECH_API_KEY and AZURE_SPEECH_REGION"),
    ("llm", "openai", "OPENAI_API_KEY or OPENAI_BASE_URL"),
    ("llm", "anthropic/claude-haiku-4-5", "ANTHROPIC_API_KEY"),
    ("llm", "openrouter/anthropic/claude-haiku-4.5", "OPENROUTER_API_KEY"),
    ("tts", "cartesia", "CARTESIA_API_KEY"),
    ("tts", "elevenlabs", "ELEVENLABS_API_KEY and ELEVENLABS_VOICE_ID"),
    ("tts", service("elevenlabs", voice="v"), "the 'elevenlabs' tts service needs ELEVENLABS_API"),
    ("tts", "minimax", "MINIMAX_API_KEY and MINIMAX_GROUP_ID"),
]


@pytest.mark.parametrize(("place", "given", "told"), MISSING)
def test_a_missing_variable_is_named_as_the_agent_is_made(
    place: str, given: Any, told: str
) -> None:
    with pytest.raises(MissingVariable) as refusal:
        VoiceAgent(**{place: given})
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_where_a_key_is_to_be_had_is_told_with_it() -> None:
    with pytest.raises(MissingVariable, match=r"\.env \(a key: https://console\.deepgram\.com\)$"):
        VoiceAgent(stt="deepgram")


def test_a_missing_package_is_answered_with_the_install_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pipecat.services.rime.tts", None)
    monkeypatch.setitem(sys.modules, "pipecat.services.deepgram.stt", None)
    with pytest.raises(
        ImportError, match=r"^'rime' cannot be loaded \(.*\): pip install 'pipecat-ai\[rime\]'$"
    ):
        VoiceAgent(tts="rime")
    with pytest.raises(ImportError, match=r"pip install 'antiphon\[deepgram\]'$"):
        VoiceAgent(stt="deepgram")


def test_a_package_that_does_not_work_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_broken_sdk.py").write_text("raise OSError('libtalk.so:\\nno such file')")
    monkeypatch.syspath_prepend(tmp_path)
    broken = Provider(name="broken", service="a_broken_sdk:Talk", package="talk")
    with pytest.raises(
        ValueError, match=r"^'broken' cannot be loaded \(libtalk.so: no such file\)$"
    ):
        broken.load()


@pytest.mark.parametrize(
    ("kind", "named", "environment", "made"),
    [
        (STT, "embedded", {}, "PocketSphinxSTTService"),
        (LLM, "embedded", {}, "ScriptedLLMService"),
        (TTS, "embedded", {}, "EspeakTTSService"),
        (STT, "deepgram", {"DEEPGRAM_API_KEY": "d"}, "DeepgramSTTService"),
        (STT, "deepgram_flux", {"DEEPGRAM_API_KEY": "d"}, "DeepgramFluxSTTService"),
        (LLM, "openai", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "OpenAILLMService"),
        (LLM, service("openai", url="http://127.0.0.1:1/v1"), {}, "OpenAILLMService"),
        (LLM, service("groq", api_key="g"), {}, "GroqLLMService"),
        (LLM, "ollama", {}, "OLLamaLLMService"),
        (LLM, "aws", {}, "AWSBedrockLLMService"),
        (TTS, "polly", {}, "AWSPollyTTSService"),
        (TTS, "cartesia", {"CARTESIA_API_KEY": "c"}, "CartesiaTTSService"),
        (
            TTS,
            service("elevenlabs", voice="v"),
            {"ELEVENLABS_API_KEY": "e"},
            "ElevenLabsTTSService",
        ),
    ],
)
async def test_a_name_makes_pipecats_service(
    kind: ServiceKind, named: NamedService | str, environment: dict[str, str], made: str
) -> None:
    done = create(kind, named, environment)
    assert type(done).__name__ == made
    await done.cleanup()


async def test_a_session_that_a_service_wants_is_made_for_it_and_closed_with_it() -> None:
    made = create(TTS, "speechify", {"SPEECHIFY_API_KEY": "s"})
    assert not made._own_session.closed
    await made.cleanup()
    assert made._own_session.closed


def refusal_of(make: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=r"^the '") as refusal:
        make()
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_what_cannot_be_made_is_told_in_a_line_without_its_key() -> None:
    def fails(api_key: str) -> FrameProcessor:
        raise RuntimeError(f"bad key\n{api_key}")

    register_provider("tts", "failing", fails, variables={"api_key": "FAILING_API_KEY"})
    told = refusal_of(lambda: create(TTS, "failing", {"FAILING_API_KEY": "hunter2"}))
    assert told == "the 'failing' tts service cannot be made: RuntimeError: bad key …"


def test_what_cannot_be_made_says_which_variables_might_help() -> None:
    with pytest.raises(UnusableService, match=r"\(GOOGLE_APPLICATION_CREDENTIALS: not set\)$"):
        create(STT, "google")


@pytest.mark.parametrize(
    ("place", "given", "got"),
    [
        ("stt", service("embedded", keyterms=["Nguyen"]), "keyterms"),
        ("stt", "embedded/large", "model"),
        ("llm", "embedded/large", "model"),
        ("llm", service("embedded", url="http://127.0.0.1:1", temperature=0.1), "temperature, url"),
    ],
)
def test_the_embedded_order_desk_takes_no_settings(place: str, given: Any, got: str) -> None:
    told = refusal_of(lambda: VoiceAgent(**{place: given}))
    who = {"stt": "embedded/pocketsphinx", "llm": "embedded"}[place]
    assert told == f"the {who!r} {place} service takes no settings, and got {got}"


def test_the_embedded_voice_is_set_as_any_other() -> None:
    settings = create(TTS, service("embedded/de", speed=1.25, pitch=60))._settings
    assert (settings.voice, settings.rate_wpm, settings.pitch) == ("de", 200, 60)
    settings = create(TTS, service("embedded/hibari", speed=1.25, pitch=0.7))._settings
    assert (settings.voice, settings.speed, settings.pitch) == ("heart", 1.25, 0.7)
    told = refusal_of(lambda: VoiceAgent(tts=service("embedded", temperature=0.5)))
    assert told.startswith("the 'embedded/espeak' tts service knows no temperature: it takes ")


def test_a_file_fills_in_what_the_environment_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DEEPGRAM_API_KEY=file\nRIME_API_KEY=file\nGROQ_API_KEY=\n")
    monkeypatch.setenv("RIME_API_KEY", "process")
    environment = read_environment()
    assert (environment["DEEPGRAM_API_KEY"], environment["RIME_API_KEY"]) == ("file", "process")
    assert "GROQ_API_KEY" not in environment
    check_service(STT, NamedService(name="deepgram"), environment)
    (tmp_path / ".env").write_bytes(b"GROQ_API_KEY=caf\xe9")
    with pytest.raises(ValueError, match=r"^\.env is not UTF-8 text$") as refusal:
        read_environment()
    assert refusal.value.__context__ is None


@pytest.mark.virtual_time
async def test_a_call_whose_service_cannot_be_made_fails_and_leaves_nobody_waiting() -> None:
    def fails() -> FrameProcessor:
        raise KeyError("NO_SUCH_KEY")

    transport = MemoryTransport()
    call = asyncio.create_task(VoiceAgent(tts=fails).run(transport))
    with pytest.raises(TimeoutError, match="has failed"):
        await transport.connect()
    with pytest.raises(UnusableService, match="NO_SUCH_KEY"):
        await call


def test_the_order_desk_has_learned_what_callers_say_before_one_calls() -> None:
    script = Script.order_status()
    vars(script).pop("router", None)

    VoiceAgent()

    assert "router" in vars(script)
