"""What was heard of a voice is told from its sound alone, whatever became of that on its way."""

import numpy as np
import pytest

from antiphon.simulation.generated.marked_voice import Heard, listen, word_pcm
from antiphon.simulation.lines.babble import speech_pcm

RATE = 24_000


def word(number: int, secs: float) -> np.ndarray:
    return np.frombuffer(word_pcm(number, round(secs * RATE)), "<i2")


def pieces(samples: np.ndarray, *, secs: float = 0.04, at: float = 0.0):
    size = round(secs * RATE)
    for start in range(0, len(samples), size):
        yield at + start / RATE, samples[start : start + size], RATE


def told(heard: Heard) -> list[tuple[int, float]]:
    return [(word.number, round(word.secs, 1)) for word in heard.words]


def test_words_are_told_apart_and_how_much_of_each_was_heard() -> None:
    said = np.concatenate([word(0, 0.4), word(1, 0.3), word(999_999, 0.5)])
    heard = listen(list(pieces(said[: round(0.9 * RATE)], at=2.0)))
    assert told(heard) == [(0, 0.4), (1, 0.3), (999_999, 0.2)]
    assert heard.words[1].start_secs == pytest.approx(2.4, abs=0.01)
    assert [(round(s.start_secs, 1), round(s.end_secs, 1)) for s in heard.audible] == [(2.0, 2.9)]
    assert heard.recordings == ()


def test_a_quieter_voice_is_heard_as_well_and_one_that_is_faded_out_is_not() -> None:
    ducked = (word(3, 0.4) * 0.25).astype(np.int16)
    silent = np.zeros(RATE, np.int16)
    heard = listen(list(pieces(np.concatenate([ducked, silent, word(4, 0.2)]))))
    assert told(heard) == [(3, 0.4), (4, 0.2)]
    assert len(heard.audible) == 2


def test_what_is_said_again_is_there_again_and_another_sound_is_a_recording() -> None:
    other = np.frombuffer(speech_pcm(1.0, sample_rate_hz=RATE), "<i2")
    chunks = [*pieces(word(5, 0.3)), *pieces(other, at=1.0), *pieces(word(5, 0.3), at=3.0)]
    heard = listen(chunks)
    assert told(heard) == [(5, 0.3), (5, 0.3)]
    assert [round(span.start_secs) for span in heard.recordings] == [1]
