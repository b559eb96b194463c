"""An agent's voice that sounds like a person's, in English, with no key and no network."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, cast

from pipecat.services.settings import ServiceSettings, TTSSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven, is_given

from antiphon.core.language_tags import language_of
from antiphon.services.hibari.synthesizer import SAMPLE_RATE_HZ, HibariSynthesizer, check
from antiphon.services.speech import SpeechChunk
from antiphon.services.timed_tts import TimedTTSService

__all__ = ["HibariTTSService", "HibariTTSSettings"]

VOICE = "heart"


@dataclass
class HibariTTSSettings(TTSSettings):
    """Settings of `HibariTTSService`, at construction and in a `TTSUpdateSettingsFrame`.

    Parameters:
        speed: How fast, 0.5 to 2; 1.0 is the voice's own pace, and the default.
        pitch: How high, 0.5 to 2; 1.0 is the voice's own, and the default.
    """

    speed: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    pitch: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)


class HibariTTSService(TimedTTSService):
    """Speaks with hibari: a natural voice, streamed by sentence, abort on interruption.

    Words are timed by how long the model makes their sounds. Synthesis runs on the one hibari
    thread of the process. The package has one voice, "heart", a woman's from the United States, and
    speaks English only: another language is refused.

    Args:
        settings: What to change of the defaults.
        **kwargs: Passed to Pipecat's `TTSService`.

    Raises:
        ImportError: If `antiphon[speech]` is not installed.
        WeightsError: If the installed files are not those that were read for this version.
        ValueError: If a setting is out of range, or asks for another voice or language.
    """

    ENGINE = "hibari"
    Settings = HibariTTSSettings
    # Narrowed as in Pipecat's own services.
    _settings: HibariTTSSettings  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, *, settings: HibariTTSSettings | None = None, **kwargs: Any) -> None:
        defaults = HibariTTSSettings(model=None, voice=VOICE, language=None, speed=1.0, pitch=1.0)
        if settings is not None:
            defaults.apply_update(settings)
        _refuse(defaults)
        self._synthesizer = HibariSynthesizer()
        super().__init__(engine_rate_hz=SAMPLE_RATE_HZ, settings=defaults, **kwargs)
        # To Pipecat a text without a sound is a voice that fails, and an emoji has none.
        self.add_text_transformer(_of_words)

    def synthesize(self, text: str) -> AsyncGenerator[SpeechChunk, None]:
        """Speak a text piece by piece, with the settings as they are; closing it aborts.

        Args:
            text: What to speak.
        """
        return self._synthesizer.stream(
            text,
            speed=cast(float, self._settings.speed),
            pitch=cast(float, self._settings.pitch),
        )

    async def _update_settings(self, delta: ServiceSettings) -> dict[str, Any]:
        # Any TTS settings will do: what they do not have counts as not given.
        delta = cast(HibariTTSSettings, delta)
        wanted = self._settings.copy()
        wanted.apply_update(delta)
        try:
            _refuse(wanted)
        except ValueError as error:
            # A call in progress goes on with the voice it has.
            await self.push_error(f"hibari settings unchanged: {error}")
            return {}
        return await super()._update_settings(delta)


async def _of_words(text: str, text_type: str) -> str:
    """A text, or nothing if no word is in it."""
    return text if any(char.isalnum() for char in text) else ""


def _refuse(settings: HibariTTSSettings) -> None:
    if settings.voice != VOICE:
        raise ValueError(f"hibari has no voice {settings.voice!r}: its package has {VOICE!r} alone")
    if is_given(settings.language) and settings.language and language_of(settings.language) != "en":
        raise ValueError(
            f"hibari speaks no {str(settings.language)!r}, but English; eSpeak has many languages"
        )
    check(speed=cast(float, settings.speed), pitch=cast(float, settings.pitch))
