"""Real sound in and out: eSpeak calls, PocketSphinx hears at the vendor, eSpeak answers."""

from contextlib import AsyncExitStack

import pytest
from pipecat.audio.utils import create_file_resampler
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService

from antiphon.core.reaching_in import close_client
from antiphon.services import EspeakSynthesizer
from antiphon.simulation.frames import audio, silence
from antiphon.simulation.lines.babble import silence_pcm
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.embedded import EspeakVoice, pocketsphinx_transcriber
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.vendors.realtime.hearing import Ear

from ..calls import call

PHRASES = ["what are your opening hours", "are you open on sunday", "thank you goodbye"]


async def caller_says(text: str, *, rate_hz: int = 16_000) -> bytes:
    speech = EspeakSynthesizer().synthesize(text, voice="en-us+klatt2")
    return await create_file_resampler().resample(speech.pcm, speech.sample_rate_hz, rate_hz)


@pytest.mark.virtual_time
@pytest.mark.filterwarnings("ignore:websockets.*deprecated:DeprecationWarning")
async def test_a_spoken_question_is_heard_and_answered_with_a_voice() -> None:
    async with AsyncExitStack() as servers:
        deepgram = await servers.enter_async_context(
            DeepgramServer(transcriber=pocketsphinx_transcriber(PHRASES))
        )
        openai = await servers.enter_async_context(OpenAIServer())
        cartesia = await servers.enter_async_context(CartesiaServer(voice=EspeakVoice()))
        llm = OpenAILLMService(base_url=openai.url, api_key="any")
        servers.push_async_callback(close_client, llm)
        transport, context = await call(
            DeepgramSTTService(base_url=deepgram.url, api_key="any"),
            llm,
            CartesiaTTSService(
                url=cartesia.url, api_key="any", settings=CartesiaTTSService.Settings(voice="v")
            ),
            silence(0.5) + audio(await caller_says("Are you open on Sunday?")) + silence(6.0),
        )
    said = [message.get("content") for message in context.messages if isinstance(message, dict)]
    assert said == ["are you open on sunday", "You said: are you open on sunday"]
    # The voice at the far end is intelligible to the same ears.
    played = b"".join(chunk.pcm for chunk in transport.played)
    ears = pocketsphinx_transcriber(["you said are you open on sunday", *PHRASES])()
    ears.begin(silence_pcm(0.3), 16_000)
    ears.hear(played, 16_000)
    assert ears.end() == "you said are you open on sunday"


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
async def test_other_sample_rates_are_heard_as_well(rate_hz: int) -> None:
    ears = pocketsphinx_transcriber(PHRASES)()
    ears.begin(silence_pcm(0.3, sample_rate_hz=rate_hz), rate_hz)
    ears.hear(await caller_says("What are your opening hours?", rate_hz=rate_hz), rate_hz)
    assert ears.end() == "what are your opening hours"


@pytest.mark.parametrize("silence_secs", [0.0, 3.0])
async def test_a_realtime_model_hears_what_its_client_commits(silence_secs: float) -> None:
    ear = Ear(pocketsphinx_transcriber(PHRASES)(), None)
    said = await caller_says("What are your opening hours?", rate_hz=24_000)
    ear.hear(silence_pcm(silence_secs, sample_rate_hz=24_000) + said)
    assert ear.commit().text == "what are your opening hours"


def test_a_phrase_with_an_unknown_word_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="zxqwv"):
        pocketsphinx_transcriber(["open the zxqwv"])
