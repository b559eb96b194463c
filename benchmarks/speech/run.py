"""How many words the embedded recognisers get wrong, and how soon they are there.

    python benchmarks/speech/run.py FOLDER [--calls 1 4] [--skip-pocketsphinx] [--skip-accuracy]

FOLDER holds recordings, NAME.wav, and what is said in them, NAME.txt (`fetch.py` fetches some).
Each is one turn: at 16 kHz, and as a telephone passes it on, in 8 kHz mu-law. eSpeak's voices and
hibari's, where it is installed, say the lines of an order desk.

- wrong: substitutions, insertions and deletions to 100 words, digits written as words;
- ms: processor time for a second of sound;
- the waits are those of whole calls on one core, in real time, from the VAD's stop, which itself
  comes 0.2 s after the last sound, to the final transcript; partials are made as well.
"""

import argparse
import asyncio
import os
import re
import statistics
import time
import wave
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import soxr
from loguru import logger
from num2words import num2words
from numpy.typing import NDArray
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.workers.runner import WorkerRunner

from antiphon.services import DecoderPool, EmbeddedWhisperSTTService, EspeakSynthesizer
from antiphon.services.pocketsphinx.telephone import (
    TELEPHONE_ADAPTATION,
    TELEPHONE_RATE_HZ,
    BandMirror,
)
from antiphon.services.whisper.engine import engine_of
from antiphon.services.whisper.transcript import joined
from antiphon.services.whisper.weights import DEFAULT_MODEL
from antiphon.services.whisper.windows import CHUNK_SECS, cut
from antiphon.simulation.lines.codecs import pcm_to_ulaw, ulaw_to_pcm
from antiphon.simulation.recording.words import Errors, word_errors
from antiphon.transports import MemoryTransport

RATE_HZ = 16_000
LEAD_SECS, END_SECS = 0.5, 1.0
PATIENCE_SECS = 5.0

LINES = [
    "what time do you open tomorrow",
    "can you help me with a broken lamp",
    "I would like to change my address please",
    "my order has not arrived and I am getting worried",
    "could I speak to somebody about a refund",
    "thank you very much that was all",
    "how much does it cost to send a parcel to France",
    "I bought it two weeks ago and it stopped working yesterday",
]

Samples = NDArray[np.int16]
Clip = tuple[str, Samples]


async def whisper(sound: Samples, rate_hz: int) -> str:
    model, parts = engine_of(DEFAULT_MODEL), []
    while len(sound) >= CHUNK_SECS * rate_hz:
        at = cut(sound[: int(CHUNK_SECS * rate_hz)], rate_hz)
        parts.append(await model.hear(sound[:at], rate_hz))
        sound = sound[at:]
    return joined([*parts, await model.hear(sound, rate_hz)]).text


async def pocketsphinx(sound: Samples, rate_hz: int) -> str:
    is_telephone = rate_hz == TELEPHONE_RATE_HZ
    wide = BandMirror().widen(sound) if is_telephone else sound
    recogniser = await _SPHINX.borrow(None)
    await recogniser.start(channel=TELEPHONE_ADAPTATION if is_telephone else None)
    await recogniser.feed(wide.tobytes())
    heard = await recogniser.finish()
    _SPHINX.give_back(recogniser)
    return heard.text


_SPHINX = DecoderPool(max_decoders=1)
RECOGNISERS = {"Whisper tiny.en": whisper, "PocketSphinx": pocketsphinx}


