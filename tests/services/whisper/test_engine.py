"""The model itself, on sound that it is known to err on."""

import asyncio
import re

import numpy as np
import pytest

from antiphon.services.hibari.synthesizer import SAMPLE_RATE_HZ, HibariSynthesizer
from antiphon.services.whisper.engine import Engine


@pytest.mark.system
@pytest.mark.parametrize(("gap_secs", "pitch"), [(0.1, 1.0), (0.3, 0.7), (0.6, 1.0)])
def test_spoken_digits_of_which_the_model_makes_a_loop_are_counted_right(
    gap_secs: float, pitch: float
) -> None:
    voice, noise = HibariSynthesizer(), np.random.default_rng(0)
    sound: list[np.ndarray[tuple[int], np.dtype[np.int16]]] = []
    for word in [*["five"] * 6, "zero", "one", "zero", "zero"]:
        said = np.frombuffer(voice.synthesize(f"{word}.", pitch=pitch).pcm, np.int16)
        loud = np.flatnonzero(np.abs(said) > 400)
        pause = np.zeros(round(gap_secs * SAMPLE_RATE_HZ), np.int16)
        sound += [said[max(0, loud[0] - 200) : loud[-1] + 800], pause]
    samples = np.concatenate(sound)
    samples = (samples * 0.9 + noise.normal(0, 20, len(samples))).astype(np.int16)

    heard = asyncio.run(Engine("tiny.en").hear(samples, SAMPLE_RATE_HZ))

    assert re.sub(r"\D", "", heard.text) == "5555550100"
