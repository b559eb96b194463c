"""An agent's voice from eSpeak NG: any of its languages, small, and plainly a machine's."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast

from pipecat.services.settings import ServiceSettings, TTSSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven, is_given

from antiphon.services.espeak.synthesizer import EspeakSynthesizer
from antiphon.services.espeak.voices import voice_for
from antiphon.services.speech import SpeechChunk
from antiphon.services.timed_tts import TimedTTSService

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


class EspeakTTSService(TimedTTSService):
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

    ENGINE = "eSpeak"
    Settings = EspeakTTSSettings
    # Narrowed as in Pipecat's own services.
    _settings: EspeakTTSSettings  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, *, settings: EspeakTTSSettings | None = None, **kwargs: Any) -> None:
        defaults = EspeakTTSSettings(
            model=None, voice="en-us", language=None, rate_wpm=160, pitch=50
        )
        if settings is not None:
            defaults.apply_update(_speaking(settings, defaults))
        self._synthesizer = EspeakSynthesizer()
        # A bad setting fails here, not in the middle of a call.
        rate_hz = self._synthesizer.synthesize("", **_voice(defaults)).sample_rate_hz
        super().__init__(engine_rate_hz=rate_hz, settings=defaults, **kwargs)

    def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak a text piece by piece, with the settings as they are; closing it aborts.

        Args:
            text: What to speak.
        """
        return self._synthesizer.stream(text, **_voice(self._settings))

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
