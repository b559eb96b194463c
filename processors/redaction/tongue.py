"""The language that a caller speaks, as the STT tells it of each transcript.

What the caller says is looked at with its tables, and what the agent says from then on, so that one
who goes over to Spanish gives no card away. Of a language without a table every numeral is hidden,
which is said once.
"""

from collections.abc import Iterable
from typing import Protocol

from loguru import logger
from pipecat.frames.frames import TranscriptionFrame, TranslationFrame

from antiphon.core.language_tags import language_of
from antiphon.processors.redaction.core.entities import Entity, Redaction
from antiphon.processors.redaction.core.language import LANGUAGES, has_table, load_language
from antiphon.processors.redaction.core.redactor import Redactor

__all__ = ["Tongue"]

# As ISO 639 has them, and as services do.
NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx", "unk", "any"})


class _Speaker(Protocol):
    def speak(self, language: str) -> None:
        """Go over to another language."""
        ...


class Tongue:
    """Looks at what a caller says in the language that it is in.

    Args:
        core: The redactor of the call.
        others: What else goes over to another language with the caller.
        language: The language spoken; None goes over to another with the caller.
    """

    def __init__(self, core: Redactor, others: Iterable[_Speaker], *, language: str | None) -> None:
        self._core = core
        self._others = tuple(others)
        self._follows = language is None
        self._spoken = language or "en"
        self._told = False
        self._tell(self._spoken)
        for code in LANGUAGES:
            # Once per process, and not in the middle of a call.
            load_language(code)

    def heard(self, frame: TranscriptionFrame, also: Iterable[Entity] | None) -> Redaction:
        """Redact a transcript as a turn of the caller."""
        code = _code(frame) if self._follows else ""
        if code and code != self._spoken:
            self._spoken = code
            for part in (self._core, *self._others):
                part.speak(code)
            self._tell(code)
        return self._core.redact(frame.text, also=also)

    def translated(self, frame: TranslationFrame) -> Redaction:
        """Redact a translation, which is no turn."""
        code, core = _code(frame), self._core
        if has_table(code):
            return Redactor(core.policy, language=code, vault=core.vault).peek(frame.text)
        return core.growing(frame.text)

    def _tell(self, code: str) -> None:
        if not (self._told or has_table(code)):
            self._told = True
            logger.warning(f"no redaction table for language {code!r}: all its numbers are hidden")


def _code(frame: TranscriptionFrame | TranslationFrame) -> str:
    """Its ISO 639 code, "" for none ("multi")."""
    tag: object = frame.language
    if (code := language_of(tag)) or not isinstance(tag, str):
        return code
    name = tag.replace("_", "-").partition("-")[0].lower()
    # Some thousand languages have three letters, of which none here has a table.
    strange = name.isascii() and name.isalpha() and len(name) in (2, 3)
    return name if strange and name not in NO_LANGUAGE else ""
