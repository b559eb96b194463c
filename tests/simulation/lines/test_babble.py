import numpy as np
import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState

from antiphon.simulation.lines.babble import silence_pcm, speech_pcm
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm


@pytest.mark.virtual_time
@pytest.mark.parametrize("pitch_hz", [120.0, 140.0, 210.0])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_pipecats_vad_hears_one_stretch_of_speech(rate_hz: int, pitch_hz: float) -> None:
    voice = speech_pcm(3.0, sample_rate_hz=rate_hz, pitch_hz=pitch_hz)
    if rate_hz == 8_000:
        voice = ulaw_to_pcm(pcm_to_ulaw(voice))
    quiet = silence_pcm(0.5, sample_rate_hz=rate_hz)
    pcm = quiet + voice + quiet
    analyzer = SileroVADAnalyzer(sample_rate=rate_hz)
    analyzer.set_sample_rate(rate_hz)
    size = 2 * rate_hz // 50
    changes: list[tuple[float, VADState]] = []
    for start in range(0, len(pcm), size):
        state = await analyzer.analyze_audio(pcm[start : start + size])
        before = changes[-1][1] if changes else VADState.QUIET
        if state in (VADState.SPEAKING, VADState.QUIET) and state != before:
            changes.append((start / 2 / rate_hz, state))
    assert [state for _, state in changes] == [VADState.SPEAKING, VADState.QUIET]
    assert 0.5 < changes[0][0] < 1.1
    assert 3.5 < changes[1][0] < 3.9


def test_speech_is_as_long_and_as_loud_as_asked_and_always_the_same() -> None:
    pcm = speech_pcm(0.5, sample_rate_hz=24_000, level=0.5)
    assert len(pcm) == 24_000
    assert np.max(np.abs(np.frombuffer(pcm, dtype="<i2"))) == pytest.approx(16_383, abs=2)
    assert pcm == speech_pcm(0.5, sample_rate_hz=24_000, level=0.5)
    assert speech_pcm(0.0) == silence_pcm(0.0) == b""
