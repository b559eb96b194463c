"""The shared analyzer gives the stock analyzer's verdicts on one thread for all calls."""

import asyncio
import os
import sys
import threading

import numpy as np
import pytest
import soxr
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer
from pipecat.audio.turn.smart_turn import base_smart_turn
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from antiphon.services import EspeakSynthesizer
from antiphon.services.smart_turn import SharedSmartTurnAnalyzer
from antiphon.services.vad.silero import AnalyzedAudio

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


async def judged(analyzer: BaseTurnAnalyzer, question: bytes, *, held: int) -> float:
    """Judge a question after noise, of which several windows may come at once."""
    analyzer.set_sample_rate(RATE_HZ)
    noise = np.random.default_rng(3).normal(0, 3000, 96 * 512).astype(np.int16).tobytes()
    pieces = []
    for start in range(0, len(noise), 1024):
        pieces.append((vars(base_smart_turn)["time"].monotonic(), noise[start : start + 1024]))
        if len(pieces) == held:
            audio = AnalyzedAudio(b"".join(piece for _, piece in pieces))
            audio.pieces = tuple(pieces)
            analyzer.append_audio(audio, is_speech=False)
            pieces.clear()
        await asyncio.sleep(0.032)
    return await probability(analyzer, question)


@pytest.mark.virtual_time
async def test_silence_that_was_held_back_counts_from_when_it_was_heard() -> None:
    question = spoken("I would like to")
    stock = await judged(LocalSmartTurnAnalyzerV3(), question, held=1)
    ours = await judged(SharedSmartTurnAnalyzer(), question, held=4)
    assert ours == pytest.approx(stock, abs=1e-6)
    late = await judged(LocalSmartTurnAnalyzerV3(), question, held=4)
    assert late != pytest.approx(stock, abs=1e-6)


async def on_the_phone(analyzer: BaseTurnAnalyzer, begins: int, *, together: bool) -> float:
    """Judge noise in packets of 20 ms, the caller's voice from one of them on.

    Together, they come as the telephone's door lets them in: when a window of the VAD ends.
    """
    analyzer.set_sample_rate(8000)
    # In the midst of a packet, so that rounding decides nothing.
    analyzer.update_vad_start_secs(0.19)
    noise = np.random.default_rng(3).normal(0, 3000, (120, 160)).astype(np.int16)
    waiting = b""
    for number, packet in enumerate(noise):
        await asyncio.sleep(0.02)
        waiting += packet.tobytes()
        if together and (number + 1) * 160 // 256 == number * 160 // 256:
            continue
        audio = AnalyzedAudio(waiting) if together else waiting
        analyzer.append_audio(audio, is_speech=number >= begins)
        waiting = b""
    _, metrics = await analyzer.analyze_end_of_turn()
    assert metrics is not None
    await analyzer.cleanup()
    return metrics.model_dump()["probability"]


@pytest.mark.virtual_time
@pytest.mark.parametrize("begins", [80, 82, 84, 85, 87])
async def test_packets_that_come_together_are_heard_from_the_same_one_on(begins: int) -> None:
    stock = await on_the_phone(LocalSmartTurnAnalyzerV3(), begins, together=False)
    ours = await on_the_phone(SharedSmartTurnAnalyzer(), begins, together=True)
    assert ours == pytest.approx(stock, abs=1e-6)


async def with_frames_of_40_ms(analyzer: BaseTurnAnalyzer, audio: type[bytes]) -> float:
    """Judge noise of which the voice is the last part."""
    analyzer.set_sample_rate(RATE_HZ)
    # Halves of a frame would begin 20 ms before the whole one does.
    analyzer.update_vad_start_secs(0.21)
    for number, frame in enumerate(np.random.default_rng(3).normal(0, 3000, (60, 640))):
        await asyncio.sleep(0.04)
        analyzer.append_audio(audio(frame.astype(np.int16).tobytes()), is_speech=number >= 40)
    _, metrics = await analyzer.analyze_end_of_turn()
    assert metrics is not None
    await analyzer.cleanup()
    return metrics.model_dump()["probability"]


@pytest.mark.virtual_time
async def test_frames_that_came_whole_are_not_taken_apart() -> None:
    stock = await with_frames_of_40_ms(LocalSmartTurnAnalyzerV3(), bytes)
    ours = await with_frames_of_40_ms(SharedSmartTurnAnalyzer(), AnalyzedAudio)
    assert ours == pytest.approx(stock, abs=1e-6)
