"""What a caller says reaches the agent as text, and what makes no sense reaches it as such."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from pipecat.frames.frames import (
    CancelFrame,
    ErrorFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from antiphon.services import DecoderPool, PocketSphinxSTTService, jsgf_from_phrases
from antiphon.services.phrases import UNCLEAR
from antiphon.services.pocketsphinx.recognizer import Recognizer
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm
from antiphon.simulation.recording.words import Errors, word_errors

Say = Callable[..., bytes]
Calling = Callable[..., AbstractAsyncContextManager[Any]]

GRAMMAR = jsgf_from_phrases(
    ["what are your opening hours", "my order number is {number:digits}", "thank you goodbye"]
)


async def speak(
    call: Any, pcm: bytes, *, sample_rate_hz: int = 16_000, late_secs: float = 0.5
) -> None:
    """Let the caller speak as a VAD sees it: late at the start, and after a pause at the end."""
    late = int(late_secs * sample_rate_hz) * 2
    await call.hear(pcm[:late], sample_rate_hz)
    await call.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0))
    await call.hear(pcm[late:] + bytes(sample_rate_hz * 2 // 5), sample_rate_hz)
    known = len(finals(call))
    await call.worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2, timestamp=0.0))
    # Virtual time goes on while the decoder's thread works: wait for what comes of it.
    while len(finals(call)) == known and not call.of_type(ErrorFrame):  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def finals(call: Any) -> list[str]:
    return [frame.text for frame in call.of_type(TranscriptionFrame)]


@pytest.mark.looptime
@pytest.mark.parametrize("sample_rate_hz", [16_000, 8_000, 24_000])
async def test_what_the_caller_says_is_recognised_from_its_first_sound(
    calling: Calling, say: Say, sample_rate_hz: int
) -> None:
    text = "what are your opening hours"
    stt = PocketSphinxSTTService(grammar=GRAMMAR)
    async with calling([stt], sample_rate_hz=sample_rate_hz) as call:
        await speak(call, say(text, sample_rate_hz=sample_rate_hz), sample_rate_hz=sample_rate_hz)

        assert finals(call) == [text]
        assert all(frame.finalized for frame in call.of_type(TranscriptionFrame))


@pytest.mark.looptime
async def test_most_is_understood_over_a_telephone(calling: Calling, say: Say) -> None:
    numbers = (
        "seven three oh five",
        "four eight two one",
        "nine one two four",
        "six oh three three",
    )
    errors = Errors()
    async with calling([PocketSphinxSTTService(grammar=GRAMMAR)], sample_rate_hz=8_000) as call:
        for number in numbers:
            text = f"my order number is {number}"
            sound = ulaw_to_pcm(pcm_to_ulaw(say(text, sample_rate_hz=8_000)))
            await speak(call, sound, sample_rate_hz=8_000)
            errors += word_errors(text, finals(call)[-1])

    assert errors.rate < 0.1


@pytest.mark.looptime
async def test_the_first_words_over_a_telephone_are_no_worse_than_the_next(
    calling: Calling, say: Say
) -> None:
    errors = Errors()
    for number in ("seven three zero five", "four eight two one", "five oh six seven"):
        text = f"my order number is {number}"
        sound = ulaw_to_pcm(pcm_to_ulaw(say(text, sample_rate_hz=8_000)))
        async with calling([PocketSphinxSTTService(grammar=GRAMMAR)], sample_rate_hz=8_000) as call:
            await speak(call, sound, sample_rate_hz=8_000)
            errors += word_errors(text, finals(call)[-1])

    assert errors.rate < 0.1


@pytest.mark.looptime
async def test_interim_results_come_while_the_caller_speaks_and_only_when_they_changed(
    calling: Calling, say: Say
) -> None:
    async with calling([PocketSphinxSTTService(grammar=GRAMMAR)]) as call:
        await speak(call, say("my order number is four eight two one"))

        interims = [frame.text for frame in call.of_type(InterimTranscriptionFrame)]
        assert "my order number is four" in interims
        assert all(text != following for text, following in itertools.pairwise(interims))
        order = [
            type(frame)
            for frame in call.seen.frames
            if isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame)
        ]
        assert order == [InterimTranscriptionFrame] * len(interims) + [TranscriptionFrame]


@pytest.mark.looptime
@pytest.mark.parametrize(
    "text", ["my internet connection is not working", "can you tell me a joke"]
)
async def test_speech_outside_the_grammar_is_marked_so_that_the_agent_asks_again(
    calling: Calling, say: Say, text: str
) -> None:
    async with calling([PocketSphinxSTTService(grammar=GRAMMAR)]) as call:
        await speak(call, say(text))

        assert finals(call) == [UNCLEAR]


@pytest.mark.looptime
async def test_without_a_grammar_open_speech_is_taken(calling: Calling, say: Say) -> None:
    async with calling([PocketSphinxSTTService()]) as call:
        await speak(call, say("what are your opening hours today", voice="en-us+klatt2"))

        (text,) = finals(call)
        assert "opening hours" in text


@pytest.mark.looptime
async def test_one_utterance_after_the_other(calling: Calling, say: Say) -> None:
    async with calling([PocketSphinxSTTService(grammar=GRAMMAR)]) as call:
        await speak(call, say("what are your opening hours"))
        await speak(call, say("my order number is two two"))
        await speak(call, say("thank you goodbye"))

        assert finals(call) == [
            "what are your opening hours",
            "my order number is two two",
            "thank you goodbye",
        ]


@pytest.mark.looptime
async def test_an_utterance_on_which_the_decoder_fails_is_asked_about_and_the_next_is_heard(
    calling: Calling, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object) -> str:
        raise RuntimeError("out of memory")

    async with calling([PocketSphinxSTTService(grammar=GRAMMAR)]) as call:
        with monkeypatch.context() as failing:
            failing.setattr(Recognizer, "feed", fail)
            await speak(call, say("thank you goodbye"))
            await asyncio.sleep(1)
        (error,) = call.of_type(ErrorFrame)
        assert "PocketSphinx failed on an utterance" in error.error

        await speak(call, say("what are your opening hours"))
        await asyncio.sleep(5)
        assert finals(call) == [UNCLEAR, "what are your opening hours"]


@pytest.mark.looptime
async def test_two_calls_take_turns_where_there_is_one_decoder(calling: Calling, say: Say) -> None:
    pool = DecoderPool(max_decoders=1)
    async with (
        calling([PocketSphinxSTTService(grammar=GRAMMAR, pool=pool)]) as first,
        calling([PocketSphinxSTTService(grammar=GRAMMAR, pool=pool)]) as second,
    ):
        await asyncio.gather(
            speak(first, say("what are your opening hours")),
            speak(second, say("my order number is four eight two one")),
        )

        assert finals(first) == ["what are your opening hours"]
        assert finals(second) == ["my order number is four eight two one"]


@pytest.mark.looptime
@pytest.mark.parametrize("cancelled", [False, True], ids=["ended", "cancelled"])
async def test_a_call_that_ends_in_the_middle_of_a_word_gives_its_decoder_back(
    calling: Calling, say: Say, cancelled: bool
) -> None:
    pool = DecoderPool(max_decoders=1)
    async with calling([PocketSphinxSTTService(grammar=GRAMMAR, pool=pool)]) as call:
        await call.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0))
        await call.hear(say("what are your opening hours")[:32_000])
        if cancelled:
            await call.worker.queue_frame(CancelFrame())

    async with calling([PocketSphinxSTTService(grammar=GRAMMAR, pool=pool)]) as call:
        await speak(call, say("my order number is two two"))

        assert finals(call) == ["my order number is two two"]


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        ("what are your opening hours", "a JSGF grammar with no public rule"),
        ("#JSGF V1.0; grammar a; public <a> = (stop;", "not a JSGF grammar"),
        (jsgf_from_phrases(["stop the zzyzxly"]), "no pronunciation of 'zzyzxly'"),
    ],
)
async def test_a_bad_grammar_is_one_clear_error_and_the_call_goes_on(
    calling: Calling, say: Say, grammar: str, message: str
) -> None:
    async with calling([PocketSphinxSTTService(grammar=grammar)]) as call:
        await speak(call, say("thank you goodbye"))

        errors = [frame.error for frame in call.of_type(ErrorFrame)]
        assert len(errors) == 1
        assert message in errors[0]
        assert finals(call) == []


def test_a_pool_of_none_is_refused() -> None:
    with pytest.raises(ValueError, match="max_decoders=0"):
        DecoderPool(max_decoders=0)
