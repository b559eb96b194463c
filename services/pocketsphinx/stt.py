"""Hearing without a key or a network: PocketSphinx, for an agent that knows what may be said.

With a grammar it is fast and accurate within that grammar. With the English language model it
takes open speech, with every third or fourth word wrong: enough to try things, not to serve.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Self

import numpy as np
import soxr
from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.time import time_now_iso8601

from antiphon.core.audio import pcm_secs
from antiphon.core.pipecat_internals import Part, require
from antiphon.services._extras import import_extra
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

PRE_ROLL_SECS = 0.6
"""Silero reports speech 0.2 s after its onset; soft first sounds come earlier still."""

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


class PocketSphinxSTTService(STTService):
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
        require(Part.SERVICES)
        import_extra("pocketsphinx", "offline")
        # From the end of speech: the VAD's 0.2 s, and the last step of decoding.
        kwargs.setdefault("ttfs_p99_latency", 0.3)
        super().__init__(
            settings=STTSettings(model="grammar" if grammar else "en-us", language=None), **kwargs
        )
        self._grammar = grammar
        self._pool = pool or _POOL
        self._pre_roll: deque[bytes] = deque()
        self._pre_roll_bytes = 0
        self._utterance: _Utterance | None = None
        self._utterances: asyncio.Queue[_Utterance] = asyncio.Queue()
        self._decoding: asyncio.Task[None] | None = None

    def can_generate_metrics(self) -> bool:
        """Whether TTFB and usage metrics are reported: yes."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Begin to listen; the model is loaded meanwhile.

        Args:
            frame: The start frame.
        """
        await super().start(frame)
        self._decoding = self.create_task(self._decode_utterances())

    async def stop(self, frame: EndFrame) -> None:
        """Stop listening and give the decoder back.

        Args:
            frame: The end frame.
        """
        await super().stop(frame)
        await self._stop_decoding()

    async def cancel(self, frame: CancelFrame) -> None:
        """Stop listening and give the decoder back.

        Args:
            frame: The cancel frame.
        """
        await super().cancel(frame)
        await self._stop_decoding()

    async def cleanup(self) -> None:
        """Give the decoder back, however the call ended."""
        await super().cleanup()
        await self._stop_decoding()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow the VAD, besides what every STT service does.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame) and self.is_usable:
            self._end_utterance()
            self._utterance = _Utterance(self.sample_rate, b"".join(self._pre_roll))
            self._utterances.put_nowait(self._utterance)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self.request_finalize()
            self._end_utterance()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Take audio; what it says is pushed by the decoding task.

        Args:
            audio: Mono signed 16-bit samples at the pipeline's input rate.

        Yields:
            Nothing.
        """
        if self._utterance is not None:
            self._utterance.add(audio)
        self._pre_roll.append(audio)
        self._pre_roll_bytes += len(audio)
        while self._pre_roll_bytes > PRE_ROLL_SECS * self.sample_rate * 2:
            self._pre_roll_bytes -= len(self._pre_roll.popleft())
        yield None

    def _end_utterance(self) -> None:
        if self._utterance is not None:
            self._utterance.end()
            self._utterance = None

    async def _stop_decoding(self) -> None:
        self._utterance = None
        if self._decoding is not None:
            await self.cancel_task(self._decoding)
            self._decoding = None

    async def _decode_utterances(self) -> None:
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
                await self._push_final(UNCLEAR)
                continue
            finally:
                self._pool.give_back(recognizer)
            adaptation = recognition.adaptation
            await self._push_final(recognition.text if recognition.in_grammar else UNCLEAR)

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

    async def _push_final(self, text: str) -> None:
        # The utterance after this one may have begun: then this is not its final.
        if self._utterance is None:
            self.confirm_finalize()
        if text:
            await self.push_frame(TranscriptionFrame(text, self._user_id, time_now_iso8601()))
        await self.emit_stt_usage_metrics()


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
