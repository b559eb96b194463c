"""A caller whose every word is a tone of its own, and an STT that knows words by their tones.

So a recording can be asked word by word what is still audible in it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.workers.runner import WorkerRunner

from antiphon.processors.redaction import PIIRedactor, RedactingRecorder

RATE = 8000
PACKET_S = 0.02
WORD_S, PAUSE_S = 0.3, 0.1
LOUD = 8000.0

NAMES = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# The sixteen digits; one that is said twice has a tone of its own each time.
CARD = [f"{NAMES[int(digit)]}/{index}" for index, digit in enumerate("4539148803436467")]
HARMLESS = ["hello", "my", "card", "number", "is", "thank", "you", "for", "the", "good", "work"]
PITCH = {word: 400.0 + 100 * index for index, word in enumerate([*CARD, *HARMLESS])}
BY_PITCH = {pitch: word for word, pitch in PITCH.items()}


@cache
def pitches(audio: bytes, rate: int = RATE) -> list[float]:
    """The tone of each packet's length of audio, 0 for none."""
    samples = np.frombuffer(audio, "<i2").astype(np.float64)
    size = round(rate * PACKET_S)
    found = []
    for start in range(0, len(samples) - size + 1, size):
        spectrum = np.abs(np.fft.rfft(samples[start : start + size] * np.hanning(size), rate // 50))
        loudest = int(np.argmax(spectrum))
        loud = spectrum[loudest] > 0.1 * LOUD * size / 4
        found.append(round(loudest * 50 / 100) * 100.0 if loud else 0.0)
    return found


def audible(audio: bytes, rate: int) -> dict[str, float]:
    """Seconds for which each word is heard in a recording."""
    seconds: dict[str, float] = {}
    for pitch in pitches(audio, rate):
        if word := BY_PITCH.get(pitch):
            seconds[word] = seconds.get(word, 0.0) + PACKET_S
    return {word: length for word, length in seconds.items() if length > 2.5 * PACKET_S}


def digits_in(heard: dict[str, float]) -> list[str]:
    return [word for word in CARD if word in heard]


def tone(word: str, seconds: float = WORD_S) -> NDArray[np.float64]:
    times = np.arange(round(seconds * RATE)) / RATE
    return LOUD * np.sin(2 * np.pi * PITCH[word] * times)


def line(length_s: float, *said: tuple[float, Sequence[str]]) -> list[bytes]:
    """A line's packets, in which words are said from the times given."""
    samples = np.zeros(round(length_s * RATE))
    for at_s, words in said:
        for index, word in enumerate(words):
            start = round((at_s + index * (WORD_S + PAUSE_S)) * RATE)
            samples[start : start + round(WORD_S * RATE)] = tone(word)
    pcm = samples.astype("<i2").tobytes()
    size = round(PACKET_S * RATE) * 2
    return [pcm[i : i + size] for i in range(0, len(pcm), size)]


class ToneSTT(STTService):
    """Hears words, and tells their times as vendors do: in seconds of what it was sent."""

    def __init__(self, *, word_times: bool = True, latency_s: float = 0.3, **options: Any) -> None:
        super().__init__(
            ttfs_p99_latency=0.3, settings=STTSettings(model="tones", language=None), **options
        )
        self._word_times = word_times
        self._latency_s = latency_s
        self.new_stream()

    def new_stream(self) -> None:
        """Begin anew, as after a reconnection."""
        self._got_s = self._quiet_s = 0.0
        self._words: list[tuple[str, float, float]] = []

    async def connect(self) -> None:
        """Begin anew, and tell of it."""
        self.new_stream()
        await self._call_event_handler("on_connected")

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        for pitch in pitches(audio):
            start, self._got_s = self._got_s, self._got_s + PACKET_S
            word = BY_PITCH.get(pitch)
            if word is None:
                self._quiet_s += PACKET_S
            else:
                self._quiet_s = 0.0
                if self._words and self._words[-1][0] == word:
                    self._words[-1] = (word, self._words[-1][1], self._got_s)
                else:
                    self._words.append((word, start, self._got_s))
            if self._words and self._quiet_s > 0.35:
                words, self._words = self._words, []
                self.create_task(self._tell(words))
        yield None

    async def _tell(self, words: list[tuple[str, float, float]]) -> None:
        await asyncio.sleep(self._latency_s)
        plain = [(word.split("/")[0], start, end) for word, start, end in words]
        result = {"words": [{"word": w, "start": s, "end": e} for w, s, e in plain]}
        text = " ".join(word for word, _, _ in plain)
        result = result if self._word_times else {}
        await self.push_frame(TranscriptionFrame(text, "caller", "now", result=result))


class ToneVAD(FrameProcessor):
    """Tells when somebody speaks, after 0.2 s, and when nobody does, after `stop_s`."""

    def __init__(self, *, stop_s: float = 0.6) -> None:
        super().__init__()
        self._stop_s = stop_s
        self._speaks = False
        self._since_s = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if not isinstance(frame, InputAudioRawFrame):
            return
        changes = any(pitches(frame.audio)) != self._speaks
        self._since_s = self._since_s + PACKET_S if changes else 0.0
        if changes and self._since_s >= (self._stop_s if self._speaks else 0.2) - 1e-6:
            self._speaks, self._since_s = not self._speaks, 0.0
            told = (
                VADUserStartedSpeakingFrame(start_secs=0.2)
                if self._speaks
                else VADUserStoppedSpeakingFrame(stop_secs=self._stop_s)
            )
            await self.push_frame(told)


@dataclass
class Call:
    """A recorded call: the line's audio in, and what the recording holds out.

    Parameters:
        stt: Hears the caller.
        recorder: Records, from the start unless told otherwise.
        before_recorder: Processors between the redactor and the recorder.
        at: What happens at which second of the call.
        arrives: When a packet arrives that was sent at a time; None if it never does.
        heard_by: Processors in place of the STT.
        rate_out: Of the pipeline's output.
    """

    stt: ToneSTT = field(default_factory=ToneSTT)
    recorder: RedactingRecorder = field(
        default_factory=lambda: RedactingRecorder(
            num_channels=2, consent=True, auto_start_recording=True
        )
    )
    before_recorder: Sequence[FrameProcessor] = field(default_factory=lambda: [ToneVAD()])
    at: dict[float, Callable[[], Any]] = field(default_factory=dict)
    arrives: Callable[[float], float | None] | None = None
    heard_by: Sequence[FrameProcessor] = ()
    rate_out: int = RATE

    async def heard(self, packets: Sequence[bytes]) -> dict[str, float]:
        """Run the call; seconds for which each word is audible in the recording."""
        pieces: list[bytes] = []
        rates: list[int] = []

        @self.recorder.event_handler("on_track_audio_data")
        async def on_track(_: Any, user: bytes, bot: bytes, rate: int, channels: int) -> None:
            pieces.append(user)
            rates.append(rate)

        redactor = PIIRedactor()
        redactor.expect("card_number", turns=20)
        ears = self.heard_by or [self.stt]
        worker = PipelineWorker(
            Pipeline([*ears, redactor, *self.before_recorder, self.recorder]),
            params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=self.rate_out),
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)

        async def phone() -> None:
            await asyncio.sleep(1.0)
            loop = asyncio.get_running_loop()
            began = loop.time()
            due: list[tuple[float, int, Callable[[], Any]]] = []
            for index, packet in enumerate(packets):
                sent_s = index * PACKET_S
                arrival = self.arrives(sent_s) if self.arrives else sent_s
                if arrival is not None:
                    frame = InputAudioRawFrame(packet, RATE, 1)
                    due.append((arrival, index, lambda f=frame: worker.queue_frame(f)))
            due += [(at_s, -1, act) for at_s, act in self.at.items()]
            for at_s, _, act in sorted(due, key=lambda item: item[:2]):
                await asyncio.sleep(max(0.0, began + at_s - loop.time()))
                result = act()
                if asyncio.iscoroutine(result):
                    await result
            await asyncio.sleep(2.0)
            await worker.queue_frame(EndFrame())

        await asyncio.gather(runner.run(), phone())
        return audible(b"".join(pieces), rates[0]) if pieces else {}
