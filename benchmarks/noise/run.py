"""How often noise around a caller is taken for the caller, and what it costs those who speak.

    python benchmarks/noise/run.py [--voices 4] [--seed 0]

eSpeak's voices say short sentences in noise that is so many decibels under the voice, for loud
callers and soft ones: in the noises of `antiphon.simulation`, and beside one or three of eSpeak's
other voices, as of a television or a table nearby. Each recording goes through Silero as Pipecat
ships it, 20 ms at a time, as it comes and behind Pipecat's RNNoise filter (`antiphon[rnnoise]`).
Where a sentence begins and ends is measured in the clean voice.

- false: voices that the VAD hears where the caller does not speak, a minute of noise;
- busy: the share of that noise in which the VAD hears a voice;
- missed: sentences that are not noticed at all;
- late: sentences that are noticed 0.1 s later than stock Silero notices them without noise, or
  more; the caller may have been taken to speak already;
- hung: sentences whose end is not noticed within 1 s;
- ms: processor time for a second of audio.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from loguru import logger
from numpy.typing import NDArray
from pipecat.audio.filters.base_audio_filter import BaseAudioFilter
from pipecat.audio.filters.rnnoise_filter import RNNoiseFilter
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADState

from antiphon.services import EspeakSynthesizer
from antiphon.simulation.audio import SAMPLE_RATE_HZ, resample, spans_of_speech
from antiphon.simulation.caller import Noise
from antiphon.simulation.caller.conditions import NoiseKind

FRAME = SAMPLE_RATE_HZ // 50
LEAD_SECS = 5.0
LATE_SECS = 0.1
HUNG_SECS = 1.0

VOICES = ["en-us", "en-us+f3", "en-us+m7", "en-us+f2", "de", "es+f4"]
SAID = [
    "what are your opening hours",
    "yes",
    "I would like to change my order please",
    "no not that one",
    "my number is seven three zero five",
    "thank you",
]
LEVELS_DBFS = (-20.0, -32.0)  # a loud caller and a soft one

Samples = NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a caller says: the clean voice, the sentences, and when each of them sounds."""

    clean: NDArray[np.float64]
    texts: list[str]
    spans: list[tuple[float, float]]


@dataclass(kw_only=True)
class Heard:
    """What a setting made of recordings."""

    false: int = 0
    busy_secs: float = 0.0
    noise_secs: float = 0.0
    missed: int = 0
    late: int = 0
    hung: int = 0
    said: int = 0
    delays: list[float] = field(default_factory=list)
    cpu_secs: float = 0.0
    audio_secs: float = 0.0


OTHER_VOICES = ["en-us+m3", "en-us+f4", "en-us+m1"]
OTHERS_SAY = [
    "I told her that the train was late again and nobody said a word about it.",
    "Could you pass me the salt please, and then we will see.",
    "No, the meeting was moved to Thursday because of the holiday.",
    "He bought a new car last week, it is red and far too loud.",
]
NOISES: tuple[NoiseKind, ...] = ("street", "hold_music", "keyboard", "babble")
VOICES_NEARBY = {"one voice": 1, "three voices": 3}
KINDS = (*NOISES, *VOICES_NEARBY)

SETTINGS: dict[str, Callable[[], BaseAudioFilter] | None] = {
    "stock": None,
    "RNNoise": RNNoiseFilter,
}


def record(voice: str, random: np.random.Generator) -> Recording:
    """Say the sentences, with noise alone before each and behind the last."""
    pieces, spans, at = [], [], 0
    texts = [str(text) for text in random.permutation(SAID)]
    for text in texts:
        speech = EspeakSynthesizer().synthesize(text, voice=voice)
        samples = resample(np.frombuffer(speech.pcm, "<i2"), speech.sample_rate_hz, SAMPLE_RATE_HZ)
        silence = round(random.uniform(3.0, 6.0) * SAMPLE_RATE_HZ)
        if not pieces:
            silence += round(LEAD_SECS * SAMPLE_RATE_HZ)
        pieces += [np.zeros(silence), samples.astype(np.float64)]
        at += silence
        sounds = spans_of_speech(samples, SAMPLE_RATE_HZ)
        spans.append(
            (at / SAMPLE_RATE_HZ + sounds[0].start_secs, at / SAMPLE_RATE_HZ + sounds[-1].end_secs)
        )
        at += len(samples)
    clean = np.concatenate([*pieces, np.zeros(4 * SAMPLE_RATE_HZ)])
    voiced = np.concatenate(
        [clean[round(a * SAMPLE_RATE_HZ) : round(b * SAMPLE_RATE_HZ)] for a, b in spans]
    )
    return Recording(clean=clean / np.sqrt(np.mean(np.square(voiced))), texts=texts, spans=spans)


