"""What the conversation holds after an interruption is what the caller heard, to the word."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.services.settings import TTSSettings

from antiphon.services import EspeakSynthesizer, EspeakTTSService, EspeakTTSSettings

FIRST = "Your order left our warehouse in Rotterdam on Monday morning."
SECOND = "The carrier expects to deliver it, without a signature, by Thursday evening."


Speaking = Callable[..., AbstractAsyncContextManager[Any]]


def starts_secs(*sentences: str) -> list[tuple[str, float]]:
    """Each word with the second at which it begins when the sentences follow one another."""
    words, offset = [], 0.0
    for sentence in sentences:
        speech = EspeakSynthesizer().synthesize(sentence)
        words += [(word.text, offset + word.start_secs) for word in speech.words]
        offset += len(speech.pcm) / 2 / speech.sample_rate_hz
    return words


@pytest.mark.looptime
async def test_a_reply_that_is_played_out_stands_whole_in_the_conversation(
    speaking: Speaking,
) -> None:
    async with speaking(EspeakTTSService()) as agent:
        await agent.say(FIRST, SECOND)
        await asyncio.sleep(15)

        assert agent.said == [f"{FIRST} {SECOND}"]
        samples = np.frombuffer(
            b"".join(chunk.pcm for chunk in agent.call.transport.played), np.int16
        )
        assert np.abs(samples).max() > 5_000
        assert len(agent.call.of_type(TTSStoppedFrame)) == 1


@pytest.mark.looptime
@pytest.mark.parametrize("word", ["order", "warehouse", "morning.", "carrier", "signature,"])
async def test_an_interruption_leaves_exactly_the_words_that_were_heard(
    speaking: Speaking, word: str
) -> None:
    words = starts_secs(FIRST, SECOND)
    index = [text for text, _ in words].index(word)
    cut_secs = (words[index][1] + words[index + 1][1]) / 2  # in the middle of the word

    async with speaking(EspeakTTSService()) as agent:
        await agent.say(FIRST, SECOND)
        await agent.speech_began.wait()
        await asyncio.sleep(cut_secs)
        await agent.queue(InterruptionFrame())
        await asyncio.sleep(20)

        assert agent.said == [" ".join(text for text, _ in words[: index + 1])]
        # A chunk of 40 ms is on its way when the caller begins to speak.
        assert agent.heard_secs == pytest.approx(cut_secs, abs=0.1)


@pytest.mark.looptime
async def test_a_sentence_that_comes_late_is_timed_from_when_it_came(speaking: Speaking) -> None:
    late = "And the carrier expects to deliver it by Thursday evening."
    words = starts_secs(late)

    async with speaking(EspeakTTSService(stop_frame_timeout_s=60)) as agent:
        # Pipecat holds a sentence until the next one begins.
        await agent.queue(
            LLMFullResponseStartFrame(), LLMTextFrame("Hello. "), LLMTextFrame(late[0])
        )
        await agent.speech_began.wait()
        await asyncio.sleep(5)
        await agent.queue(LLMTextFrame(late[1:]), LLMFullResponseEndFrame())
        await asyncio.sleep((words[2][1] + words[3][1]) / 2)
        await agent.queue(InterruptionFrame())
        await asyncio.sleep(5)

        assert agent.said == ["Hello. And the carrier"]


@pytest.mark.looptime
async def test_the_next_reply_after_an_interruption_is_spoken_and_kept(speaking: Speaking) -> None:
    async with speaking(EspeakTTSService()) as agent:
        await agent.say(FIRST)
        await agent.speech_began.wait()
        await asyncio.sleep(0.5)
        await agent.queue(InterruptionFrame())
        await asyncio.sleep(1)
        await agent.say(SECOND)
        await asyncio.sleep(10)

        assert agent.said[-1] == SECOND
        assert len(agent.said) == 2


@pytest.mark.looptime
async def test_a_greeting_that_no_model_wrote_is_kept_too(speaking: Speaking) -> None:
    async with speaking(EspeakTTSService()) as agent:
        await agent.queue(TTSSpeakFrame("Hello, this is the order desk."))
        await asyncio.sleep(5)

        assert agent.said == ["Hello, this is the order desk."]


@pytest.mark.looptime
async def test_an_utterance_is_resampled_to_its_last_sample(speaking: Speaking) -> None:
    voice = "en-us+klatt2"
    async with speaking(EspeakTTSService(settings=EspeakTTSSettings(voice=voice))) as agent:
        await agent.queue(TTSSpeakFrame(FIRST))
        await asyncio.sleep(10)

        # The output cuts frames of its own from these, which belong to no context.
        sent = [frame for frame in agent.call.of_type(TTSAudioRawFrame) if frame.context_id]
        sent_secs = sum(frame.num_frames for frame in sent) / 16_000
    whole = EspeakSynthesizer().synthesize(FIRST, voice=voice)
    spoken_secs = len(whole.pcm) / 2 / whole.sample_rate_hz
    assert sent_secs == pytest.approx(spoken_secs, abs=0.0005)


@pytest.mark.looptime
async def test_text_that_espeak_refuses_is_an_error_and_the_call_goes_on(
    speaking: Speaking,
) -> None:
    async with speaking(EspeakTTSService()) as agent:
        await agent.say("la " * 2_000)
        await asyncio.sleep(5)
        await agent.say(FIRST)
        await asyncio.sleep(10)

        assert any("longer than 5000" in error for error in agent.errors)
        assert agent.said[-1] == FIRST


@pytest.mark.looptime
async def test_settings_change_in_the_middle_of_a_call(speaking: Speaking) -> None:
    async with speaking(EspeakTTSService(settings=EspeakTTSSettings(rate_wpm=300))) as agent:
        await agent.say(FIRST)
        await asyncio.sleep(10)
        fast_secs = agent.heard_secs

        slow = TTSUpdateSettingsFrame(delta=EspeakTTSSettings(rate_wpm=120, voice="en"))
        await agent.queue(slow)
        await agent.say(FIRST)
        await asyncio.sleep(10)

        slow_secs = agent.heard_secs - 10
        assert slow_secs > 1.5 * fast_secs


@pytest.mark.looptime
async def test_a_language_that_comes_without_a_voice_is_spoken_by_its_own(
    speaking: Speaking,
) -> None:
    service = EspeakTTSService(settings=EspeakTTSSettings(voice="en-us+f3"))
    async with speaking(service) as agent:
        for language, voice in [("es-MX", "es+f3"), ("zh", "cmn+f3"), ("en", "en-us+f3")]:
            await agent.queue(TTSUpdateSettingsFrame(delta=TTSSettings(language=language)))
            await agent.say(FIRST)
            await asyncio.sleep(10)
            assert service._settings.voice == voice
    assert EspeakTTSService(settings=EspeakTTSSettings(language="de"))._settings.voice == "de"


@pytest.mark.looptime
async def test_a_bad_setting_in_the_middle_of_a_call_leaves_the_voice_as_it_was(
    speaking: Speaking,
) -> None:
    async with speaking(EspeakTTSService()) as agent:
        await agent.queue(
            TTSUpdateSettingsFrame(delta=EspeakTTSSettings(voice="xx-none", rate_wpm=100))
        )
        await agent.say(FIRST)
        await asyncio.sleep(10)

        assert any("unknown eSpeak voice 'xx-none'" in error for error in agent.errors)
        assert agent.said == [FIRST]
        assert agent.heard_secs > 2


def test_a_bad_setting_fails_when_the_service_is_made() -> None:
    with pytest.raises(ValueError, match="unknown eSpeak voice 'xx'"):
        EspeakTTSService(settings=EspeakTTSSettings(voice="xx"))
