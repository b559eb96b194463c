"""The shared analyzer gives the stock analyzer's verdicts on one thread for all calls."""

import asyncio
import os
import sys
import threading

import numpy as np
import pytest
import soxr
from antiphon.services.espeak import EspeakSynthesizer
from antiphon.services.smart_turn import SharedSmartTurnAnalyzer
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

RATE_HZ = 16000


def spoken(text: str) -> bytes:
    speech = EspeakSynthesizer().synthesize(text)
    samples = np.frombuffer(speech.pcm, np.int16)
    return soxr.resample(samples, speech.sample_rate_hz, RATE_HZ).astype(np.int16).tobytes()


async def probability(analyzer: BaseTurnAnalyzer, pcm: bytes) -> float:
    analyzer.set_sample_rate(RATE_HZ)
    step = RATE_HZ // 50 * 2
    for start in range(0, len(pcm), step):
        analyzer.append_audio(pcm[start : start + step], is_speech=True)
    _, metrics = await analyzer.analyze_end_of_turn()
    assert metrics is not None
    await analyzer.cleanup()
    return metrics.model_dump()["probability"]


@pytest.mark.parametrize("text", ["Where is my order?", "I would like to"])
async def test_verdicts_are_those_of_the_stock_analyzer(text: str) -> None:
    pcm = spoken(text)
    stock = await probability(LocalSmartTurnAnalyzerV3(), pcm)
    assert await probability(SharedSmartTurnAnalyzer(), pcm) == pytest.approx(stock, abs=1e-6)


async def test_many_calls_share_one_thread_and_survive_each_others_end() -> None:
    pcm = spoken("Where is my order?")
    verdicts = await asyncio.gather(
        *(probability(SharedSmartTurnAnalyzer(), pcm) for _ in range(4))
    )
    assert len(set(verdicts)) == 1
    threads = [thread.name for thread in threading.enumerate()]
    assert sum(name.startswith("smart-turn") for name in threads) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
async def test_a_verdict_lets_the_audio_of_all_calls_go_first() -> None:
    await probability(SharedSmartTurnAnalyzer(), spoken("Where is my order?"))
    (judge,) = [one for one in threading.enumerate() if one.name.startswith("smart-turn")]
    assert judge.native_id
    audio = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert os.getpriority(os.PRIO_PROCESS, judge.native_id) > audio
