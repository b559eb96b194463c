"""Silero voice activity detection that all calls of a process share.

Stock Pipecat loads a model and starts a thread for each call. Here one ONNX session scores the
windows of all calls together on the event loop: the same decisions, at most one tick later, at a
fraction of the CPU.
"""

import asyncio
from functools import cache
from importlib import resources
from typing import cast
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState

__all__ = ["SharedSileroVADAnalyzer"]

TICK_SECS = 0.01
"""How long a window waits for those of other calls; windows come every 32 ms."""

Samples = NDArray[np.float32]


class SharedSileroVADAnalyzer(SileroVADAnalyzer):
    """Pipecat's `SileroVADAnalyzer` on one model per process, without a thread.

    Its transitions are those of the stock analyzer. A window waits up to 10 ms to be scored with
    the windows of other calls; a process with one call does not wait.
    """

    def __init__(self, *, sample_rate: int | None = None, params: VADParams | None = None) -> None:
        """Create the analyzer of one call.

        Args:
            sample_rate: 8000 or 16000 Hz; by default the pipeline's.
            params: Pipecat's thresholds and times.
        """
        # Past the parent's own constructor, which would load a model for this call alone: 24 ms
        # and 7 MB. Its remaining state is set here.
        VADAnalyzer.__init__(self, sample_rate=sample_rate, params=params)
        self._windows_since_reset = 0
        self._low_confidence_windows = 0
        self._model: _CallModel = _CallModel()  # type: ignore[assignment]

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """Analyze audio and return the state after it.

        Args:
            buffer: 16-bit mono samples.

        Returns:
            The state of voice activity.
        """
        window_bytes = self._vad_frames_num_bytes
        if len(self._vad_buffer) + len(buffer) >= window_bytes:
            window = (self._vad_buffer + buffer)[:window_bytes]
            samples = np.frombuffer(window, np.int16).astype(np.float32) / np.float32(32768)
            await _batch().score(self._model, samples, self.sample_rate)
        return self._run_analyzer(buffer)


class _CallModel:
    """What the model remembers of one call, in the shape in which Pipecat calls its model."""

    def __init__(self) -> None:
        self.scored: Samples | None = None
        self.reset_states()

    def reset_states(self) -> None:
        """Forget the call so far."""
        self.state: Samples = np.zeros((2, 1, 128), dtype=np.float32)
        self.context: Samples | None = None

    def __call__(self, samples: Samples, sample_rate_hz: int) -> Samples:
        """Return the confidence of the window that was scored, or score it now."""
        if self.scored is None:
            _score([(self, samples)], sample_rate_hz)
        scored, self.scored = self.scored, None
        assert scored is not None
        return scored


class _Batch:
    """The windows that wait to be scored on one event loop."""

    def __init__(self) -> None:
        self._models: WeakSet[_CallModel] = WeakSet()
        self._waiting: dict[int, list[tuple[_CallModel, Samples]]] = {}
        self._scored: asyncio.Future[None] | None = None

    async def score(self, model: _CallModel, samples: Samples, sample_rate_hz: int) -> None:
        self._models.add(model)
        if len(self._models) == 1:
            _score([(model, samples)], sample_rate_hz)
            return
        self._waiting.setdefault(sample_rate_hz, []).append((model, samples))
        if self._scored is None:
            loop = asyncio.get_running_loop()
            self._scored = loop.create_future()
            loop.call_later(TICK_SECS, self._score_waiting)
        # A call that is cancelled while it waits must not cancel the others.
        await asyncio.shield(self._scored)

    def _score_waiting(self) -> None:
        waiting, scored = self._waiting, self._scored
        self._waiting, self._scored = {}, None
        assert scored is not None
        try:
            for sample_rate_hz, windows in waiting.items():
                _score(windows, sample_rate_hz)
        except Exception as error:
            scored.set_exception(error)
        else:
            scored.set_result(None)


_batches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Batch] = WeakKeyDictionary()


def _batch() -> _Batch:
    return _batches.setdefault(asyncio.get_running_loop(), _Batch())


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    model = resources.files("pipecat.audio.vad.data").joinpath("silero_vad.onnx")
    return onnxruntime.InferenceSession(
        model.read_bytes(), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _score(windows: list[tuple[_CallModel, Samples]], sample_rate_hz: int) -> None:
    """Score one window of each call and move each call's memory on."""
    # The model wants the last 4 ms of the window before in front of each window.
    context_samples = sample_rate_hz // 250
    silence = np.zeros(context_samples, dtype=np.float32)
    batch = np.stack(
        [
            np.concatenate((silence if model.context is None else model.context, samples))
            for model, samples in windows
        ]
    )
    inputs = {
        "input": batch,
        "state": np.concatenate([model.state for model, _ in windows], axis=1),
        "sr": np.array(sample_rate_hz, dtype=np.int64),
    }
    confidences, states = cast(list[Samples], _session().run(None, inputs))
    for index, (model, samples) in enumerate(windows):
        model.state = states[:, index : index + 1]
        model.context = samples[-context_samples:]
        model.scored = confidences[index]
