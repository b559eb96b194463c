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
from antiphon.services.silero import HeardAudio
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn, SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

__all__ = ["SharedSmartTurnAnalyzer"]

NICE = 10


class SharedSmartTurnAnalyzer(LocalSmartTurnAnalyzerV3):
    """Pipecat's `LocalSmartTurnAnalyzerV3` on one model and one thread per process.

    Its verdicts are those of the stock analyzer. Predictions of all calls queue on the one thread:
    each takes about 45 ms, and a call asks for one at each pause of its caller.
    """

    def __init__(
        self, *, sample_rate: int | None = None, params: SmartTurnParams | None = None
    ) -> None:
        """Create the analyzer of one call.

        Args:
            sample_rate: Hz; by default the pipeline's.
            params: Pipecat's parameters.
        """
        # Past the parent's own constructor, which would load a model for this call alone.
        BaseSmartTurn.__init__(self, sample_rate=sample_rate, params=params)
        self._log_data = False
        self._session = _session()

    def append_audio(self, buffer: bytes, is_speech: bool) -> EndOfTurnState:
        """Append audio; what was held back counts from when it was heard.

        Args:
            buffer: 16-bit mono samples.
            is_speech: Whether the caller speaks.

        Returns:
            Whether the silence was long enough to end the turn.
        """
        if isinstance(buffer, HeardAudio) and buffer.pieces:
            *held, (_, buffer) = buffer.pieces
            self._audio_buffer.extend((at, np.frombuffer(piece, np.int16)) for at, piece in held)
        return super().append_audio(buffer, is_speech)

    @property
    def _model_executor(self) -> ThreadPoolExecutor:
        return _executor()


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
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
