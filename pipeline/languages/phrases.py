"""What an agent says of its own accord, in the language of the call."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from pipecat.frames.frames import Frame, TTSSpeakFrame, TTSUpdateSettingsFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.types import is_given

from antiphon.core.language_tags import language_of
from antiphon.core.road import Place
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["OwnPhrases", "apology_in", "name_of", "spoken_languages"]

Phrases = Mapping[str, Mapping[str, str]]
"""By language, by a text that the agent says in its first language, the same in that one."""


class OwnPhrases(SafeProcessor):
    """Says fillers, questions and goodbyes in the language that the voice was last told of.

    What there is no translation of is said as it is.
    """

    belongs = Place(before="TTSService", otherwise="there it says nothing in another language")

    def __init__(self, *, language: str, phrases: Phrases) -> None:
        """Create the processor.

        Args:
            language: In which the call begins.
            phrases: An agent's own; ours stand behind them.
        """
        super().__init__(enable_direct_mode=True)
        self._language = language
        self._phrases = phrases

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow the voice's language, and put what is to be said into it."""
        match frame:
            case TTSUpdateSettingsFrame(delta=delta) if delta and is_given(delta.language):
                self._language = language_of(delta.language) or self._language
            case TTSSpeakFrame():
                frame.text = self._say(frame.text)
        await self.push_frame(frame, direction)

    def _say(self, text: str) -> str:
        own = self._phrases.get(self._language, {})
        return own.get(text) or _table().get(text, {}).get(self._language, text)


def spoken_languages() -> tuple[str, ...]:
    """Return the languages in which an agent has something to say, as ISO 639-1 codes."""
    return tuple(_table()["names"])


def name_of(language: str) -> str:
    """Return the name of one of them in English."""
    return _table()["names"][language]


def apology_in(language: str) -> Path | None:
    """Return the recording that asks a caller to say it again, where the voice may be stuck.

    Args:
        language: An ISO 639-1 code.
    """
    recording = Path(__file__).with_name(f"apology.{language}.wav")
    return recording if recording.exists() else None


@cache
def _table() -> Phrases:
    text = (
        resources.files("antiphon.pipeline.languages").joinpath("phrases.toml").read_text("utf-8")
    )
    return tomllib.loads(text)