class Seen(BaseObserver):
    """The ends of the caller's speech and the transcripts, with their times."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[tuple[float, Frame]] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push and isinstance(
            data.frame, TranscriptionFrame | VADUserStoppedSpeakingFrame
        ):
            self.frames.append((asyncio.get_running_loop().time(), data.frame))

    @property
    def is_waiting(self) -> bool:
        """Whether a transcript may still come."""
        return bool(self.frames) and isinstance(self.frames[-1][1], VADUserStoppedSpeakingFrame)

    def waits(self) -> Iterator[float]:
        """From each stop to the transcript that follows; those without one do not count."""
        stopped: float | None = None
        for at, frame in self.frames:
            if isinstance(frame, VADUserStoppedSpeakingFrame):
                stopped = at
            elif stopped is not None:
                yield at - stopped
                stopped = None


async def call(sound: Samples) -> Seen:
    """Let the service hear a caller, at the pace of speech."""
    transport, seen = MemoryTransport(), Seen()
    vad = VADProcessor(vad_analyzer=SileroVADAnalyzer())
    worker = PipelineWorker(
        Pipeline([transport.input(), vad, EmbeddedWhisperSTTService(), transport.output()]),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ),
        observers=[seen],
        enable_rtvi=False,
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await transport.connect()
    loop = asyncio.get_running_loop()
    heard = np.pad(sound, (int(LEAD_SECS * RATE_HZ), int(END_SECS * RATE_HZ)))
    step, due = RATE_HZ // 50, loop.time()
    for start in range(0, len(heard), step):
        await transport.send_audio(heard[start : start + step].tobytes(), sample_rate_hz=RATE_HZ)
        due += 0.02
        await asyncio.sleep(max(0.0, due - loop.time()))
    until = loop.time() + PATIENCE_SECS
    while seen.is_waiting and loop.time() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await worker.queue_frame(EndFrame())
    await running
    return seen


def clips_in(folder: Path) -> list[Clip]:
    return [
        (path.with_suffix(".txt").read_text(), read(path)) for path in sorted(folder.glob("*.wav"))
    ]


def read(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        mono: Samples = samples[:: file.getnchannels()]
        return resample(mono, file.getframerate(), RATE_HZ)


def own_voices() -> Iterator[tuple[str, list[Clip]]]:
    for voice in ("en-us", "en-us+f2"):
        speak = EspeakSynthesizer()
        spoken = [(line, speak.synthesize(line, voice=voice)) for line in LINES]
        yield (
            f"eSpeak {voice}",
            [
                (
                    text,
                    resample(np.frombuffer(speech.pcm, np.int16), speech.sample_rate_hz, RATE_HZ),
                )
                for text, speech in spoken
            ],
        )
    if find_spec("hibari"):
        speak_naturally = import_module("hibari").Hibari()
        natural = [
            (line, (speak_naturally(line, seed=0) * 32_000).astype(np.int16)) for line in LINES
        ]
        yield "hibari", [(line, resample(sound, 24_000, RATE_HZ)) for line, sound in natural]


def resample(samples: Samples, rate_hz: int, to_hz: int) -> Samples:
    resampled: Samples = soxr.resample(samples, rate_hz, to_hz).astype(np.int16)
    return resampled


def by_telephone(sound: Samples) -> Samples:
    narrow = resample(sound, RATE_HZ, TELEPHONE_RATE_HZ)
    return np.frombuffer(ulaw_to_pcm(pcm_to_ulaw(narrow.tobytes())), np.int16)


def spoken(text: str) -> str:
    """Write a text as it is said, so that "7" and "seven" are the same."""
    text = text.lower().replace("’", "'").replace("-", " ").replace("mr.", "mister")
    text = re.sub(r"\d+", lambda number: f" {num2words(int(number[0]))} ", text).replace("-", " ")
    return re.sub(r"\b(?:um|uh)\b", " ", text)


async def accuracy(title: str, clips: list[Clip], *, verbose: bool) -> None:
    secs = sum(len(sound) for _, sound in clips) / RATE_HZ
    for line, rate_hz in (("16 kHz", RATE_HZ), ("8 kHz mu-law", TELEPHONE_RATE_HZ)):
        for name, recognise in RECOGNISERS.items():
            errors, began = Errors(), time.process_time()
            for said, sound in clips:
                through = sound if rate_hz == RATE_HZ else by_telephone(sound)
                heard = await recognise(through, rate_hz)
                found = word_errors(spoken(said), spoken(heard))
                errors += found
                if verbose and found.wrong:
                    print(f"    {found.wrong}/{found.words}  {said.strip()}\n      {heard}")
            ms = (time.process_time() - began) / secs * 1000
            print(
                f"| {title} | {line} | {name} | {errors.words} | {errors.rate:.1%} | {ms:.0f} |",
                flush=True,
            )


async def latency(clips: list[Clip], calls: int) -> None:
    """As many calls at once, that all say the same: the worst that can come together."""
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    first = EmbeddedWhisperSTTService()
    await first.warm_up()
    began, used = loop.time(), time.process_time()
    for _, sound in clips:
        seen = await asyncio.gather(*(call(sound) for _ in range(calls)))
        waits += [wait for one in seen for wait in one.waits()]
    core = (time.process_time() - used) / (loop.time() - began)
    late = sorted(waits)[int(len(waits) * 0.95)]
    print(
        f"| {calls} | {len(waits)} | {statistics.median(waits) * 1000:.0f} | {late * 1000:.0f} | "
        f"{core:.0%} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--skip-pocketsphinx", action="store_true", help="it is the slow one")
    parser.add_argument("--skip-accuracy", action="store_true", help="waits and memory only")
    parser.add_argument("--verbose", action="store_true", help="show what was heard wrong")
    args = parser.parse_args()
    logger.remove()
    if args.skip_pocketsphinx:
        del RECOGNISERS["PocketSphinx"]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    clips = clips_in(args.folder)
    if not args.skip_accuracy:
        print("| voice | line | recogniser | words | wrong | ms |\n|---|---|---|---|---|---|")
        for title, said in (("people", clips), *own_voices()):
            asyncio.run(accuracy(title, said, verbose=args.verbose))
    print("\n| calls at once | turns | median ms | 95th | of the core |\n|---|---|---|---|---|")
    short = [clip for clip in clips if len(clip[1]) < 8 * RATE_HZ][:12]
    for calls in args.calls:
        asyncio.run(latency(short, calls))
        if args.skip_accuracy:
            print(f"{psutil.Process().memory_info().rss / 1e6:.0f} MB so far")


if __name__ == "__main__":
    main()
