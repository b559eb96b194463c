"""Silero voice activity detection that all calls of a process share.

Stock Pipecat loads a model and starts a thread for each call. Here one ONNX session scores the
windows of all calls together on the event loop: the same decisions, at most one tick later, at a
fraction of the CPU.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np
from loguru import logger
from numpy.typing import NDArray
from pipecat.audio.utils import calculate_audio_volume
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState
from pipecat.audio.volume import VOLUME_WINDOW_SECS

from antiphon.core.pipecat_internals import Part, known
from antiphon.services.vad.silero_network import open_network
from antiphon.services.vad.ticks import ticks
from antiphon.services.vad.voice_edges import began_secs_ago, ended_secs_ago

__all__ = ["AnalyzedAudio", "SharedSileroVADAnalyzer"]

# From one reset of the model to the next: in silence, Pipecat makes one every two seconds.
KNOWN_WINDOWS = 64

# Pipecat smooths the loudness by 0.2 a window: what is older counts for less than 1e-6.
UNMEASURED_WINDOWS = 64

# Audio that is no longer needed is let go of in pieces of this size, half a second at 8 kHz.
TRIMMED_BYTES = 8192

Samples = NDArray[np.float32]


class AnalyzedAudio(bytes):
    """Audio that has been analyzed.

    Attributes:
        state: The state of voice activity after it.
        silent_windows: How many windows the model has heard no voice for.
        pieces: What it was put together of, if that was held back, each with the time at which it
            was analyzed, in seconds of `time.monotonic`.
    """

    state: VADState
    silent_windows: int
    pieces: tuple[tuple[float, bytes], ...] = ()


class SharedSileroVADAnalyzer(SileroVADAnalyzer):
    """Pipecat's `SileroVADAnalyzer` on one model per process, without a thread.

    Its transitions are those of the stock analyzer. A window waits up to 10 ms to be scored with
    the windows of other calls; a process with one call does not wait. On a Pipecat whose inside is
    not known here it is the stock analyzer, with its thread.
    """

    def __init__(self, *, sample_rate: int | None = None, params: VADParams | None = None) -> None:
        """Create the analyzer of one call.

        Args:
            sample_rate: 8000 or 16000 Hz; by default the pipeline's.
            params: Pipecat's thresholds and times.
        """
        self._queued: deque[tuple[bytes, Callable[[AnalyzedAudio], Awaitable[None]]]] = deque()
        self._is_stock = not known(Part.VAD)
        if self._is_stock:
            super().__init__(sample_rate=sample_rate, params=params)
            self._analyzing: asyncio.Task[None] | None = None
            return
        # Past the parent's own constructor, which would load a model for this call alone: 24 ms
        # and 7 MB. Its remaining state is set here.
        VADAnalyzer.__init__(self, sample_rate=sample_rate, params=params)
        self._windows_since_reset = 0
        self._low_confidence_windows = 0
        self._memory = _Memory()
        self._model = self._memory  # type: ignore[assignment]
        self._batch: _Batch | None = None
        self._silent_windows = 0
        self._windows = self._decided_windows = 0
        self._recent = bytearray()
        self._volume = self._unknown = 0.0
        self._unmeasured: deque[int] = deque(maxlen=UNMEASURED_WINDOWS)

    def analyze_soon(
        self, audio: bytes, on_analyzed: Callable[[AnalyzedAudio], Awaitable[None]]
    ) -> None:
        """Analyze audio, but do not wait for it.

        Args:
            audio: 16-bit mono samples.
            on_analyzed: Given the audio with the state after it: in order, and within 10 ms. It
                must not wait for anything, because other calls wait for it.
        """
        self._queued.append((audio, on_analyzed))
        if self._is_stock:
            if self._analyzing is None or self._analyzing.done():
                self._analyzing = asyncio.get_running_loop().create_task(self._analyze_on_thread())
            return
        if self._batch is None:
            self._batch = _batch()
        self._batch.add(self)

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """Analyze audio and return the state after it.

        Args:
            buffer: 16-bit mono samples; or what `analyze_soon` gave back, whose state is known.

        Returns:
            The state of voice activity.
        """
        if isinstance(buffer, AnalyzedAudio):
            return buffer.state
        if self._is_stock:
            return await super().analyze_audio(buffer)
        state: asyncio.Future[VADState] = asyncio.get_running_loop().create_future()

        async def analyzed(audio: AnalyzedAudio) -> None:
            if not state.done():
                state.set_result(audio.state)

        self.analyze_soon(buffer, analyzed)
        return await state

    def voice_confidence(self, buffer: bytes) -> float:
        """Tell how sure the model is that a window is voice.

        Args:
            buffer: The window.

        Returns:
            The confidence, from 0 to 1.
        """
        if self._is_stock:
            return super().voice_confidence(buffer)
        scored = self._memory.scored
        if scored is None:
            confidence = super().voice_confidence(buffer)
        else:  # what the parent does, but for samples that nobody looks at
            self._memory.scored = None
            confidence = scored[0]
            self._maybe_reset_model(confidence.item())
        voice = confidence >= self._params.confidence
        self._silent_windows = 0 if voice else self._silent_windows + 1
        return confidence

    def _get_smoothed_volume(self, audio: bytes) -> float:
        if self._is_stock:
            return super()._get_smoothed_volume(audio)
        # All that matters is on which side of the threshold it is, and that only while the model
        # hears a voice. So no more is measured than decides it, from the newest window back: what
        # is not measured is between 0 and 1, and counts less with each window.
        self._recent += audio
        self._windows += 1
        measured_bytes = math.ceil(VOLUME_WINDOW_SECS * self.sample_rate) * 2
        kept_bytes = measured_bytes + UNMEASURED_WINDOWS * len(audio)
        if len(self._recent) > kept_bytes + TRIMMED_BYTES:
            del self._recent[:-kept_bytes]
        if self._silent_windows:
            return 0.0
        old = 1 - self._smoothing_factor
        new = self._windows - self._decided_windows
        # Before there is enough to measure, the loudness is 0.
        loud = max(0, min(new, self._windows + 1 - math.ceil(measured_bytes / len(audio))))
        oldest = self._windows + 1 - min(loud, UNMEASURED_WINDOWS)
        self._decided_windows = self._windows
        self._volume *= old**new
        self._unknown = self._unknown * old**new + 1 - old**loud
        self._unmeasured.extend(range(oldest, self._windows + 1))
        while self._volume < self._params.min_volume <= self._volume + self._unknown:
            if not self._unmeasured:
                break
            ago = self._windows - self._unmeasured.pop()
            end = len(self._recent) - ago * len(audio)
            measured = self._recent[end - measured_bytes : end]
            weight = self._smoothing_factor * old**ago
            self._volume += weight * calculate_audio_volume(measured, self.sample_rate)
            self._unknown -= weight
        return self._volume

    def voice_began_secs_ago(self) -> float | None:
        """Tell, when a voice was noticed, how long ago it began; None if that is not known."""
        if self._is_stock:
            return None
        audio = bytes(self._recent) + self._vad_buffer
        return began_secs_ago(audio, self.sample_rate, spoken_secs=self._params.start_secs)

    def voice_ended_secs_ago(self) -> float | None:
        """Tell, when its end was noticed, how long ago a voice ended; None if it is not known."""
        if self._is_stock:
            return None
        audio = bytes(self._recent) + self._vad_buffer
        return ended_secs_ago(audio, self.sample_rate, silent_secs=self._params.stop_secs)

    async def cleanup(self) -> None:
        """Forget what is still to be analyzed, and release the rest."""
        self._queued.clear()
        await super().cleanup()

    def _next_window(self) -> bytes | None:
        """The window that the next audio completes, if it does."""
        if not self._queued:
            return None
        window = (self._vad_buffer + self._queued[0][0])[: self._vad_frames_num_bytes]
        return window if len(window) == self._vad_frames_num_bytes else None

    async def _analyze_next(self) -> None:
        if not self._queued:
            return
        audio, on_analyzed = self._queued.popleft()
        judged = AnalyzedAudio(audio)
        try:
            if self._is_stock:
                judged.state, judged.silent_windows = await super().analyze_audio(audio), 0
            else:
                judged.state = self._run_analyzer(audio)
                judged.silent_windows = self._silent_windows
            await on_analyzed(judged)
        except Exception as error:
            logger.error(f"{type(error).__name__} while telling a call what its caller does")

    async def _analyze_on_thread(self) -> None:
        while self._queued:
            await self._analyze_next()


class _Memory:
    """What the model remembers of one call, in the shape in which Pipecat calls its model."""

    def __init__(self) -> None:
        self.scored: Samples | None = None
        self.reset_states()

    def reset_states(self) -> None:
        """Forget the call so far."""
        self.state: Samples = np.zeros((2, 1, 128), dtype=np.float32)
        self.context = b""
        self._recalled = 0

    def recall(self, window: bytes, sample_rate_hz: int) -> bool:
        """Score a window without the model, if there was only digital silence since its reset.

        That is what a muted line sends.

        Args:
            window: The window.
            sample_rate_hz: Its sample rate.

        Returns:
            Whether it was scored.
        """
        known = _in_silence(sample_rate_hz)
        if self._recalled == len(known) or window != bytes(len(window)):
            self._recalled = len(known)  # till the next reset the model has to be asked
            return False
        self.scored, self.state = known[self._recalled]
        self._recalled += 1
        return True

    def __call__(self, samples: Samples, sample_rate_hz: int) -> Samples:
        """Score a window that was not scored with those of other calls."""
        # Exact: the samples are 16-bit integers divided by 2 ** 15.
        window = (samples * 32768).astype(np.int16).tobytes()
        _score([(self, window)], sample_rate_hz)
        scored, self.scored = self.scored, None
        assert scored is not None
        return scored


class _Batch:
    """The calls of one event loop that have audio to be analyzed."""

    def __init__(self) -> None:
        self._waiting: dict[SharedSileroVADAnalyzer, None] = {}
        self._ticks = ticks()
        self._is_due = False
        self._analyzing: asyncio.Task[None] | None = None

    def add(self, call: SharedSileroVADAnalyzer) -> None:
        self._waiting[call] = None
        if not self._is_due:
            self._is_due = True
            self._ticks.soon(self._begin)

    def _begin(self) -> None:
        self._is_due = False
        if self._analyzing is None or self._analyzing.done():
            self._analyzing = asyncio.get_running_loop().create_task(self._analyze())

    async def _analyze(self) -> None:
        while calls := tuple(self._waiting):
            self._waiting.clear()
            for sample_rate_hz in {call.sample_rate for call in calls}:
                windows = [
                    (call._memory, window)
                    for call in calls
                    if call.sample_rate == sample_rate_hz and (window := call._next_window())
                ]
                with suppress(Exception):  # each is tried again on its own, where Pipecat reports
                    _score(windows, sample_rate_hz)
            for call in calls:
                await call._analyze_next()
                if call._queued:
                    # What a network held back comes at once.
                    self._waiting[call] = None


_batches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Batch] = WeakKeyDictionary()


def _batch() -> _Batch:
    return _batches.setdefault(asyncio.get_running_loop(), _Batch())


def _score(windows: Iterable[tuple[_Memory, bytes]], sample_rate_hz: int) -> None:
    """Score one window of each call and move each call's memory on."""
    asked = [
        (memory, window) for memory, window in windows if not memory.recall(window, sample_rate_hz)
    ]
    if asked:
        _ask_model(asked, sample_rate_hz)


