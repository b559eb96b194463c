"""One model for all calls of a process, and one thread: more would bring nothing on a small one."""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.services._extras import import_extra
from antiphon.services.whisper.mel import SAMPLE_RATE_HZ, log_mel
from antiphon.services.whisper.transcript import Heard, judged, text_of
from antiphon.services.whisper.weights import locate
from antiphon.services.whisper.windows import PartialPace, tokens_at_most, window_frames

__all__ = ["Engine", "OverloadedError", "engine_of", "start_afresh"]

MAX_WAITING = 32
"""Turns that wait for the model: of tiny.en some 4 s. Who comes then is told at once."""

T = TypeVar("T")

_lock = threading.Lock()
_engines: dict[str, "Engine"] = {}


class OverloadedError(RuntimeError):
    """More turns wait for the model than it can decode in a reasonable time."""


class Engine:
    """A model and its thread. It is loaded when it is first used.

    Args:
        model: A folder or a name.
    """

    def __init__(self, model: str) -> None:
        self._name = model
        self._model: Any = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")
        self._lock = threading.Lock()
        self._waiting = 0
        self._pace = PartialPace()

    async def load(self) -> None:
        """Load the model, if that has not happened yet.

        Raises:
            ImportError: If what it needs is not installed.
            WeightsError: If it is not there, or not what was pinned.
        """
        await self._run(self._load)

    async def hear(
        self, sound: NDArray[np.int16], rate_hz: int, *, language: str | None = None
    ) -> Heard:
        """Decode sound.

        Args:
            sound: Mono; at most 30 s.
            rate_hz: Its rate.
            language: An ISO 639-1 code for a multilingual model, which otherwise finds out.

        Raises:
            OverloadedError: If too many wait already.
        """
        with self._lock:
            if self._waiting >= MAX_WAITING:
                raise OverloadedError(f"{self._waiting} turns wait for the Whisper model")
        return await self._run(lambda: self._hear(sound, rate_hz, language))

    async def glance(
        self,
        sound: NDArray[np.int16],
        rate_hz: int,
        *,
        language: str | None = None,
        may_be_last: bool = False,
    ) -> Heard | None:
        """Decode a turn that goes on, if nobody waits for the model and there is time.

        Args:
            sound: Mono; at most 30 s.
            rate_hz: Its rate.
            language: As for `hear`.
            may_be_last: Whether the turn seems to be over: then it is worth its time.

        Returns:
            What was heard; None if there is no time.
        """
        began = time.monotonic()
        with self._lock:
            if self._waiting or not (may_be_last or self._pace.has_time(began)):
                return None
        heard = await self._run(lambda: self._hear(sound, rate_hz, language))
        self._pace.made(began, time.monotonic())
        return heard

    def start_afresh(self) -> None:
        """Forget how long the last look took: the next may be timed by another clock."""
        self._pace = PartialPace()

    async def _run(self, job: Callable[[], T]) -> T:
        with self._lock:
            self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        finally:
            with self._lock:
                self._waiting -= 1

    def _load(self) -> None:
        if self._model is None:
            library = import_extra("ctranslate2", "speech")
            # Two threads bring nothing for tiny, and would take the event loop's core.
            self._model = library.models.Whisper(
                str(locate(self._name)), device="cpu", compute_type="int8", intra_threads=1
            )

    def _hear(self, sound: NDArray[np.int16], rate_hz: int, language: str | None) -> Heard:
        self._load()
        library = import_extra("ctranslate2", "speech")
        samples = _to_model_rate(sound, rate_hz)
        secs = len(samples) / SAMPLE_RATE_HZ
        mel = log_mel(samples, frames=window_frames(secs), bands=self._model.n_mels)
        shown = library.StorageView.from_array(mel[None])
        begin, spoken = ["<|startoftranscript|>"], ""
        if self._model.is_multilingual:
            shown = self._model.encode(shown)
            spoken = language or self._model.detect_language(shown)[0][0][0].strip("<|>")
            begin += [f"<|{spoken}|>", "<|transcribe|>"]
        (result,) = self._model.generate(
            shown,
            [[*begin, "<|notimestamps|>"]],
            beam_size=1,
            max_length=len(begin) + 1 + tokens_at_most(secs),
            return_scores=True,
            return_no_speech_prob=True,
        )
        scores = {"no_speech": result.no_speech_prob, "confidence": math.exp(result.scores[0])}
        return Heard(
            text=judged(text_of(result.sequences[0]), **scores),
            **scores,
            language=spoken,
        )


def engine_of(model: str) -> Engine:
    """The engine that all calls of the process share.

    Args:
        model: A folder or a name.
    """
    with _lock:
        return _engines.setdefault(model, Engine(model))


def start_afresh() -> None:
    """Let the same call be heard the same again. For simulation."""
    for engine in _engines.values():
        engine.start_afresh()


def _to_model_rate(sound: NDArray[np.int16], rate_hz: int) -> NDArray[np.int16]:
    if rate_hz == SAMPLE_RATE_HZ:
        return sound
    resampled: NDArray[np.int16] = soxr.resample(sound, rate_hz, SAMPLE_RATE_HZ, quality="MQ")
    return resampled
