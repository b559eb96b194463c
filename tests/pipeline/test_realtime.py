"""What is refused beside a speech-to-speech model, and where such a model is none."""

from typing import Any

import pytest
from loguru import logger
from pipecat.services.google.gemini_live.llm import GeminiLiveLLMService
from pipecat.services.inworld.realtime import events as inworld_events
from pipecat.services.inworld.realtime.llm import InworldRealtimeLLMService
from pipecat.services.openai.realtime.events import (
    AudioConfiguration,
    AudioInput,
    InputAudioTranscription,
    SessionProperties,
)
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.xai.realtime import events as grok_events
from pipecat.services.xai.realtime.llm import GrokRealtimeLLMService

from antiphon.pipeline import VoiceAgent
from antiphon.pipeline.providers.kinds import UnusableService
from antiphon.processors.sentences import SentenceSettings
from antiphon.services import ScriptedLLMService
from antiphon.transports import MemoryTransport


def model() -> OpenAIRealtimeLLMService:
    return OpenAIRealtimeLLMService(api_key="any", base_url="ws://127.0.0.1:9")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"stt": "deepgram"}, "stt='deepgram' means nothing .* it hears the caller itself"),
        ({"llm": "openai"}, "llm='openai' .* it is the language model"),
        ({"tts": "cartesia"}, "tts='cartesia' .* it speaks itself"),
        ({"sentences": SentenceSettings(min_chars=40)}, "sentences=.* its words reach no voice"),
        ({"pronunciations": {"Nguyen": "win"}}, "pronunciations=.* its words reach no voice"),
        ({"languages": ["en", "es"]}, "languages=.* follows the caller's language itself"),
        ({"voicemail": "Call us back."}, "voicemail=.* cannot be asked aside"),
    ],
)
def test_what_would_do_nothing_beside_it_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        VoiceAgent(realtime=model, **given)


def test_none_for_what_it_has_not_is_no_mistake() -> None:
    VoiceAgent(realtime=model, sentences=None, summary=None, voicemail=None)


def test_a_name_is_refused_with_what_to_give() -> None:
    with pytest.raises(TypeError, match=r"realtime='openai': give a class or function .* lambda"):
        VoiceAgent(realtime="openai")  # type: ignore[arg-type]


def test_another_kind_of_service_is_refused_in_its_place_and_it_in_theirs() -> None:
    with pytest.raises(UnusableService, match=r"realtime=ScriptedLLM.* no speech-to-speech"):
        VoiceAgent(realtime=ScriptedLLMService).pipeline(MemoryTransport())
    with pytest.raises(UnusableService, match=r"llm=OpenAIRealtime.* give it as realtime"):
        VoiceAgent(llm=model).pipeline(MemoryTransport())


async def test_what_would_be_refused_in_each_call_is_refused_by_the_warm_up() -> None:
    with pytest.raises(UnusableService, match="no speech-to-speech model"):
        await VoiceAgent(realtime=ScriptedLLMService).warm_up()
    await VoiceAgent(realtime=model).warm_up()


def test_one_object_serves_one_call_and_no_server() -> None:
    agent = VoiceAgent(realtime=model())
    with pytest.raises(ValueError, match=r"^realtime=OpenAIRealtime.* one object"):
        agent.require_many_calls()
    agent.pipeline(MemoryTransport())
    with pytest.raises(UnusableService, match=r"^realtime=OpenAIRealtime.* has served a call"):
        agent.pipeline(MemoryTransport())


def test_a_factory_that_fails_is_told_of_by_its_place() -> None:
    with pytest.raises(UnusableService, match=r"^realtime=.*raised .*NO_SUCH_KEY"):
        VoiceAgent(realtime=lambda: {}["NO_SUCH_KEY"]).pipeline(MemoryTransport())  # type: ignore[arg-type, return-value]


def model_that_writes_down() -> OpenAIRealtimeLLMService:
    heard = AudioInput(transcription=InputAudioTranscription())
    session = SessionProperties(audio=AudioConfiguration(input=heard))
    settings = OpenAIRealtimeLLMService.Settings(session_properties=session)
    return OpenAIRealtimeLLMService(api_key="any", settings=settings)


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (model, 1),
        (model_that_writes_down, 0),
        (lambda: GrokRealtimeLLMService(api_key="any"), 0),
        (lambda: GeminiLiveLLMService(api_key="any"), 0),
    ],
)
def test_that_nothing_of_the_caller_is_written_down_is_told_in_one_line(
    make: Any, lines: int
) -> None:
    told: list[str] = []
    sink = logger.add(told.append, level="WARNING", format="{message}")
    VoiceAgent(realtime=make).pipeline(MemoryTransport())
    logger.remove(sink)
    assert (
        len([line for line in told if "transcription=InputAudioTranscription()" in line]) == lines
    )


def grok() -> GrokRealtimeLLMService:
    heard = grok_events.AudioConfiguration(input=grok_events.AudioInput())
    session = grok_events.SessionProperties(audio=heard)
    settings = GrokRealtimeLLMService.Settings(session_properties=session)
    return GrokRealtimeLLMService(api_key="any", settings=settings)


def inworld() -> InworldRealtimeLLMService:
    heard = inworld_events.AudioConfiguration(input=inworld_events.AudioInput())
    session = inworld_events.SessionProperties(audio=heard)
    settings = InworldRealtimeLLMService.Settings(session_properties=session)
    return InworldRealtimeLLMService(api_key="any", settings=settings)


@pytest.mark.parametrize("make", [grok, inworld, lambda: GrokRealtimeLLMService(api_key="any")])
def test_the_session_of_a_vendor_that_is_not_openai_stays_as_it_was_asked_for(make: Any) -> None:
    service, other = make(), make()
    VoiceAgent(realtime=service, greeting="Hello!").pipeline(MemoryTransport())
    assert service._settings.session_properties.audio == other._settings.session_properties.audio


def test_other_vendors_are_composed_by_factory() -> None:
    agent = VoiceAgent(realtime=lambda: GeminiLiveLLMService(api_key="any"), greeting="Hello!")
    pipeline = agent.pipeline(MemoryTransport())
    assert any(isinstance(part, GeminiLiveLLMService) for part in pipeline.processors)
