"""Natural English speech without a key or a network: hibari, through `hibari-tts`.

One worker thread serves every call of the process, one piece of a text after the other: a second of
speech takes it 10 ms, and a call that speaks at length does not keep the others waiting. No more
than one piece of each call waits for it.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from loguru import logger

from antiphon.core.audio import pcm_secs
from antiphon.services.hibari.alignment import align
from antiphon.services.hibari.model import SAMPLE_RATE_HZ, Samples, load_model
from antiphon.services.hibari.text import cut, sayable
from antiphon.services.speech import Speech, SpeechChunk, refuse_long
from antiphon.services.word_times import WordTimer, WordTiming

__all__ = ["SAMPLE_RATE_HZ", "HibariSynthesizer"]

SPEED_RANGE = (0.5, 2.0)
PITCH_RANGE = (0.5, 2.0)

# The model begins and ends each piece with 0.3 to 0.45 s of silence, which nobody should wait for.
LEAD_SECS = 0.01
PAUSE_SECS = 0.3
CLAUSE_PAUSE_SECS = 0.12
SENTENCE_ENDS = (".", "!", "?", "…")

# A hundredth of the loudest that was met; what is above is heard.
SILENCE = 0.004
WINDOW = SAMPLE_RATE_HZ // 100


class HibariSynthesizer:
    """hibari's one voice in this process: whole utterances for scripts, streams for services.

    Instances share the model and its worker thread; the first one loads it, in half a second. The
    same text is the same samples, in every process. English only: words in other scripts are left
    out, with a warning, and a text of nothing else is refused.

    Raises:
        ImportError: If `antiphon[speech]` is not installed.
        WeightsError: If the installed files are not those that were read for this version.
    """

    def __init__(self) -> None:
        _worker().submit(load_model).result()

    def synthesize(self, text: str, *, speed: float = 1.0, pitch: float = 1.0) -> Speech:
        """Speak a text into memory. Blocks: from an event loop use `stream`.

        Args:
            text: Plain text, at most 5,000 characters.
            speed: How fast, 0.5 to 2; 1.0 is the voice's own pace.
            pitch: How high, 0.5 to 2; 1.0 is the voice's own.

        Raises:
            ValueError: If an argument is out of range, or the text has no word that can be spoken.
        """
        chunks: list[SpeechChunk] = []
        offset_secs = 0.0
        for job in _jobs(text, speed, pitch):
            chunk = _later(_worker().submit(job).result(), offset_secs)
            chunks.append(chunk)
            offset_secs += _secs(chunk)
        return Speech(
            pcm=b"".join(chunk.pcm for chunk in chunks),
            sample_rate_hz=SAMPLE_RATE_HZ,
            words=tuple(word for chunk in chunks for word in chunk.words),
        )

    async def stream(
        self, text: str, *, speed: float = 1.0, pitch: float = 1.0
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Speak a text sentence by sentence; closing the generator aborts the synthesis.

        Args:
            text: Plain text, at most 5,000 characters.
            speed: How fast, 0.5 to 2; 1.0 is the voice's own pace.
            pitch: How high, 0.5 to 2; 1.0 is the voice's own.

        Yields:
            The PCM of a sentence, with its words; of a long first sentence, that of a clause.

        Raises:
            ValueError: If an argument is out of range, or the text has no word that can be spoken.
        """
        loop = asyncio.get_running_loop()
        offset_secs = 0.0
        for job in _jobs(text, speed, pitch):
            chunk = _later(await loop.run_in_executor(_worker(), job), offset_secs)
            offset_secs += _secs(chunk)
            yield chunk


@functools.cache
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="hibari")


def _jobs(text: str, speed: float, pitch: float) -> list[Callable[[], SpeechChunk]]:
    """What the worker has to do for a text, piece by piece."""
    refuse_long(text)
    check(speed=speed, pitch=pitch)
    pieces = [(piece, *sayable(piece)) for piece in cut(text)]
    if any(lacks for _, _, lacks in pieces):
        if not any(char.isalnum() for _, said, _ in pieces for char in said):
            raise ValueError("a text in another script than Latin cannot be spoken")
        logger.warning("hibari leaves out words in another script than Latin")
    return [
        functools.partial(_speak, piece, said, speed=speed, pitch=pitch)
        for piece, said, _ in pieces
    ]


def check(*, speed: float, pitch: float) -> None:
    """Refuse what is out of range.

    Args:
        speed: How fast.
        pitch: How high.

    Raises:
        ValueError: If one of them is.
    """
    for name, value, (low, high) in (
        ("speed", speed, SPEED_RANGE),
        ("pitch", pitch, PITCH_RANGE),
    ):
        # Settings come over the wire as well, where they may be anything.
        if not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name}={value!r} is not between {low} and {high}")


def _speak(piece: str, said: str, *, speed: float, pitch: float) -> SpeechChunk:
    """Synthesise a piece, on the worker."""
    model = load_model()
    reading = model.read(said)
    samples, starts = model.speak(reading, speed=speed, pitch=pitch)
    ends_sentence = piece.rstrip('"”’)]').endswith(SENTENCE_ENDS)
    first, end = _sound(samples, PAUSE_SECS if ends_sentence else CLAUSE_PAUSE_SECS)
    timer = WordTimer(piece)
    words: list[WordTiming] = []
    for position, word in align(piece, reading.words):
        words += timer.feed(position, max(0.0, starts[word] - first / SAMPLE_RATE_HZ))
    words += timer.finish((end - first) / SAMPLE_RATE_HZ)
    pcm = np.clip(np.rint(samples[first:end] * 32767), -32768, 32767).astype("<i2")
    return SpeechChunk(pcm=pcm.tobytes(), sample_rate_hz=SAMPLE_RATE_HZ, words=tuple(words))


def _sound(samples: Samples, pause_secs: float) -> tuple[int, int]:
    """From which sample to which a piece is to be played."""
    windows = np.abs(samples[: len(samples) // WINDOW * WINDOW]).reshape(-1, WINDOW).max(axis=1)
    loud = np.flatnonzero(windows > SILENCE)
    if not len(loud):
        return 0, 0
    first = int(loud[0]) * WINDOW - round(LEAD_SECS * SAMPLE_RATE_HZ)
    end = (int(loud[-1]) + 1) * WINDOW + round(pause_secs * SAMPLE_RATE_HZ)
    return max(0, first), min(len(samples), end)


def _later(chunk: SpeechChunk, secs: float) -> SpeechChunk:
    """The same piece, behind others."""
    words = (
        WordTiming(text=w.text, start_secs=secs + w.start_secs, end_secs=secs + w.end_secs)
        for w in chunk.words
    )
    return SpeechChunk(pcm=chunk.pcm, sample_rate_hz=chunk.sample_rate_hz, words=tuple(words))


def _secs(chunk: SpeechChunk) -> float:
    return pcm_secs(len(chunk.pcm), chunk.sample_rate_hz)
