"""Hearing what people really say, without a key or a network: Whisper, on the processor.

Of 708 words that people spoke it gets one in twenty-four wrong.
"""

import asyncio
from pathlib import Path
from typing import Any, Self

import numpy as np
from loguru import logger
from numpy.typing import NDArray
from pipecat.frames.frames import InterimTranscriptionFrame
from pipecat.services.settings import STTSettings
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601

from antiphon.core.audio import pcm_secs
from antiphon.core.language_tags import language_of
from antiphon.services._extras import import_extra
from antiphon.services.listening_stt import ListeningSTTService
from antiphon.services.phrases import UNCLEAR
from antiphon.services.whisper.engine import OverloadedError, engine_of
from antiphon.services.whisper.transcript import Heard, agreed, joined
from antiphon.services.whisper.weights import DEFAULT_MODEL, english_only, require_weights
from antiphon.services.whisper.windows import CHUNK_SECS, STEP_SECS, Listener, cut

__all__ = ["EmbeddedWhisperSTTService"]

MAX_BACKLOG_SECS = 90.0
"""Audio that waits for the model. What comes on top is dropped: the machine is overloaded."""

MAX_TURNS = 16
"""Turns of one call that wait for the model; who comes then is answered at once."""

Samples = NDArray[np.int16]


class EmbeddedWhisperSTTService(ListeningSTTService["_Turn"]):
    """Recognition of open speech by Whisper, off the event loop, with one model for all calls.

    It listens between the VAD's start and stop, so the pipeline needs a VAD analyzer (Silero, in
    `LLMUserAggregatorParams`). The final transcript comes at the VAD's stop, with
    `result={"confidence": …, "no_speech": …}`. Interim ones hold the words on which two looks, half
    a second apart, agree, and come only while the model has nothing else to do. What is no speech
    makes no transcript, and what cannot be understood, as another language is for a model of
    English, becomes "[inaudible]", so that the agent asks again; neither is a safeguard.

    Args:
        model: A folder in the format of faster-whisper, or a name such as "base.en" that
            `faster_whisper` can fetch. "tiny.en" comes with `antiphon[speech]`.
        language: What is spoken, for a model of many languages; without it each turn's is found
            out, which takes longer and errs with short ones.
        **kwargs: Passed to Pipecat's `STTService`.

    Raises:
        ImportError: If `antiphon[speech]`, or what fetches the model, is not installed.
        ValueError: If the language is none, or not that of the model.
        WeightsError: If the folder holds no model.
    """

    def __init__(
        self,
        *,
        model: str | Path = DEFAULT_MODEL,
        language: Language | str | None = None,
        **kwargs: Any,
    ) -> None:
        import_extra("ctranslate2", "speech")
        name = str(model)
        require_weights(name)
        code = language_of(language)
        if language and not code:
            raise ValueError(f"language={language!r} is none: give a code such as 'en' or 'pt-BR'")
        if code not in ("", "en") and english_only(name):
            raise ValueError(
                f"the Whisper model {name!r} knows English only, and language={str(language)!r} "
                "needs one of many languages, such as model='base'"
            )
        # From the end of speech: the VAD's 0.2 s, and the model's time on a busy core.
        kwargs.setdefault("ttfs_p99_latency", 0.6)
        super().__init__(
            settings=STTSettings(model=name, language=Language(code) if code else None), **kwargs
        )
        self._engine = engine_of(name)
        self._turns: asyncio.Queue[_Turn] = asyncio.Queue(MAX_TURNS)

    async def warm_up(self) -> None:
        """Load the model for all calls to come.

        Raises:
            WeightsError: If it is not there, or not what was pinned.
        """
        await self._engine.load()

    async def begin_utterance(self, pre_roll: bytes) -> "_Turn | None":
        """Hand a turn to the model as it begins.

        Args:
            pre_roll: The sound before it.

        Returns:
            What takes its audio; None if too many of this call wait already.
        """
        turn = _Turn(self.sample_rate, pre_roll)
        try:
            self._turns.put_nowait(turn)
        except asyncio.QueueFull:
            logger.warning(f"{self}: {MAX_TURNS} turns wait for Whisper, one more is not decoded")
            await self.push_final(UNCLEAR)
            return None
        return turn

    async def recognize_utterances(self) -> None:
        """Load the model, and hear the turns one after the other."""
        try:
            await self._engine.load()
        except (ImportError, RuntimeError) as error:
            await self.push_error(f"Whisper: {error}", force_treat_as_permanent=True)
            return
        while True:
            turn = await self._turns.get()
            try:
                heard = await self._hear(turn)
            except OverloadedError as error:
                logger.warning(f"{self}: a turn was not decoded, since {error}")
                await self.push_final(UNCLEAR)
            except Exception as error:
                # Of the library or of the sound: the next turn may be heard, and is.
                await self.push_error("Whisper failed on a turn", exception=error)
                await self.push_final(UNCLEAR)
            else:
                await self.push_final(heard.text, language=_tag(heard), result=_result(heard))

    async def _hear(self, turn: "_Turn") -> Heard:
        parts: list[Heard] = []
        look: Heard | None = None
        listener, shown = Listener(), ""
        async for step in turn:
            worth_a_look = listener.hear(step)
            if turn.secs >= CHUNK_SECS:
                parts.append(await self._decode(turn.take_chunk()))
                look = None
            elif worth_a_look and not turn.ended:
                found = await self._look(turn, may_be_last=listener.seems_over)
                if found is None:
                    continue
                listener.looked()
                text = _sure(parts, look, found)
                look = found
                if text and text != shown:
                    shown = text
                    await self._push_interim(text, found)
        if look is None or listener.has_news:
            look = await self._decode(turn.samples)
        return joined([*parts, look])

    async def _look(self, turn: "_Turn", *, may_be_last: bool) -> Heard | None:
        return await self._engine.glance(
            turn.read, self.sample_rate, language=self._language, may_be_last=may_be_last
        )

    async def _decode(self, sound: Samples) -> Heard:
        return await self._engine.hear(sound, self.sample_rate, language=self._language)

    @property
    def _language(self) -> str | None:
        return language_of(self._settings.language) or None

    async def _push_interim(self, text: str, heard: Heard) -> None:
        await self.push_frame(
            InterimTranscriptionFrame(
                text, self._user_id, time_now_iso8601(), _tag(heard), result=_result(heard)
            )
        )


