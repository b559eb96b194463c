import asyncio
import contextlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from antiphon.services import EspeakSynthesizer
from antiphon.services.espeak.synthesizer import start_afresh
from antiphon.services.speech import Speech

TEXT = "Hello there, your order 4821 ships on the 3rd of May. It cost $29.95!"


def seconds(speech: Speech) -> float:
    return len(speech.pcm) / 2 / speech.sample_rate_hz


def test_speech_is_audible_pcm_with_one_timing_for_each_word() -> None:
    speech = EspeakSynthesizer().synthesize(TEXT)

    samples = np.frombuffer(speech.pcm, dtype=np.int16)
    assert np.abs(samples).max() > 5_000
    assert [word.text for word in speech.words] == TEXT.split()
    assert speech.words[0].start_secs == 0.0
    assert speech.words[-1].end_secs == pytest.approx(seconds(speech))
    assert all(
        word.end_secs == pytest.approx(following.start_secs)
        for word, following in zip(speech.words, speech.words[1:], strict=False)
    )


@pytest.mark.parametrize("word", ["ships", "cost", "there,"])
def test_a_word_begins_where_its_timing_says(word: str) -> None:
    synthesizer = EspeakSynthesizer()
    speech = synthesizer.synthesize("One, two. Three, " + word + ". Four.")
    timing = next(each for each in speech.words if each.text == word + ".")

    samples = np.frombuffer(speech.pcm, dtype=np.int16).astype(float)
    energy = [
        float(np.sqrt(np.mean(samples[at : at + 220] ** 2)))
        for at in range(0, len(samples) - 220, 220)
    ]
    start = int(timing.start_secs * 100)
    # A comma's pause ends where the word begins.
    assert max(energy[start - 8 : start - 2]) < 50 < max(energy[start : start + 15])


def test_a_slower_rate_and_another_voice_are_heard() -> None:
    synthesizer = EspeakSynthesizer()

    plain = synthesizer.synthesize(TEXT)
    slow = synthesizer.synthesize(TEXT, rate_wpm=110)
    high = synthesizer.synthesize(TEXT, pitch=95)
    other = synthesizer.synthesize(TEXT, voice="en-us+klatt2")

    assert seconds(slow) > 1.2 * seconds(plain)
    assert high.pcm != plain.pcm
    assert other.pcm != plain.pcm


@pytest.mark.parametrize("text", ["", "   ", "...", "a\0b", "\ud800", "😀", "<voice>[[x]]"])
def test_any_text_is_spoken_without_an_error(text: str) -> None:
    speech = EspeakSynthesizer().synthesize(text)

    assert [word.text for word in speech.words] == text.replace("\0", " ").split()


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("voice", "xx-none", "unknown eSpeak voice 'xx-none'"),
        ("voice", "en-us+nobody", r"unknown eSpeak voice 'en-us\+nobody'.*klatt2"),
        ("rate_wpm", 20, "rate_wpm=20 is not between 80 and 450"),
        ("pitch", 101, "pitch=101 is not between 0 and 100"),
        ("rate_wpm", "fast", "rate_wpm='fast' is not between 80 and 450"),
        ("rate_wpm", 160.5, "rate_wpm=160.5 is not between 80 and 450"),
        ("pitch", None, "pitch=None is not between 0 and 100"),
        ("voice", 5, "voice=5 is no eSpeak voice's name"),
        ("text", "a" * 5_001, "text of 5001 characters"),
    ],
)
def test_a_bad_argument_is_quoted_with_what_is_allowed(
    argument: str, value: object, message: str
) -> None:
    arguments = {"text": "Hello.", argument: value}

    with pytest.raises(ValueError, match=message):
        EspeakSynthesizer().synthesize(**arguments)  # type: ignore[arg-type]


def test_a_bad_voice_leaves_the_next_utterance_untouched() -> None:
    synthesizer = EspeakSynthesizer()
    before = synthesizer.synthesize(TEXT, voice="en-us+klatt2")

    with pytest.raises(ValueError, match="unknown eSpeak voice"):
        synthesizer.synthesize(TEXT, voice="xx")

    after = synthesizer.synthesize(TEXT, voice="en-us+klatt2")
    assert len(after.pcm) == len(before.pcm)


def test_calls_from_many_threads_do_not_mix() -> None:
    synthesizer = EspeakSynthesizer()
    texts = [f"This is the caller number {number}." for number in range(20)]

    def speak(text: str) -> tuple[int, list[str]]:
        speech = synthesizer.synthesize(text, voice="en-us+klatt2")
        return len(speech.pcm), [word.text for word in speech.words]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(speak, texts))

    assert together == [speak(text) for text in texts]


async def test_a_stream_brings_the_same_speech_in_pieces() -> None:
    synthesizer = EspeakSynthesizer()

    chunks = [chunk async for chunk in synthesizer.stream(TEXT, voice="en-us+klatt2")]

    whole = synthesizer.synthesize(TEXT, voice="en-us+klatt2")
    assert len(chunks) > 3
    assert sum(len(chunk.pcm) for chunk in chunks) == len(whole.pcm)
    assert tuple(word for chunk in chunks for word in chunk.words) == whole.words


async def test_closing_a_stream_aborts_the_synthesis() -> None:
    synthesizer = EspeakSynthesizer()
    text = "This sentence goes on and on. " * 150

    async def cost(pieces: int) -> float:
        """CPU time of the process for so many pieces, and until the one worker is free again."""
        since = time.process_time()
        async with contextlib.aclosing(synthesizer.stream(text)) as stream:
            async for _ in stream:
                pieces -= 1
                if not pieces:
                    break
        after = await asyncio.to_thread(synthesizer.synthesize, "Next.")
        assert [word.text for word in after.words] == ["Next."]
        return time.process_time() - since

    assert await cost(pieces=1) < await cost(pieces=100_000) / 3


async def test_a_bad_voice_in_a_stream_is_an_error_to_its_reader() -> None:
    with pytest.raises(ValueError, match="unknown eSpeak voice 'xx'"):
        _ = [chunk async for chunk in EspeakSynthesizer().stream("Hello.", voice="xx")]


@pytest.mark.parametrize("voice", ["en-us", "en-us+f2", "en-us+klatt2", "en-us+whisper"])
def test_started_afresh_it_speaks_the_same_samples(voice: str) -> None:
    def speak() -> list[bytes]:
        start_afresh()
        return [EspeakSynthesizer().synthesize(text, voice=voice).pcm for text in ("Yes.", TEXT)]

    assert speak() == speak()


def test_two_processes_speak_the_same_samples() -> None:
    speak = (
        "import hashlib, antiphon.services as e;"
        f"speech = e.EspeakSynthesizer().synthesize({TEXT!r}, voice='en-us+f2');"
        "print(hashlib.sha1(speech.pcm).hexdigest())"
    )

    first, second = (subprocess.check_output([sys.executable, "-c", speak]) for _ in range(2))

    assert first == second
