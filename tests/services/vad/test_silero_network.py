"""The rebuilt network scores what Pipecat's scores, and steps back where it cannot."""

import sys
from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest
import soxr
from loguru import logger
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from pipecat.audio.vad.silero import SileroVADAnalyzer

from antiphon.services import EspeakSynthesizer
from antiphon.services.vad import silero_network
from antiphon.services.vad.silero_network import open_network

Samples = NDArray[np.float32]


@pytest.fixture(autouse=True)
def reopened() -> Iterator[None]:
    open_network.cache_clear()
    yield
    open_network.cache_clear()


def speech(rate_hz: int) -> Samples:
    """A line, loud and in noise: the windows of two calls, each after the end of the last."""
    spoken = EspeakSynthesizer().synthesize("No. Where is my order, please?")
    pcm = soxr.resample(
        np.frombuffer(spoken.pcm, np.int16).astype(np.float32) / 32768,
        spoken.sample_rate_hz,
        rate_hz,
    )
    noisy = pcm / 4 + np.random.default_rng(3).normal(0, 0.01, len(pcm))
    window = rate_hz // 1000 * 32
    ends = range(window + window // 8, len(pcm), window)
    calls = [[call[end - window - window // 8 : end] for end in ends] for call in (pcm, noisy)]
    return np.array(calls, np.float32)


def scores(session: InferenceSession, calls: Samples, rate_hz: int) -> Samples:
    state = np.zeros((2, len(calls), 128), np.float32)
    scored = []
    for windows in np.swapaxes(calls, 0, 1):
        inputs = {"input": windows, "state": state, "sr": np.array(rate_hz, np.int64)}
        score, state = cast(list[Samples], session.run(None, inputs))
        scored.append(score)
    return np.array(scored)


def stock_scores(calls: Samples, rate_hz: int) -> Samples:
    return scores(SileroVADAnalyzer()._model.session, calls, rate_hz)


def is_rebuilt(session: InferenceSession) -> bool:
    return session.get_modelmeta().graph_name == "silero"


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_a_voice_has_the_score_that_pipecats_model_gives_it(rate_hz: int) -> None:
    calls = speech(rate_hz)
    expected = stock_scores(calls, rate_hz)
    assert expected.min() < 0.1 < 0.9 < expected.max()
    session = open_network(rate_hz)
    assert is_rebuilt(session)
    assert np.abs(scores(session, calls, rate_hz) - expected).max() < 1e-5


@pytest.mark.parametrize("strides", [(1, 2, 1, 1), (1, 2, 2, 1, 1), (2, 2, 1, 1)])
def test_another_model_is_run_as_it_is(
    strides: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silero_network, "STRIDES", strides)  # as if the model had others
    session = open_network(8000)
    assert not is_rebuilt(session)
    calls = speech(8000)
    assert (scores(session, calls, 8000) == stock_scores(calls, 8000)).all()


def test_without_onnx_pipecats_model_is_run_and_nobody_warned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warned: list[str] = []
    sink = logger.add(warned.append, level="WARNING")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert not is_rebuilt(open_network(8000))
    logger.remove(sink)
    assert not warned
