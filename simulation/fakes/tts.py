"""A text-to-speech service that babbles in the time that the words would take."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from antiphon.simulation.fakes.behaviour import Failure, Latency
from antiphon.simulation.lines.babble import speech_pcm

__all__ = ["FakeTTS"]

_CHUNK_SECS = 0.1


class FakeTTS(TTSService):
    """Speaks each sentence as a synthetic voice without words, with word timestamps or without."""

    def __init__(
        self,
        *,
        latency: Latency | None = None,
        words_per_second: float = 2.7,
        rtf: float = 0.1,
        word_timestamps: bool = True,
        failures: Mapping[int, Failure] | None = None,
        sample_rate_hz: int | None = None,
    ) -> None:
        """Create the service.

        Args:
            latency: From the request to the first audio; 0.1 s by default.
            words_per_second: The pace of the voice.
            rtf: Real-time factor: seconds that a second of audio takes to arrive.
            word_timestamps: Tell when each word is heard, as Cartesia and ElevenLabs do.
            failures: Which requests fail, counted from 0.
            sample_rate_hz: Sample rate in Hz; by default the pipeline's.
        """
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=not word_timestamps,
            sample_rate=sample_rate_hz,
            settings=TTSSettings(model="fake-tts", voice="babble", language=None),
        )
        self._script_latency = latency or Latency(median=0.1)
        self._words_per_second = words_per_second
        self._rtf = rtf
        self._tells_words = word_timestamps
        self._failures = dict(failures or {})
        self._requests = 0
        self._spoken_secs: dict[str, float] = {}

    def can_generate_metrics(self) -> bool:
        """Say that metrics are measured."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak one text.

        Args:
            text: The words.
            context_id: The audio context that they belong to.

        Yields:
            Audio frames of 0.1 s, or an error on cue.
        """
        failure = self._failures.get(self._requests)
        self._requests += 1
        await self.start_tts_usage_metrics(text)
        await asyncio.sleep(self._script_latency.draw())
        words = text.split()
        rate = self.sample_rate
        pcm = speech_pcm(len(words) / self._words_per_second, sample_rate_hz=rate)
        size = 2 * round(_CHUNK_SECS * rate)
        chunks = [pcm[start : start + size] for start in range(0, len(pcm), size)]
        if failure:
            chunks = chunks[: failure.after]
        for count, chunk in enumerate(chunks):
            if count == 0:
                await self.stop_ttfb_metrics()
                await self.start_word_timestamps()
                if self._tells_words:
                    await self._tell_words(words, context_id)
            yield TTSAudioRawFrame(chunk, rate, 1, context_id=context_id)
            await asyncio.sleep(_CHUNK_SECS * self._rtf)
        if failure and failure.stall:
            await asyncio.Event().wait()
        elif failure:
            await self.push_error(failure.message, category=failure.category)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Time what the context says from now on from its next audio.

        Args:
            context_id: The context whose audio has ended.
        """
        self._spoken_secs.pop(context_id, None)
        await super().on_audio_context_completed(context_id)

    async def _tell_words(self, words: list[str], context_id: str) -> None:
        """Tell the times of a sentence, counted from the first audio of its context."""
        start = self._spoken_secs.get(context_id, 0.0)
        each = 1 / self._words_per_second
        # Only the context of the present turn is ever asked for again.
        self._spoken_secs = {context_id: start + len(words) * each}
        await self.add_word_timestamps(
            [(word, start + i * each) for i, word in enumerate(words)], context_id
        )
