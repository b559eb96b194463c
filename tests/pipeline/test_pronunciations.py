"""A name is said as it sounds, and remembered as it is written."""

from collections.abc import Mapping
from typing import Any

import pytest
from pipecat.pipeline.service_switcher import ServiceSwitcher
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.services import EspeakTTSService
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

SAID = {"Nguyen": "win", "Siobhan": "shi vawn", "Worcester St.": "wooster street"}

REPLY = (
    "Dr. Nguyen's office is in Worcester St. near here. Ask for Siobhan, or NGUYEN. "
    "The Nguyens have left."
)
SPOKEN = (
    "Dr. win's office is in wooster street near here. Ask for shi vawn, or win. "
    "The Nguyens have left."
)


async def call(tts: Any, *, pronunciations: Mapping[str, str] = SAID) -> tuple[str, list[str]]:
    """Ask once, hear a reply, and return what the voice was asked for and what is remembered."""
    asked: list[str] = []
    contexts: list[LLMContext] = []

    def answer(context: LLMContext) -> str:
        contexts.append(context)
        return REPLY

    def make_voice() -> Any:
        voice = tts()

        @voice.event_handler("on_tts_request")
        async def on_tts_request(_: Any, context_id: str, text: str) -> None:
            asked.append(text.strip())

        return voice

    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=lambda: FakeSTT(script=["where is it"]),
        llm=lambda: FakeLLM(script=answer),
        tts=make_voice,
        pronunciations=pronunciations,
        greeting="This is Siobhan.",
        turns=TurnSettings(silence_secs=0.4),
    )
    lines = [
        Say(text="where is it", after="step_done", after_secs=3.0),
        HangUp(after="step_done", after_secs=12.0),
    ]
    await simulate_call(Caller(transport, lines), agent.worker(transport))
    messages: list[Any] = contexts[0].get_messages()
    said = [m["content"] for m in messages if m["role"] == "assistant"]
    return " ".join(asked), said


@pytest.mark.looptime
@pytest.mark.parametrize(
    "tts",
    [FakeTTS, lambda: FakeTTS(word_timestamps=False), EspeakTTSService],
    ids=["words told", "no words told", "espeak"],
)
async def test_the_voice_says_it_as_it_sounds_and_the_context_keeps_it_as_written(tts: Any) -> None:
    asked, remembered = await call(tts)
    assert asked == f"This is shi vawn. {SPOKEN}"
    assert remembered == ["This is Siobhan.", REPLY]


@pytest.mark.looptime
async def test_without_pronunciations_the_voice_reads_what_is_written() -> None:
    asked, _ = await call(FakeTTS, pronunciations={})
    assert asked == f"This is Siobhan. {REPLY}"


def compose(tts: Any, pronunciations: Mapping[str, str]) -> Any:
    agent = VoiceAgent(tts=tts, pronunciations=pronunciations)
    return agent.pipeline(MemoryTransport())


def cartesia() -> CartesiaTTSService:
    return CartesiaTTSService(api_key="c", settings=CartesiaTTSService.Settings(voice="v"))


async def prepared(tts: Any, text: str) -> str | None:
    for _, transform in tts._text_transforms:
        text = await transform(text, "sentence")
    return text


async def test_phonemes_reach_a_voice_that_reads_them_in_its_own_markup() -> None:
    made: list[Any] = []

    def make() -> CartesiaTTSService:
        made.append(cartesia())
        return made[-1]

    compose(make, {"Nguyen": "/wɪn/", "Siobhan": "shi vawn"})
    assert await prepared(made[0], "Nguyen, Siobhan") == "<<w|ɪ|n>>, shi vawn"


def test_phonemes_for_a_voice_that_reads_none_are_refused_by_name() -> None:
    told = r"^FakeTTS cannot say 'Nguyen' by the phonemes '/wɪn/': write how it sounds, such as"
    with pytest.raises(ValueError, match=told):
        compose(FakeTTS, {"Siobhan": "shi vawn", "Nguyen": "/wɪn/"})


async def test_a_voice_that_reads_no_markup_now_still_says_what_is_written_as_it_sounds() -> None:
    settings = ElevenLabsTTSService.Settings(voice="v", model="eleven_flash_v2_5")
    made = ElevenLabsTTSService(api_key="e", settings=settings)
    compose(made, SAID)
    assert await prepared(made, "Ask for Siobhan.") == "Ask for shi vawn."


async def test_each_voice_of_a_switcher_is_told() -> None:
    voices: list[FrameProcessor] = [FakeTTS(), FakeTTS()]
    compose(lambda: ServiceSwitcher(services=voices), SAID)
    assert [await prepared(voice, "Nguyen") for voice in voices] == ["win", "win"]


def test_what_is_no_voice_cannot_be_told() -> None:
    from pipecat.processors.filters.identity_filter import IdentityFilter

    with pytest.raises(ValueError, match="pronunciations need a Pipecat TTS service"):
        compose(IdentityFilter, SAID)
