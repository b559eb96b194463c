"""What the callers say: short lines by eSpeak, of which Smart Turn is sure that they are over.

Smart Turn judges synthetic voices at random, and a line that it holds open costs three seconds on
either side. So only lines are used on which it is sure, with and without noise.
"""

import asyncio

import numpy as np
from numpy.typing import NDArray
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample
from antiphon.simulation.caller import EspeakVoice
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm

LINES = (
    "What are your opening hours?",
    "Are you open on Friday?",
    "Can I pay by card?",
    "Where is my order?",
    "Thank you very much.",
    "Do you have a parking lot?",
    "How much does it cost?",
    "Yes, that is right.",
)
VOICES = ("en-us+f2", "en-us+m3", "en-us+f5", "en-us+m7")
RATE_HZ = 8000
PACKET = 160
SURE = 0.9
NOISE_DB = -24.0
"""Of the noise, to the speech: a street behind a phone."""

MOST = 12


Packets = list[bytes]
"""µ-law in packets of 20 ms."""


def make_clips(*, noisy: bool) -> list[Packets]:
    """Speak the lines, and keep those on which Smart Turn is sure."""
    judge = LocalSmartTurnAnalyzerV3(sample_rate=16_000)
    clips: list[Packets] = []
    for voice in VOICES:
        speaker = EspeakVoice(voice)
        for line in LINES:
            spoken = asyncio.run(speaker.speak(line))
            pcm = _trimmed(resample(spoken, SAMPLE_RATE_HZ, RATE_HZ)).astype(np.float64)
            if noisy:
                pcm = pcm + noise(len(pcm), level=_level(pcm) * 10 ** (NOISE_DB / 20))
            clip = _clip(np.clip(pcm, -32768, 32767).astype(np.int16))
            if _verdict(judge, clip) >= SURE:
                clips.append(clip)
            if len(clips) == MOST:
                return clips
    return clips


def noise(samples: int, *, level: float) -> NDArray[np.float64]:
    """Make noise whose power falls with frequency, as that of a street does."""
    dice = np.random.default_rng(9)
    spectrum = np.fft.rfft(dice.normal(size=samples))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(samples, 1 / RATE_HZ), 50.0))
    wave = np.fft.irfft(spectrum, samples)
    return wave * level / np.sqrt(np.mean(wave**2))


def background(*, noisy: bool) -> Packets:
    """Return what a caller sends between lines: silence, or five seconds of noise."""
    if not noisy:
        return [b"\xff" * PACKET]
    pcm = noise(5 * RATE_HZ, level=3000 * 10 ** (NOISE_DB / 20))
    return _clip(pcm.astype(np.int16))


def _clip(pcm: NDArray[np.int16]) -> Packets:
    ulaw = pcm_to_ulaw(pcm.astype("<i2").tobytes())
    return [ulaw[at : at + PACKET].ljust(PACKET, b"\xff") for at in range(0, len(ulaw), PACKET)]


def _trimmed(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > 600)
    return pcm[max(0, loud[0] - 80) : loud[-1] + 80]


def _level(pcm: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(pcm**2)))


def _verdict(judge: LocalSmartTurnAnalyzerV3, clip: Packets) -> float:
    pcm = np.frombuffer(ulaw_to_pcm(b"".join(clip)), "<i2")
    heard = np.concatenate((np.zeros(1600), pcm, np.zeros(1600))).astype(np.int16)
    wide = resample(heard, RATE_HZ, 16_000).astype(np.float32) / 32768
    return float(judge._predict_endpoint(wide)["probability"])
