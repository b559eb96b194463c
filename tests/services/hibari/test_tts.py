"""What the conversation holds after an interruption is what the caller heard, to the word."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.services.settings import TTSSettings

from antiphon.services import HibariTTSService, HibariTTSSettings
from antiphon.services.hibari.synthesizer import HibariSynthesizer

FIRST = "Your order left our warehouse in Rotterdam on Monday morning."
SECOND = "The carrier expects to deliver it, without a signature, by Thursday evening."

Speaking = Callable[..., AbstractAsyncContextManager[Any]]


def starts_secs(*sentences: str) -> list[tuple[str, float]]:
    """Each word with the second at which it begins when the sentences follow one another."""
    words, offset = [], 0.0
    for sentence in sentences:
        speech = HibariSynthesizer().synthesize(sentence)
        words += [(word.text, offset + word.start_secs) for word in speech.words]
        offset += len(speech.pcm) / 2 / speech.sample_rate_hz
    return words


@pytest.mark.looptime
@pytest.mark.parametrize("word", ["warehouse", "morning.", "signature,"])
async def test_an_interruption_leaves_exactly_the_words_that_were_heard(
    speaking: Speaking, word: str
) -> None:
    words = starts_secs(FIRST, SECOND)
    index = [text for text, _ in words].index(word)
    cut_secs = (words[index][1] + words[index + 1][1]) / 2  # in the middle of the word

    async with speaking(HibariTTSService()) as agent:
        await agent.say(FIRST, SECOND)
        await agent.speech_began.wait()
        await asyncio.sleep(cut_secs)
        await agent.queue(InterruptionFrame())
        await asyncio.sleep(20)

        assert agent.said == [" ".join(text for text, _ in words[: index + 1])]
        # A chunk of 40 ms is on its way when the caller begins to speak.
        assert agent.heard_secs == pytest.approx(cut_secs, abs=0.1)


@pytest.mark.looptime
@pytest.mark.parametrize("text", ["\U0001f642", "— !", "→"])
async def test_a_text_without_a_word_is_silence_and_no_error(speaking: Speaking, text: str) -> None:
    async with speaking(HibariTTSService()) as agent:
        await agent.queue(TTSSpeakFrame(text))
        await agent.queue(TTSSpeakFrame("Hello."))
        await asyncio.sleep(5)

        assert agent.call.of_type(ErrorFrame) == []
        assert agent.said == ["Hello."]


@pytest.mark.looptime
async def test_a_text_of_several_pieces_is_kept_and_resampled_whole(speaking: Speaking) -> None:
    async with speaking(HibariTTSService()) as agent:
        await agent.queue(TTSSpeakFrame(f"{FIRST} {SECOND}"))
        await asyncio.sleep(15)

        assert agent.said == [f"{FIRST} {SECOND}"]
        # The output cuts frames of its own from these, which belong to no context.
        sent = [frame for frame in agent.call.of_type(TTSAudioRawFrame) if frame.context_id]
        sent_secs = sum(frame.num_frames for frame in sent) / 16_000
    whole = HibariSynthesizer().synthesize(f"{FIRST} {SECOND}")
    assert sent_secs == pytest.approx(len(whole.pcm) / 2 / 24_000, abs=0.0005)


@pytest.mark.looptime
async def test_text_that_is_refused_is_an_error_and_the_call_goes_on(speaking: Speaking) -> None:
    async with speaking(HibariTTSService()) as agent:
        await agent.say("你好")
        await asyncio.sleep(5)
        await agent.say(FIRST)
        await asyncio.sleep(10)

        assert any("another script than Latin" in error for error in agent.errors)
        assert agent.said[-1] == FIRST


@pytest.mark.looptime
async def test_settings_change_in_the_middle_of_a_call_if_they_are_good(speaking: Speaking) -> None:
    async with speaking(HibariTTSService(settings=HibariTTSSettings(speed=2.0))) as agent:
        await agent.say(FIRST)
        await asyncio.sleep(10)
        fast_secs = agent.heard_secs
        for delta in (
            HibariTTSSettings(speed=9.0),
            HibariTTSSettings(speed="fast"),  # pyright: ignore[reportArgumentType]
            TTSSettings(voice="emma"),
            TTSSettings(language="de"),
            HibariTTSSettings(speed=0.8),
        ):
            await agent.queue(TTSUpdateSettingsFrame(delta=delta))
        await agent.say(FIRST)
        await asyncio.sleep(10)

        assert [error.split(": ")[1][:20] for error in agent.errors] == [
            "speed=9.0 is not bet",
            "speed='fast' is not ",
            "hibari has no voice ",
            "hibari speaks no 'de",
        ]
        assert agent.heard_secs - 10 > 1.5 * fast_secs


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (HibariTTSSettings(voice="emma"), "no voice 'emma'"),
        (HibariTTSSettings(language="de"), "speaks no 'de'"),
        (HibariTTSSettings(speed=0.0), "speed=0.0"),
    ],
)
def test_a_bad_setting_fails_when_the_service_is_made(
    settings: HibariTTSSettings, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        HibariTTSService(settings=settings)
