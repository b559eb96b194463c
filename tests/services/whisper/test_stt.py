"""What a caller says reaches the agent as text, noise does not, what makes no sense is marked."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    UserAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from antiphon.services import EmbeddedWhisperSTTService
from antiphon.services.phrases import UNCLEAR
from antiphon.services.whisper import engine, stt
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm
from antiphon.simulation.recording.words import Errors, word_errors
from antiphon.simulation.virtual_time import run_virtual

Say = Callable[..., bytes]
Calling = Callable[..., AbstractAsyncContextManager[Any]]

SENTENCES = (
    "can you help me with a broken lamp",
    "what time do you open tomorrow",
    "I want to talk to a human",
    "thank you very much for your help",
)


async def speak(call: Any, pcm: bytes, *, sample_rate_hz: int = 16_000, heard: bool = True) -> None:
    """Let the caller speak as a VAD sees it: late at the start, and after a pause at the end."""
    known = len(finals(call))
    late = sample_rate_hz // 2 * 2
    await call.hear(pcm[:late], sample_rate_hz)
    await call.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0))
    await call.hear(pcm[late:] + bytes(sample_rate_hz * 2 // 5), sample_rate_hz)
    await call.worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2, timestamp=0.0))
    await asyncio.sleep(0.5)
    # On a busy machine virtual time goes on while the model's thread works.
    while heard and len(finals(call)) == known:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def finals(call: Any) -> list[str]:
    return [frame.text for frame in call.of_type(TranscriptionFrame)]


def transcripts(call: Any) -> list[tuple[type[Frame], str]]:
    return [
        (type(frame), frame.text)
        for frame in call.seen.frames
        if isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame)
    ]


@pytest.mark.virtual_time
async def test_open_speech_is_understood_and_told_in_part_before_it_is_over(
    calling: Calling, say: Say
) -> None:
    text = SENTENCES[0]
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await speak(call, say(text))

        (final,) = call.of_type(TranscriptionFrame)
        assert word_errors(text, final.text).wrong <= 1
        assert final.finalized
        assert 0.43 < final.result["confidence"] <= 1
        assert final.result["no_speech"] < 0.6
        interims = call.of_type(InterimTranscriptionFrame)
        assert interims
        assert all(final.text.startswith(frame.text.rstrip(".?!,")) for frame in interims)
        texts = [frame.text for frame in interims]
        assert all(text != following for text, following in itertools.pairwise(texts))
        assert [kind for kind, _ in transcripts(call)] == [
            *[InterimTranscriptionFrame] * len(interims),
            TranscriptionFrame,
        ]


@pytest.mark.virtual_time
async def test_noise_is_no_speech_and_another_language_is_asked_about(
    calling: Calling, say: Say
) -> None:
    noise = np.random.default_rng(0).normal(0, 800, 20_000).astype(np.int16).tobytes()
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await speak(call, noise, heard=False)
        assert transcripts(call) == []

        await speak(call, say("Здравствуйте, где мой заказ", voice="ru"))
        assert finals(call) == [UNCLEAR]


@pytest.mark.virtual_time
async def test_weights_that_cannot_be_loaded_are_one_clear_error_and_the_call_goes_on(
    calling: Calling, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"no model")
    async with calling([EmbeddedWhisperSTTService(model=tmp_path)]) as call:
        await speak(call, bytes(32_000), heard=False)
        await speak(call, bytes(32_000), heard=False)

        (error,) = call.of_type(ErrorFrame)
        assert "Whisper: " in error.error
        assert finals(call) == []


@pytest.mark.virtual_time
async def test_a_call_that_ends_in_the_middle_of_a_word_ends(calling: Calling, say: Say) -> None:
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await call.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0))
        await call.hear(say(SENTENCES[0])[:16_000])

    assert finals(call) == []


async def test_who_finds_too_many_before_them_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_WAITING", 1)
    model, silence = engine.engine_of("tiny.en"), np.zeros(1600, np.int16)
    first = asyncio.create_task(model.hear(silence, 16_000))
    await asyncio.sleep(0)

    assert await model.glance(silence, 16_000, may_be_last=True) is None
    with pytest.raises(engine.OverloadedError, match="1 turns wait"):
        await model.hear(silence, 16_000)
    assert (await first).text == ""


@pytest.mark.virtual_time
async def test_a_turn_that_is_not_decoded_is_asked_about(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_WAITING", 0)
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await speak(call, bytes(32_000))

        assert finals(call) == [UNCLEAR]


@pytest.mark.virtual_time
async def test_a_turn_on_which_the_model_fails_is_asked_about_and_the_next_is_heard(
    calling: Calling, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("out of memory")

    async with calling([EmbeddedWhisperSTTService()]) as call:
        with monkeypatch.context() as failing:
            failing.setattr(engine.Engine, "hear", fail)
            failing.setattr(engine.Engine, "glance", fail)
            await speak(call, say(SENTENCES[1], voice="en-us+m3"))
        assert finals(call) == [UNCLEAR]
        (error,) = call.of_type(ErrorFrame)
        assert "Whisper failed on a turn" in error.error

        await speak(call, say(SENTENCES[1], voice="en-us+m3"))
        assert word_errors(SENTENCES[1], finals(call)[1]).wrong <= 1


@pytest.mark.virtual_time
async def test_half_a_sample_makes_nobody_deaf(calling: Calling, say: Say) -> None:
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await call.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0))
        await call.worker.queue_frame(
            UserAudioRawFrame(
                user_id="caller",
                audio=say(SENTENCES[1], voice="en-us+m3") + b"\x01",
                sample_rate=16_000,
                num_channels=1,
            )
        )
        await asyncio.sleep(0.1)
        await call.worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2, timestamp=0.0))
        for _ in range(100):
            await asyncio.sleep(0.1)

        assert call.of_type(ErrorFrame) == []
        assert word_errors(SENTENCES[1], " ".join(finals(call))).wrong <= 1


@pytest.mark.system
@pytest.mark.virtual_time
@pytest.mark.parametrize("sample_rate_hz", [8_000, 24_000])
async def test_any_rate_is_understood_from_the_first_sound(
    calling: Calling, say: Say, sample_rate_hz: int
) -> None:
    text = SENTENCES[1]
    async with calling([EmbeddedWhisperSTTService()], sample_rate_hz=sample_rate_hz) as call:
        sound = say(text, sample_rate_hz=sample_rate_hz, voice="en-us+m3")
        await speak(call, sound, sample_rate_hz=sample_rate_hz)

        assert word_errors(text, finals(call)[0]).wrong == 0


@pytest.mark.system
@pytest.mark.virtual_time
async def test_most_is_understood_over_a_telephone(calling: Calling, say: Say) -> None:
    errors = Errors()
    async with calling([EmbeddedWhisperSTTService()], sample_rate_hz=8_000) as call:
        for text in SENTENCES:
            sound = say(text, sample_rate_hz=8_000, voice="en-us+m3")
            await speak(call, ulaw_to_pcm(pcm_to_ulaw(sound)), sample_rate_hz=8_000)
            errors += word_errors(text, finals(call)[-1])

    assert errors.rate < 0.15


@pytest.mark.system
def test_the_same_call_is_heard_the_same_at_the_same_times(calling: Calling, say: Say) -> None:
    sounds = [say(text, voice="en-us+m3") for text in SENTENCES[:2]]

    async def heard() -> list[tuple[str, str]]:
        async with calling([EmbeddedWhisperSTTService()]) as call:
            for sound in sounds:
                await speak(call, sound)
            return [
                (frame.timestamp, frame.text)
                for frame in call.seen.frames
                if isinstance(frame, TranscriptionFrame | InterimTranscriptionFrame)
            ]

    first, second = run_virtual(heard()), run_virtual(heard())
    assert len(first) > 2
    assert first == second


@pytest.mark.system
@pytest.mark.virtual_time
async def test_a_monologue_of_a_minute_is_one_text(calling: Calling, say: Say) -> None:
    parts = [*SENTENCES, "I bought it two weeks ago and it stopped working"] * 6
    sound = b"".join(say(part, voice="en-us+m3") for part in parts)
    assert len(sound) > 60 * 32_000
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await speak(call, sound)

        (text,) = finals(call)
        assert word_errors(" ".join(parts), text).rate < 0.1


@pytest.mark.system
@pytest.mark.virtual_time
@pytest.mark.parametrize("gain", [4.0, 10.0])
async def test_clipped_sound_is_understood(calling: Calling, say: Say, gain: float) -> None:
    loud = np.frombuffer(say(SENTENCES[1], voice="en-us+m3"), np.int16) * gain
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await speak(call, np.clip(loud, -32768, 32767).astype(np.int16).tobytes())

        assert word_errors(SENTENCES[1], finals(call)[0]).wrong <= 1


@pytest.mark.system
@pytest.mark.virtual_time
@pytest.mark.parametrize("kind", ["chord", "melody", "beat", "burst"])
async def test_music_and_bangs_are_no_speech(calling: Calling, kind: str) -> None:
    chance, t = np.random.default_rng(0), np.arange(48_000) / 16_000
    fade = np.exp(-(t % 0.25) * 8)
    sound = {
        "chord": sum(np.sin(2 * np.pi * hz * t) for hz in (220, 277, 330)) * 2500,
        "melody": np.sin(2 * np.pi * np.repeat([262, 294, 330, 349, 392, 440] * 2, 4000) * t)
        * fade
        * 9000,
        "beat": chance.normal(0, 6000, len(t)) * fade**3,
        "burst": chance.normal(0, 12_000, len(t)) * ((t > 1) & (t < 1.1)),
    }[kind]
    async with calling([EmbeddedWhisperSTTService()]) as call:
        await speak(call, np.asarray(sound).astype(np.int16).tobytes(), heard=False)

        assert finals(call) in ([], [UNCLEAR])


@pytest.mark.system
@pytest.mark.virtual_time
async def test_turns_beyond_those_that_can_wait_are_asked_about(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stt, "MAX_TURNS", 1)
    async with calling([EmbeddedWhisperSTTService()]) as call:
        for _ in range(4):
            await call.worker.queue_frame(
                VADUserStartedSpeakingFrame(start_secs=0.2, timestamp=0.0)
            )
        await asyncio.sleep(1)

        assert set(finals(call)) == {UNCLEAR}