@cache
def _in_silence(sample_rate_hz: int) -> tuple[tuple[Samples, Samples], ...]:
    """What the model says of digital silence from its reset on, and remembers."""
    memory, window = _Memory(), bytes(sample_rate_hz // 1000 * 64)
    known = []
    for _ in range(KNOWN_WINDOWS):
        _ask_model([(memory, window)], sample_rate_hz)
        assert memory.scored is not None
        known.append((memory.scored, memory.state))
    return tuple(known)


def _ask_model(windows: Sequence[tuple[_Memory, bytes]], sample_rate_hz: int) -> None:
    # The model wants the last 4 ms of the window before in front of each window.
    context_bytes = sample_rate_hz // 250 * 2
    silence = bytes(context_bytes)
    audio = b"".join([(memory.context or silence) + window for memory, window in windows])
    batch = np.frombuffer(audio, np.int16).astype(np.float32).reshape(len(windows), -1)
    batch /= np.float32(32768)
    inputs = {
        "input": batch,
        "state": np.concatenate([memory.state for memory, _ in windows], axis=1),
        "sr": np.array(sample_rate_hz, dtype=np.int64),
    }
    confidences, states = cast(list[Samples], open_network(sample_rate_hz).run(None, inputs))
    for index, (memory, window) in enumerate(windows):
        memory.state = states[:, index : index + 1]
        memory.context = window[-context_bytes:]
        memory.scored = confidences[index]