def others(count: int, random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Let other voices talk, each with pauses, at an RMS of 1 together."""
    heard = np.zeros(size)
    for voice in OTHER_VOICES[:count]:
        at = round(random.uniform(0, 2) * SAMPLE_RATE_HZ)
        while at < size:
            speech = EspeakSynthesizer().synthesize(str(random.choice(OTHERS_SAY)), voice=voice)
            pcm = np.frombuffer(speech.pcm, "<i2")
            samples = resample(pcm, speech.sample_rate_hz, SAMPLE_RATE_HZ)[: size - at]
            heard[at : at + len(samples)] += samples
            at += len(samples) + round(random.uniform(0.2, 1.5) * SAMPLE_RATE_HZ)
    return heard / np.sqrt(np.mean(np.square(heard)))


def with_noise(
    recording: Recording, level_dbfs: float, kind: str | None, snr_db: float, seed: int
) -> Samples:
    """Mix a recording: the noise lies `snr_db` under the voice, which has a level."""
    samples = recording.clean * 32768 * 10 ** (level_dbfs / 20)
    if kind in VOICES_NEARBY:
        count = VOICES_NEARBY[kind]
        noise = others(count, np.random.default_rng(seed), len(samples))
        samples += noise * 32768 * 10 ** ((level_dbfs - snr_db) / 20)
    heard: Samples = np.clip(samples, -32768, 32767).astype(np.int16)
    if kind in NOISES:
        # `Noise` is so far under a voice of -20 dBFS.
        heard = Noise(
            snr_db=snr_db - 20 - level_dbfs, kind=NOISES[NOISES.index(kind)], seed=seed
        ).add_to(heard)
    return heard


async def listen(
    samples: Samples, make_filter: Callable[[], BaseAudioFilter] | None
) -> list[tuple[float, float]]:
    """Return when the VAD takes somebody to speak."""
    vad = SileroVADAnalyzer()
    vad.set_sample_rate(SAMPLE_RATE_HZ)
    noise_filter = make_filter() if make_filter else None
    if noise_filter:
        await noise_filter.start(SAMPLE_RATE_HZ)
    spans, since = [], None
    for place in range(0, len(samples), FRAME):
        audio = samples[place : place + FRAME].tobytes()
        if noise_filter:
            audio = await noise_filter.filter(audio)
        state = await vad.analyze_audio(audio)
        now = (place + FRAME) / SAMPLE_RATE_HZ
        if state is VADState.SPEAKING and since is None:
            since = now
        elif state is VADState.QUIET and since is not None:
            spans.append((since, now))
            since = None
    if since is not None:
        spans.append((since, float("inf")))
    if noise_filter:
        await noise_filter.stop()
    return spans


def judge(
    heard: Heard,
    said: list[tuple[float, float]],
    spans: list[tuple[float, float]],
    usual: list[float],
    secs: float,
) -> list[float]:
    """Count what was heard, and return how late each sentence was noticed."""
    heard.false += sum(
        not any(begins - 0.1 <= start <= ends + 0.1 for begins, ends in said) for start, _ in spans
    )
    heard.busy_secs += sum(
        min(stop, secs)
        - start
        - sum(max(0.0, min(stop, ends + 0.3) - max(start, begins)) for begins, ends in said)
        for start, stop in spans
    )
    heard.noise_secs += secs - sum(ends - begins for begins, ends in said)
    heard.said += len(said)
    delays = []
    for number, (begins, ends) in enumerate(said):
        during = [(start, stop) for start, stop in spans if start < ends + 0.1 and stop > begins]
        if not during:
            heard.missed += 1
            delays.append(float("inf"))
            continue
        delay = max(0.0, during[0][0] - begins)
        delays.append(delay)
        if usual and delay > usual[number] + LATE_SECS:
            heard.late += 1
        if during[-1][1] > ends + HUNG_SECS:
            heard.hung += 1
    heard.delays += delays
    return delays


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--voices", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logger.remove()
    random = np.random.default_rng(options.seed)
    recordings = [record(voice, random) for voice in VOICES[: options.voices]]
    clean = {
        (number, level_dbfs): judge(
            Heard(), each.spans, await listen(with_noise(each, level_dbfs, None, 0, 0), None), [], 0
        )
        for number, each in enumerate(recordings)
        for level_dbfs in LEVELS_DBFS
    }
    print("| noise | SNR, dB | | false | busy | missed | late | hung | delay, s | ms |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for snr_db, kind in [(0.0, None), *product((20.0, 10.0, 5.0), KINDS)]:
        rows = {name: Heard() for name in SETTINGS}
        for (number, level_dbfs), usual in clean.items():
            said = recordings[number].spans
            samples = with_noise(
                recordings[number], level_dbfs, kind, snr_db, options.seed * 100 + number
            )
            secs = len(samples) / SAMPLE_RATE_HZ
            for name, make_filter in SETTINGS.items():
                began = time.process_time()
                spans = await listen(samples, make_filter)
                rows[name].cpu_secs += time.process_time() - began
                rows[name].audio_secs += secs
                judge(rows[name], said, spans, usual, secs)
        for name, heard in rows.items():
            noticed = [delay for delay in heard.delays if delay < float("inf")]
            print(
                f"| {kind or 'none'} | {snr_db if kind else '-'} | {name} "
                f"| {heard.false / heard.noise_secs * 60:.1f} "
                f"| {max(0.0, heard.busy_secs) / heard.noise_secs:.2f} "
                f"| {heard.missed} of {heard.said} | {heard.late} | {heard.hung} "
                f"| {np.median(noticed):.2f} "
                f"| {heard.cpu_secs / heard.audio_secs * 1000:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    asyncio.run(main())
