"""Tells who comes behind it which language the caller speaks, by Pipecat's own means."""

from collections.abc import Mapping, Sequence
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    EagerTranscriptionFrame,
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.transcriptions.language import Language

from antiphon.core.language_tags import CODES, language_of
from antiphon.core.road import Place
from antiphon.processors.language.tracker import LanguageTracker
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["LanguageFollower"]


class LanguageFollower(SafeProcessor):
    """Puts the language of what a caller says on it, and has the voice go over to it.

    Stands behind the STT service. Each transcript leaves it with the language that it is in, which
    `PIIRedactor` and `Interruption` go by, whatever the STT service told. When the caller goes over
    to another language, a `TTSUpdateSettingsFrame` says so, which `SentenceAggregator` and the TTS
    service go by. One foreign name is no such thing.

    Event handlers available:

    - on_language(follower, code): the caller went over to another language
    """

    belongs = Place(
        behind="STTService",
        before="LLMUserAggregator",
        otherwise="there no transcript passes, and nobody learns the caller's language",
    )

    def __init__(
        self,
        *,
        languages: Sequence[str] = (),
        voices: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Create the processor.

        Args:
            languages: What the agent speaks, as BCP 47 codes; the call begins in the first, and
                goes over to no other. By default whatever the caller speaks.
            voices: By language, the TTS vendor's id of the voice for it, where one voice does not
                speak all.
            **kwargs: Passed to `FrameProcessor`.

        Raises:
            TypeError: If `languages` is no list of codes.
            ValueError: If a code is that of no language, or there is a voice for one that is not
                among the languages.
        """
        super().__init__(**kwargs)
        if isinstance(languages, str) or not isinstance(languages, Sequence):
            raise TypeError(f"languages={languages!r}: give a list of codes, such as ['en', 'es']")
        self._tags: dict[str, str] = {}
        for tag in languages:
            self._tags.setdefault(_known(tag), tag)
        self._voices = {_known(tag): voice for tag, voice in (voices or {}).items()}
        for code in self._voices:
            if self._tags and code not in self._tags:
                raise ValueError(f"voices has {code!r}, which is not among {list(languages)}")
        self._tracker = LanguageTracker(tuple(self._tags))
        self._register_event_handler("on_language", sync=True)

    @property
    def language(self) -> str:
        """What the call is held in, as an ISO 639-1 code; "" as long as nothing has told."""
        return self._tracker.settled

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Put the language on a transcript, and announce it when it is another."""
        if direction is FrameDirection.DOWNSTREAM:
            match frame:
                case TranscriptionFrame() | EagerTranscriptionFrame():
                    # A prediction may come again, so only what is sure counts of it.
                    predicted = isinstance(frame, EagerTranscriptionFrame)
                    heard = self._tracker.hear(frame.text, frame.language, predicted=predicted)
                    if heard.switched:
                        await self._announce(heard.settled)
                    _put(frame, heard.spoken)
                case InterimTranscriptionFrame():
                    _put(frame, self._tracker.read(frame.text, frame.language))
        await self.push_frame(frame, direction)

    async def _announce(self, code: str) -> None:
        logger.debug(f"{self}: the caller speaks {code}")
        delta = TTSSettings(language=self._tags.get(code, code))
        if voice := self._voices.get(code):
            delta.voice = voice
        await self._call_event_handler("on_language", code)
        await self.push_frame(TTSUpdateSettingsFrame(delta=delta))


def _known(tag: str) -> str:
    if code := language_of(tag):
        return code
    raise ValueError(f"{tag!r} is no language: give a code such as 'en' or 'pt-BR'")


def _put(
    frame: TranscriptionFrame | InterimTranscriptionFrame | EagerTranscriptionFrame, code: str
) -> None:
    """Put a language on a transcript, but for a region that is known better."""
    if code != language_of(frame.language) or not isinstance(frame.language, Language):
        frame.language = Language(code) if code in _PIPECATS else None


_PIPECATS = frozenset(str(language.value) for language in Language) & CODES