def _sure(parts: list[Heard], before: Heard | None, now: Heard) -> str:
    """What of a turn that goes on is said to others: what two looks agree on."""
    sure = agreed(before.text, now.text) if before else ""
    text = " ".join(filter(None, [*(part.text for part in parts), sure]))
    return "" if UNCLEAR in text or not sure else text


def _result(heard: Heard) -> dict[str, float]:
    return {"confidence": round(heard.confidence, 3), "no_speech": round(heard.no_speech, 3)}


def _tag(heard: Heard) -> Language | None:
    # A model of English would call anything English: that it says so is worth nothing.
    return Language(heard.language) if heard.language in _TAGS else None


_TAGS = frozenset(str(language.value) for language in Language)


class _Turn:
    """The audio of one turn. Iterating yields all of it, by steps of `STEP_SECS`."""

    def __init__(self, rate_hz: int, pre_roll: bytes) -> None:
        self._rate_hz = rate_hz
        self._audio = bytearray(pre_roll)
        self._read = 0
        self._changed = asyncio.Event()
        self._dropped_secs = 0.0
        self.ended = False

    @property
    def secs(self) -> float:
        """How much there is, that no chunk took."""
        return pcm_secs(len(self._audio), self._rate_hz)

    @property
    def samples(self) -> Samples:
        """All there is."""
        return _samples(self._audio)

    @property
    def read(self) -> Samples:
        """What the steps have yielded of it."""
        return self.samples[: self._read // 2]

    def add(self, audio: bytes) -> None:
        if self.secs > MAX_BACKLOG_SECS:
            self._dropped_secs += pcm_secs(len(audio), self._rate_hz)
            return
        self._audio += audio
        self._changed.set()

    def end(self) -> None:
        self.ended = True
        self._changed.set()
        if self._dropped_secs:
            logger.warning(
                f"Whisper is too slow here: {self._dropped_secs:.1f} s of speech dropped"
            )

    def take_chunk(self) -> Samples:
        """Take the beginning, up to where it is quiet."""
        chunk = self.samples[: int(CHUNK_SECS * self._rate_hz)]
        end = cut(chunk, self._rate_hz)
        del self._audio[: end * 2]
        self._read = max(0, self._read - end * 2)
        return chunk[:end]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Samples:
        size = int(STEP_SECS * self._rate_hz) * 2
        while len(self._audio) < self._read + size and not self.ended:
            self._changed.clear()
            await self._changed.wait()
        step = bytes(self._audio[self._read : self._read + size])
        if not step:
            raise StopAsyncIteration
        self._read += len(step)
        return _samples(step)


def _samples(audio: bytes | bytearray) -> Samples:
    # A transport that loses a byte leaves half a sample behind.
    return np.frombuffer(bytes(audio[: len(audio) // 2 * 2]), np.int16)
