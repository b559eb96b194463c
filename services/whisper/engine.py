"""One model for all calls of a process, and one thread: more would bring nothing on a small one."""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.services._extras import import_extra
from antiphon.services.phrases import UNCLEAR
from antiphon.services.whisper.mel import SAMPLE_RATE_HZ, log_mel
from antiphon.services.whisper.transcript import Heard, judged, loops, text_of
from antiphon.services.whisper.weights import locate
from antiphon.services.whisper.windows import (
    LONGEST_SECS,
    PartialPace,
    tokens_at_most,
    window_frames,
)

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
        samples = _to_model_rate(sound, rate_hz)
        secs = len(samples) / SAMPLE_RATE_HZ
        window, longest = window_frames(secs), window_frames(LONGEST_SECS)
        heard, is_cut = self._decode(samples, window, language)
        # Of spoken digits the model makes "5, 0, 0, 0, 0, 0": less often in the window that it was
        # trained with.
        if (is_cut or loops(heard.text)) and window < longest:
            heard, is_cut = self._decode(samples, longest, language)
        return replace(heard, text=UNCLEAR) if is_cut and heard.text else heard

    def _decode(
        self, samples: NDArray[np.int16], window: int, language: str | None
    ) -> tuple[Heard, bool]:
        """Decode in a window of so many frames; and tell whether that led to no end."""
        library = import_extra("ctranslate2", "speech")
        mel = log_mel(samples, frames=window, bands=self._model.n_mels)
        shown = library.StorageView.from_array(mel[None])
        begin, spoken = ["<|startoftranscript|>"], ""
        if self._model.is_multilingual:
            shown = self._model.encode(shown)
            spoken = language or self._model.detect_language(shown)[0][0][0].strip("<|>")
            begin += [f"<|{spoken}|>", "<|transcribe|>"]
        most = tokens_at_most(len(samples) / SAMPLE_RATE_HZ)
        (result,) = self._model.generate(
            shown,
            [[*begin, "<|notimestamps|>"]],
            beam_size=1,
            # The library lets the model write half of it.
            max_length=2 * most,
            return_scores=True,
            return_no_speech_prob=True,
        )
        (written,) = result.sequences
        scores = {"no_speech": result.no_speech_prob, "confidence": math.exp(result.scores[0])}
        heard = Heard(text=judged(text_of(written), **scores), **scores, language=spoken)
        return heard, len(written) >= most


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
