"""A card that is said to Whisper is not in the recording; what is said before and after it is."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import TranscriptionFrame
from pipecat.processors.audio.vad_processor import VADProcessor

from antiphon.processors import PIIRedactor
from antiphon.processors.redaction import RedactingRecorder
from antiphon.services import EmbeddedWhisperSTTService
from antiphon.services.hibari.synthesizer import SAMPLE_RATE_HZ, HibariSynthesizer

Calling = Callable[..., AbstractAsyncContextManager[Any]]

RATE_HZ = 16_000
LINES = (
    "I would like to pay for my order, please.",
    "My card number is five four two five, two three three four, three zero one zero, "
    "nine nine zero three.",
    "And I would like it delivered on Monday.",
)


def said(text: str) -> NDArray[np.int16]:
    samples = np.frombuffer(HibariSynthesizer().synthesize(text, pitch=0.7).pcm, np.int16)
    resampled: NDArray[np.int16] = soxr.resample(samples, SAMPLE_RATE_HZ, RATE_HZ)
    return resampled.astype(np.int16)


def loudness(samples: NDArray[np.int16]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.system
@pytest.mark.virtual_time
@pytest.mark.parametrize("pause_secs", [0.0, 0.9])
async def test_a_card_is_covered_and_the_turns_around_it_are_not(
    pause_secs: float, calling: Calling
) -> None:
    recorder = RedactingRecorder(
        num_channels=2, consent=True, auto_start_recording=True, sample_rate=RATE_HZ
    )
    recorded = bytearray()

    async def keep(_: Any, caller: bytes, agent: bytes, rate_hz: int, channels: int) -> None:
        recorded.extend(caller)

    recorder.add_event_handler("on_track_audio_data", keep)
    before, card, after = map(said, LINES)
    middle = len(card) // 2
    pause = np.zeros(round(pause_secs * RATE_HZ), np.int16)
    card = np.concatenate([card[:middle], pause, card[middle:]])
    silence = np.zeros(3 * RATE_HZ, np.int16)
    line = np.concatenate([silence, before, silence, card, silence, after, silence])
    ears = [VADProcessor(vad_analyzer=SileroVADAnalyzer()), EmbeddedWhisperSTTService()]
    async with calling([*ears, PIIRedactor()], after_output=[recorder]) as call:
        await call.hear(line.tobytes())
        await asyncio.sleep(3)
        texts = " ".join(frame.text for frame in call.of_type(TranscriptionFrame))

    heard = np.frombuffer(bytes(recorded), np.int16)
    starts = np.cumsum([3 * RATE_HZ, len(before) + 3 * RATE_HZ, len(card) + 3 * RATE_HZ])
    levels = [
        loudness(heard[start : start + len(part)]) / loudness(part)
        for start, part in zip(starts, (before, card, after), strict=True)
    ]
    assert "9903" not in texts.replace(" ", "").replace("-", "")
    # Of a breath between two pieces a tenth of a second may be left.
    assert levels[1] < 0.05
    assert levels[0] > 0.9
    assert levels[2] > 0.9
