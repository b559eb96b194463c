"""Smart Turn that all calls of a process share.

Stock Pipecat loads the model for each call, at 48 MB and 37 ms of a blocked event loop. Here one
session and one thread serve all calls, so memory and threads stay bounded however many there are.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources

import numpy as np
import onnxruntime
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn, SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from antiphon.core.pipecat_internals import Part, known
from antiphon.services.vad.silero import AnalyzedAudio

__all__ = ["SharedSmartTurnAnalyzer"]

NICE = 10

# A telephone's packets are put together for the VAD (`AnalyzedAudio`), but Pipecat cuts what the
# model hears between two of them.
TELEPHONE_RATE_HZ = 8000
PACKET_SECS = 0.02


class SharedSmartTurnAnalyzer(LocalSmartTurnAnalyzerV3):
    """Pipecat's `LocalSmartTurnAnalyzerV3` on one model and one thread per process.

    Its verdicts are those of the stock analyzer. Predictions of all calls queue on the one thread:
    each takes about 45 ms, and a call asks for one at each pause of its caller. On a Pipecat whose
    inside is not known here it is the stock analyzer, with a model and a thread of its own.
    """

    def __init__(
        self, *, sample_rate: int | None = None, params: SmartTurnParams | None = None
    ) -> None:
        """Create the analyzer of one call.

        Args:
            sample_rate: Hz; by default the pipeline's.
            params: Pipecat's parameters.
        """
        self._is_stock = not known(Part.SMART_TURN)
        if self._is_stock:
            super().__init__(sample_rate=sample_rate, params=params)
            return
        # Past the parent's own constructor, which would load a model for this call alone.
        BaseSmartTurn.__init__(self, sample_rate=sample_rate, params=params)
        self._log_data = False
        self._session = _session()

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        """Append audio; what was held back counts from when the VAD had it.

        Args:
            buffer: 16-bit mono samples.
            is_speech: Whether the caller speaks.

        Returns:
            Whether the silence was long enough to end the turn.
        """
        if self._is_stock or not isinstance(buffer, AnalyzedAudio):
            return super().append_audio(buffer, is_speech)
        for at, piece in buffer.pieces[:-1]:
            self._append_packets(at, piece)
        last = buffer.pieces[-1][1] if buffer.pieces else buffer
        goes_on, already = bool(self._speech_start_time), len(self._audio_buffer)
        state = super().append_audio(last, is_speech)
        if self._audio_buffer:
            at, _ = self._audio_buffer.pop()
            self._append_packets(at, last)
            if self._speech_start_time and not goes_on:
                self._speech_start_time = self._audio_buffer[already][0]
        return state

    def _append_packets(self, at: float, piece: bytes) -> None:
        """Keep a piece as the packets that it was put together of, the last of which came now."""
        samples = np.frombuffer(piece, np.int16)
        is_telephone = self.sample_rate == TELEPHONE_RATE_HZ
        size = round(PACKET_SECS * self.sample_rate) if is_telephone else len(samples)
        ends = range(len(samples), 0, -size) if size else (0,)
        packets = [
            (at - number * PACKET_SECS, samples[max(0, end - size) : end])
            for number, end in enumerate(ends)
        ]
        self._audio_buffer.extend(reversed(packets))

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return super()._model_executor if self._is_stock else _executor()


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    # They would keep for good the 30 MB that one prediction takes, and save no time.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    model = resources.files("pipecat.audio.turn.smart_turn.data").joinpath(
        "smart-turn-v3.2-cpu.onnx"
    )
    return onnxruntime.InferenceSession(
        model.read_bytes(), sess_options=options, providers=["CPUExecutionProvider"]
    )


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        max_workers=1, thread_name_prefix="smart-turn", initializer=_let_audio_go_first
    )


def _let_audio_go_first() -> None:
    # 45 ms beside the event loop, on its core: a verdict can wait for audio, which cannot wait.
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
