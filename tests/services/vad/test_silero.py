"""The shared analyzer decides what the stock analyzer decides, alone and in a batch."""

import asyncio
from functools import cache

import numpy as np
import pytest
import soxr
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADState

from antiphon.services import EspeakSynthesizer
from antiphon.services.vad.silero import AnalyzedAudio, SharedSileroVADAnalyzer
from antiphon.services.vad.ticks import TICK_SECS

LEVELS_AND_NOISES = [(1.0, 0), (0.3, 100), (0.1, 30), (0.02, 0), (1.0, 900)]


@cache
def calls(sample_rate_hz: int) -> tuple[bytes, ...]:
    """What some callers send: pauses and speech, loud and soft, in quiet and in noise."""
    noise = np.random.default_rng(7)
    spoken = EspeakSynthesizer().synthesize("No. Where is my order, please?")
    speech = soxr.resample(
        np.frombuffer(spoken.pcm, np.int16), spoken.sample_rate_hz, sample_rate_hz
    )
    pause = np.zeros(sample_rate_hz // 2, np.int16)
    long_pause = np.zeros(4 * sample_rate_hz, np.int16)
    call = np.concatenate([pause, speech, pause, pause, speech, long_pause, speech, pause])
    sent = []
    for level, sigma in LEVELS_AND_NOISES:
        heard = call * level + noise.normal(0, sigma, len(call))
        sent.append(heard.clip(-32768, 32767).astype(np.int16).tobytes())
    # Before there is enough to measure, the loudness is 0.
    sent.append(np.concatenate([speech, pause]).astype(np.int16).tobytes())
    return tuple(sent)


async def states(analyzer: VADAnalyzer, pcm: bytes, sample_rate_hz: int) -> list[VADState]:
    analyzer.set_sample_rate(sample_rate_hz)
    step = sample_rate_hz // 50 * 2
    decided = []
    for start in range(0, len(pcm), step):
        decided.append(await analyzer.analyze_audio(pcm[start : start + step]))
        await asyncio.sleep(0)  # as in a call, where other calls have their turn between frames
    return decided


@pytest.mark.virtual_time
@pytest.mark.parametrize("sample_rate_hz", [8000, pytest.param(16000, marks=pytest.mark.system)])
async def test_transitions_are_those_of_the_stock_analyzer(sample_rate_hz: int) -> None:
    sent = calls(sample_rate_hz)
    stock = [await states(SileroVADAnalyzer(), pcm, sample_rate_hz) for pcm in sent]
    assert sum(VADState.SPEAKING in decided for decided in stock) >= 3

    alone = [await states(SharedSileroVADAnalyzer(), pcm, sample_rate_hz) for pcm in sent]
    assert alone == stock

    together = await asyncio.gather(
        *(states(SharedSileroVADAnalyzer(), pcm, sample_rate_hz) for pcm in sent)
    )
    assert list(together) == stock


@pytest.mark.virtual_time
async def test_a_cancelled_call_leaves_the_others_undisturbed() -> None:
    pcm = calls(16000)[0]
    expected = await states(SharedSileroVADAnalyzer(), pcm, 16000)
    running = [asyncio.create_task(states(SharedSileroVADAnalyzer(), pcm, 16000)) for _ in range(3)]
    await asyncio.sleep(0.5)
    running[1].cancel()
    assert await running[0] == await running[2] == expected


@pytest.mark.virtual_time
async def test_audio_that_was_held_back_is_heard_at_once_and_in_order() -> None:
    pcm = calls(8000)[0]
    expected = await states(SharedSileroVADAnalyzer(), pcm, 8000)
    packets = [pcm[start : start + 320] for start in range(0, len(pcm), 320)]
    analyzer, other = SharedSileroVADAnalyzer(), SharedSileroVADAnalyzer()
    heard: list[AnalyzedAudio] = []

    async def hear(audio: AnalyzedAudio) -> None:
        heard.append(audio)

    for one in (analyzer, other):
        one.set_sample_rate(8000)
        await one.analyze_audio(b"")
    for packet in packets:
        analyzer.analyze_soon(packet, hear)
    await asyncio.sleep(2 * TICK_SECS)
    assert [bytes(audio) for audio in heard] == packets
    assert [audio.state for audio in heard] == expected


@pytest.mark.virtual_time
async def test_a_call_that_fails_leaves_the_others_undisturbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing, other = SharedSileroVADAnalyzer(), SharedSileroVADAnalyzer()
    for analyzer in (failing, other):
        analyzer.set_sample_rate(8000)
    monkeypatch.setattr(failing, "_run_analyzer", None)
    heard: list[AnalyzedAudio] = []

    async def hear(audio: AnalyzedAudio) -> None:
        heard.append(audio)

    for count in (1, 2, 3):
        failing.analyze_soon(bytes(512), hear)
        other.analyze_soon(bytes(512), hear)
        await asyncio.sleep(2 * TICK_SECS)
        assert len(heard) == count
