"""An agent's voice in this process, whose words are timed one by one.

Because the engine says when each word sounds, the conversation holds exactly the words that a
caller heard before interrupting.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import soxr
from pipecat.frames.frames import ErrorFrame, Frame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from antiphon.core.audio import pcm_secs
from antiphon.core.pipecat_internals import Part, require
from antiphon.services.speech import SpeechChunk

__all__ = ["TimedTTSService"]


class TimedTTSService(TTSService):
    """Speaks what an engine synthesises: streamed PCM, word timestamps, abort on interruption.

    Args:
        engine_rate_hz: The sample rate of its speech.
        settings: All of the service's settings.
        **kwargs: Passed to Pipecat's `TTSService`.
    """

    ENGINE: ClassVar[str]
    """The engine's name, in errors."""

    def __init__(self, *, engine_rate_hz: int, settings: TTSSettings, **kwargs: Any) -> None:
        require(Part.SERVICES)
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=False,  # the words come one by one, at their time
            settings=settings,
            **kwargs,
        )
        self._engine_rate_hz = engine_rate_hz
        self._timelines: dict[str, _Timeline] = {}

    @abstractmethod
    def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak a text piece by piece, with the settings as they are; closing it aborts.

        Args:
            text: What to speak.

        Raises:
            ValueError: If the engine refuses the text.
        """

    def can_generate_metrics(self) -> bool:
        """Whether TTFB, processing and usage metrics are reported: yes."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text.

        Args:
            text: What to speak.
            context_id: The audio context it belongs to.

        Yields:
            Audio frames, or an error frame if the engine refuses the text.
        """
        await self.start_tts_usage_metrics(text)
        timeline = self._timelines.setdefault(context_id, _Timeline(self._now_secs()))
        timeline.next_utterance(self._now_secs())
        try:
            async with aclosing(self.synthesize(text)) as speech:
                async for frame in self._stream_audio_frames_from_iterator(
                    self._pcm(speech, timeline, context_id), context_id=context_id
                ):
                    yield frame
        except ValueError as error:
            yield ErrorFrame(error=f"{self.ENGINE}: {error}")

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget a context that has been played.

        Args:
            context_id: The context.
        """
        self._timelines.pop(context_id, None)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget a context that was cut off; the synthesis itself ends with its task.

        Args:
            context_id: The context.
        """
        self._timelines.pop(context_id, None)

    async def _pcm(
        self, speech: AsyncIterator[SpeechChunk], timeline: "_Timeline", context_id: str
    ) -> AsyncGenerator[bytes, None]:
        # One for each utterance: Pipecat's own keeps the last milliseconds of one for the next,
        # or drops them. Floats, because libsoxr dithers integers with a seed that nobody set.
        resampler = soxr.ResampleStream(self._engine_rate_hz, self.sample_rate, 1, dtype="float32")

        def resample(pcm: bytes, *, last: bool = False) -> bytes:
            samples = np.frombuffer(pcm, "<i2").astype(np.float32)
            samples = resampler.resample_chunk(samples, last=last)
            return bytes(np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes())

        async for chunk in speech:
            if chunk.pcm:
                timeline.length_secs += pcm_secs(len(chunk.pcm), chunk.sample_rate_hz)
                yield resample(chunk.pcm)
            words = [(word.text, timeline.offset_secs + word.start_secs) for word in chunk.words]
            await self.add_word_timestamps(words, context_id)
            # The engine is faster than the loop: let the other calls have their turn.
            await asyncio.sleep(0)
        yield resample(b"", last=True)

    def _now_secs(self) -> float:
        return self.get_clock().get_time() / 1_000_000_000


@dataclass
class _Timeline:
    """Where the utterances of one audio context lie, in seconds from its first audio.

    An utterance follows the one before it, or begins when it was asked for if that is later.
    """

    since_secs: float
    offset_secs: float = 0.0
    length_secs: float = 0.0

    def next_utterance(self, now_secs: float) -> None:
        self.offset_secs = max(self.offset_secs + self.length_secs, now_secs - self.since_secs)
        self.length_secs = 0.0
