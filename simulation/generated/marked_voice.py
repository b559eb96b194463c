"""A voice in whose sound each word is marked, so that what was heard can be told from sound alone.

Pure. A word is a buzz whose signs spell its number again and again, some 6 ms each time. That
survives whatever makes it quieter, cuts it off or plays it once more; nobody's books are trusted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from antiphon.core.wav import Samples
from antiphon.simulation.audio import VoicedSpan

__all__ = ["Heard", "HeardWord", "listen", "word_pcm"]

_BITS = 20
_LEVEL = 6000
# No run of signs within a number is as long as this start.
_START = (1,) * 8 + (-1,) * 4
_MARK_SAMPLES = len(_START) + 4 * _BITS
_WINDOW_SECS = 0.01
# A sound without numbers that is as long is no voice of ours that was cut in a mark.
_SHORTEST_RECORDING_SECS = 0.08


@dataclass(frozen=True, kw_only=True)
class HeardWord:
    """A word that sounded.

    Parameters:
        number: Which.
        start_secs: When it began to sound.
        end_secs: When it was last heard.
        secs: How long it sounded in all.
    """

    number: int
    start_secs: float
    end_secs: float
    secs: float


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was heard of the agent.

    Parameters:
        words: The words, in the order in which they began; one that was said again is there again.
        recordings: Where something else sounded, such as a recorded apology.
        audible: Where anything did.
    """

    words: tuple[HeardWord, ...]
    recordings: tuple[VoicedSpan, ...]
    audible: tuple[VoicedSpan, ...]


def word_pcm(number: int, samples: int) -> bytes:
    """Return the sound of a word.

    Args:
        number: From 0 to a million.
        samples: How long it sounds.

    Returns:
        16-bit little-endian mono samples.
    """
    mark = _mark(number)
    return np.resize(mark, samples).tobytes()


@lru_cache(maxsize=4096)
def _mark(number: int) -> NDArray[np.int16]:
    bits = [(1, 1, -1, -1) if number >> bit & 1 else (-1, -1, 1, 1) for bit in range(_BITS)]
    signs = np.array([*_START, *(sign for bit in bits for sign in bit)])
    return (signs * _LEVEL).astype("<i2")


def listen(chunks: Sequence[tuple[float, Samples, int]]) -> Heard:
    """Tell what was heard.

    Args:
        chunks: Of all that was played, in order: when it began to sound, mono samples, and how many
            of them a second.
    """
    words: list[HeardWord] = []
    windows: list[tuple[float, bool]] = []
    for at_secs, samples, rate_hz in _joined(chunks):
        starts, numbers = _marks(samples)
        for number, of_word in groupby(zip(numbers, starts, strict=True), key=lambda m: m[0]):
            places = [int(start) for _, start in of_word]
            words.append(
                HeardWord(
                    number=int(number),
                    start_secs=at_secs + places[0] / rate_hz,
                    end_secs=at_secs + (places[-1] + _MARK_SAMPLES) / rate_hz,
                    secs=len(places) * _MARK_SAMPLES / rate_hz,
                )
            )
        windows.extend(_windows(at_secs, samples, rate_hz, starts))
    marked = {at for at, is_marked in windows if is_marked}
    recordings = [
        span
        for span in _spans([at for at, is_marked in windows if not is_marked], join_secs=0.4)
        if span.end_secs - span.start_secs >= _SHORTEST_RECORDING_SECS
        and not any(span.start_secs <= at < span.end_secs for at in marked)
    ]
    return Heard(
        words=tuple(words),
        recordings=tuple(recordings),
        audible=tuple(_spans([at for at, _ in windows], join_secs=0.05)),
    )


def _joined(chunks: Sequence[tuple[float, Samples, int]]) -> Iterator[tuple[float, Samples, int]]:
    """Put chunks that follow each other without a gap together: a mark may lie across two."""
    run: list[Samples] = []
    began = ends = 0.0
    rate = 0
    for at_secs, samples, rate_hz in chunks:
        if run and (abs(at_secs - ends) > 1e-3 or rate_hz != rate):
            yield began, np.concatenate(run), rate
            run = []
        if not run:
            began, rate = at_secs, rate_hz
        run.append(samples)
        ends = at_secs + len(samples) / rate_hz
    if run:
        yield began, np.concatenate(run), rate


def _marks(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where marks begin, and the numbers that they spell."""
    high = np.concatenate(([0], np.cumsum(samples > 0)))
    low = np.concatenate(([0], np.cumsum(samples < 0)))
    last = len(samples) - _MARK_SAMPLES
    if last < 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.arange(last + 1)
    begins = (high[at + 8] - high[at] == 8) & (low[at + 12] - low[at + 8] == 4)
    starts = at[begins]
    signs = np.sign(samples)[starts[:, None] + len(_START) + np.arange(4 * _BITS)]
    bits = signs.reshape(len(starts), _BITS, 4)
    whole = (
        (bits[:, :, 0] != 0)
        & (bits[:, :, 0] == bits[:, :, 1])
        & (bits[:, :, 2] == bits[:, :, 3])
        & (bits[:, :, 0] == -bits[:, :, 2])
    ).all(axis=1)
    numbers = ((bits[:, :, 0] > 0) * (1 << np.arange(_BITS))).sum(axis=1)
    return starts[whole], numbers[whole]


def _windows(
    at_secs: float, samples: Samples, rate_hz: int, starts: NDArray[np.int64]
) -> Iterator[tuple[float, bool]]:
    """Return the windows in which something sounds, and whether it is a word's mark."""
    size = round(rate_hz * _WINDOW_SECS)
    edges = np.arange(0, len(samples), size)
    if not len(edges):
        return
    loud = np.maximum.reduceat(np.abs(samples.astype(np.int32)), edges) > 0
    marked = np.zeros(len(edges) + 2, bool)
    for offset in (0, _MARK_SAMPLES - 1):
        marked[np.minimum((starts + offset) // size, len(edges) - 1)] = True
    for index in np.flatnonzero(loud):
        near = marked[max(0, index - 2) : index + 3].any()
        yield at_secs + index * _WINDOW_SECS, bool(near)


def _spans(windows: Sequence[float], *, join_secs: float) -> Iterator[VoicedSpan]:
    start = end = None
    for at in windows:
        if start is None or end is None:
            start = at
        elif at - end > join_secs:
            yield VoicedSpan(start_secs=start, end_secs=end)
            start = at
        end = at + _WINDOW_SECS
    if start is not None and end is not None:
        yield VoicedSpan(start_secs=start, end_secs=end)
