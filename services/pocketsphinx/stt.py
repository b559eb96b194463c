"""Hearing without a key or a network: PocketSphinx, for an agent that knows what may be said.

With a grammar it is fast and accurate within that grammar. With the English language model it
takes open speech, with every third or fourth word wrong: enough to try things, not to serve.
"""

import asyncio
from typing import Any, Self

import numpy as np
import soxr
from loguru import logger
from pipecat.frames.frames import InterimTranscriptionFrame
from pipecat.services.settings import STTSettings
from pipecat.utils.time import time_now_iso8601

from antiphon.core.audio import pcm_secs
from antiphon.services._extras import import_extra
from antiphon.services.listening_stt import ListeningSTTService
from antiphon.services.phrases import UNCLEAR
from antiphon.services.pocketsphinx.recognizer import (
    SAMPLE_RATE_HZ,
    DecoderPool,
    Recognition,
    Recognizer,
)
from antiphon.services.pocketsphinx.telephone import (
    TELEPHONE_ADAPTATION,
    TELEPHONE_RATE_HZ,
    BandMirror,
)

__all__ = ["PocketSphinxSTTService"]

STEP_SECS = 0.1
"""Audio is decoded in steps of this length; two equal partials are this far apart."""

MAX_BACKLOG_SECS = 30.0
"""Audio that waits for a decoder. What comes on top is dropped: the machine is overloaded."""

_POOL = DecoderPool()


def start_afresh() -> None:
    """Recognize as in a new process, so that the same call is heard the same again.

    For simulation: the next utterance waits for its decoder to load.
    """
    _POOL.clear()


class PocketSphinxSTTService(ListeningSTTService["_Utterance"]):
    """Streaming recognition by PocketSphinx, off the event loop, with decoders shared by calls.

    It listens between the VAD's start and stop, so the pipeline needs a VAD analyzer (Silero, in
    `LLMUserAggregatorParams`). Interim results are pushed once they hold for 0.1 s, the final one
    at the VAD's stop. Speech that does not fit the grammar becomes `UNCLEAR`, so that the agent
    asks again; this is a hint that errs in both directions, never a safeguard.

    Args:
        grammar: What may be said, as JSGF (`jsgf_from_phrases` makes one from phrases); None for
            the general English language model.
        pool: Where decoders come from; by default one pool of 8 for the process.
        **kwargs: Passed to Pipecat's `STTService`.

    Raises:
        ImportError: If `antiphon[offline]` is not installed.
    """

    def __init__(
        self, *, grammar: str | None = None, pool: DecoderPool | None = None, **kwargs: Any
    ) -> None:
        import_extra("pocketsphinx", "offline")
        # From the end of speech: the VAD's 0.2 s, and the last step of decoding.
        kwargs.setdefault("ttfs_p99_latency", 0.3)
        super().__init__(
            settings=STTSettings(model="grammar" if grammar else "en-us", language=None), **kwargs
        )
        self._grammar = grammar
        self._pool = pool or _POOL
        self._utterances: asyncio.Queue[_Utterance] = asyncio.Queue()

    async def begin_utterance(self, pre_roll: bytes) -> "_Utterance":
        """Hand an utterance to a decoder as it begins.

        Args:
            pre_roll: The sound before it.
        """
        utterance = _Utterance(self.sample_rate, pre_roll)
        self._utterances.put_nowait(utterance)
        return utterance

    async def recognize_utterances(self) -> None:
        """Decode what was handed over, with what was learned of the line and the voice before."""
        adaptation: str | None = None
        try:
            recognizer = await self._pool.borrow(self._grammar)
            try:
                await recognizer.load()
            finally:
                self._pool.give_back(recognizer)
        except (ImportError, ValueError) as error:
            await self.push_error(f"PocketSphinx: {error}", force_treat_as_permanent=True)
            return
        while True:
            utterance = await self._utterances.get()
            recognizer = await self._pool.borrow(self._grammar)
            try:
                recognition = await self._decode(utterance, recognizer, adaptation)
            except Exception as error:
                # Of the library or of the sound: the next utterance may be heard, and is.
                await self.push_error("PocketSphinx failed on an utterance", exception=error)
                await self.push_final(UNCLEAR)
                continue
            finally:
                self._pool.give_back(recognizer)
            adaptation = recognition.adaptation
            await self.push_final(recognition.text if recognition.in_grammar else UNCLEAR)

    async def _decode(
        self, utterance: "_Utterance", recognizer: Recognizer, adaptation: str | None
    ) -> Recognition:
        is_telephone = self.sample_rate == TELEPHONE_RATE_HZ
        channel = TELEPHONE_ADAPTATION if is_telephone else None
        await recognizer.start(adaptation, channel=channel)
        partial = shown = ""
        async for pcm in utterance:
            text = await recognizer.feed(pcm)
            if text and text == partial and text != shown:
                shown = text
                await self.push_frame(
                    InterimTranscriptionFrame(text, self._user_id, time_now_iso8601())
                )
            partial = text
        return await recognizer.finish()


class _Utterance:
    """The audio of one utterance on its way to the decoder, resampled to its rate.

    Iterating yields steps of `STEP_SECS`, or what is there when the utterance has ended.
    """

    def __init__(self, sample_rate_hz: int, pre_roll: bytes) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._mirror = BandMirror() if sample_rate_hz == TELEPHONE_RATE_HZ else None
        self._resampler = (
            soxr.ResampleStream(sample_rate_hz, SAMPLE_RATE_HZ, 1, dtype="int16", quality="MQ")
            if sample_rate_hz not in (SAMPLE_RATE_HZ, TELEPHONE_RATE_HZ)
            else None
        )
        self._audio = bytearray(pre_roll)
        self._changed = asyncio.Event()
        self._ended = False
        self._dropped_secs = 0.0

    def add(self, audio: bytes) -> None:
        if len(self._audio) > MAX_BACKLOG_SECS * self._sample_rate_hz * 2:
            self._dropped_secs += pcm_secs(len(audio), self._sample_rate_hz)
            return
        self._audio += audio
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        step = int(STEP_SECS * self._sample_rate_hz) * 2
        while len(self._audio) < step and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if not self._audio:
            if self._dropped_secs:
                logger.warning(
                    f"PocketSphinx is too slow here: {self._dropped_secs:.1f} s of speech dropped"
                )
            raise StopAsyncIteration
        pcm, self._audio = bytes(self._audio[:step]), self._audio[step:]
        return self._to_decoder_rate(pcm)

    def _to_decoder_rate(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, dtype=np.int16)
        if self._mirror:
            return self._mirror.widen(samples).tobytes()
        if self._resampler is None:
            return pcm
        last = self._ended and not self._audio
        return bytes(self._resampler.resample_chunk(samples, last=last).tobytes())
