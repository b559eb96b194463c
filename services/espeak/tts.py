"""An agent's voice without a key or a network, whose words are timed one by one.

Because eSpeak says when each word sounds, the conversation holds exactly the words that a caller
heard before interrupting.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast

import numpy as np
import soxr
from pipecat.frames.frames import ErrorFrame, Frame
from pipecat.services.settings import ServiceSettings, TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.utils.types import NOT_GIVEN, NotGiven, is_given

from antiphon.core.audio import pcm_secs
from antiphon.core.pipecat_internals import Part, require
from antiphon.services.espeak.synthesizer import EspeakSynthesizer, SpeechChunk
from antiphon.services.espeak.voices import voice_for

__all__ = ["EspeakTTSService", "EspeakTTSSettings"]


@dataclass
class EspeakTTSSettings(TTSSettings):
    """Settings of `EspeakTTSService`, at construction and in a `TTSUpdateSettingsFrame`.

    Parameters:
        rate_wpm: Words per minute, 80 to 450. Default 160.
        pitch: 0 (low) to 100 (high). Default 50.
    """

    rate_wpm: int | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    pitch: int | NotGiven = field(default_factory=lambda: NOT_GIVEN)


class EspeakTTSService(TTSService):
    """Speaks with eSpeak NG: streamed PCM, word timestamps, abort on interruption.

    Synthesis runs on the one eSpeak thread of the process. The `voice` is an eSpeak voice with
    an optional variant, such as "en-us" (the default) or "de+f3". A `language` without a voice is
    spoken by eSpeak's voice for it.

    Args:
        settings: What to change of the defaults.
        **kwargs: Passed to Pipecat's `TTSService`.

    Raises:
        ImportError: If `antiphon[offline]` is not installed.
        ValueError: If a setting is out of range or the voice does not exist.
    """

    Settings = EspeakTTSSettings
    # Narrowed as in Pipecat's own services.
    _settings: EspeakTTSSettings  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, *, settings: EspeakTTSSettings | None = None, **kwargs: Any) -> None:
        require(Part.SERVICES)
        defaults = EspeakTTSSettings(
            model=None, voice="en-us", language=None, rate_wpm=160, pitch=50
        )
        if settings is not None:
            defaults.apply_update(_speaking(settings, defaults))
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=False,  # the words come one by one, at their time
            settings=defaults,
            **kwargs,
        )
        self._synthesizer = EspeakSynthesizer()
        # A bad setting fails here, not in the middle of a call.
        self._espeak_rate_hz = self._synthesizer.synthesize("", **_voice(defaults)).sample_rate_hz
        self._timelines: dict[str, _Timeline] = {}

    def can_generate_metrics(self) -> bool:
        """Whether TTFB, processing and usage metrics are reported: yes."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak a text.

        Args:
            text: What to speak.
            context_id: The audio context it belongs to.

        Yields:
            Audio frames, or an error frame if eSpeak refuses the text.
        """
        await self.start_tts_usage_metrics(text)
        timeline = self._timelines.setdefault(context_id, _Timeline(self._now_secs()))
        timeline.next_utterance(self._now_secs())
        try:
            async with aclosing(self._synthesizer.stream(text, **_voice(self._settings))) as speech:
                async for frame in self._stream_audio_frames_from_iterator(
                    self._pcm(speech, timeline, context_id), context_id=context_id
                ):
                    yield frame
        except ValueError as error:
            yield ErrorFrame(error=f"eSpeak: {error}")

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
        resampler = soxr.ResampleStream(self._espeak_rate_hz, self.sample_rate, 1, dtype="float32")

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
            # eSpeak is faster than the loop: let the other calls have their turn.
            await asyncio.sleep(0)
        yield resample(b"", last=True)

    async def _update_settings(self, delta: ServiceSettings) -> dict[str, Any]:
        # Any TTS settings will do: what they do not have counts as not given.
        delta = _speaking(cast(EspeakTTSSettings, delta), self._settings)
        wanted = self._settings.copy()
        wanted.apply_update(delta)
        try:
            await asyncio.to_thread(self._synthesizer.synthesize, "", **_voice(wanted))
        except ValueError as error:
            # A call in progress goes on with the voice it has.
            await self.push_error(f"eSpeak settings unchanged: {error}")
            return {}
        return await super()._update_settings(delta)

    def _now_secs(self) -> float:
        return self.get_clock().get_time() / 1_000_000_000


def _speaking(delta: EspeakTTSSettings, now: EspeakTTSSettings) -> EspeakTTSSettings:
    """Have a language that comes without a voice spoken by its own."""
    if not delta.language or is_given(delta.voice):
        return delta
    delta = delta.copy()
    delta.voice = voice_for(delta.language, str(now.voice))
    return delta


class _Voice(TypedDict):
    voice: str
    rate_wpm: int
    pitch: int


def _voice(settings: EspeakTTSSettings) -> _Voice:
    return cast(
        _Voice,
        {"voice": settings.voice, "rate_wpm": settings.rate_wpm, "pitch": settings.pitch},
    )


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
