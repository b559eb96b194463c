"""The language that a caller speaks, as the STT tells it of each transcript.

What the caller says is looked at with its tables, so that one who goes over to Spanish gives no
card away. Of a language without a table every digit is hidden, which is said once.
"""

from collections.abc import Iterable

from loguru import logger
from pipecat.frames.frames import TranscriptionFrame, TranslationFrame

from antiphon.processors.redaction.core.entities import Entity, Redaction
from antiphon.processors.redaction.core.fallback import without_numerals
from antiphon.processors.redaction.core.language import LANGUAGES
from antiphon.processors.redaction.core.redactor import Redactor

__all__ = ["Tongue"]


class Tongue:
    """Looks at what a caller says in the language that it is in.

    Args:
        core: The redactor of the call.
        follows: Whether it goes over to another language with the caller.
    """

    def __init__(self, core: Redactor, *, follows: bool) -> None:
        self._core = core
        self._follows = follows
        self._told = False

    def heard(self, frame: TranscriptionFrame, also: Iterable[Entity] | None) -> Redaction:
        """Redact a transcript as a turn of the caller."""
        code = _code(frame) if self._follows else ""
        if code in LANGUAGES and code != self._core.language.code:
            self._core.speak(code)
        found = self._core.redact(frame.text, also=also)
        return found if not code or code in LANGUAGES else self._masked(found, code)

    def translated(self, frame: TranslationFrame) -> Redaction:
        """Redact a translation, which is no turn."""
        code, core = _code(frame), self._core
        if code in LANGUAGES:
            return Redactor(core.policy, language=code, vault=core.vault).peek(frame.text)
        return core.growing(frame.text)

    def _masked(self, found: Redaction, code: str) -> Redaction:
        if not self._told:
            self._told = True
            logger.warning(f"no redaction table for language {code!r}: all its numbers are hidden")
        language = self._core.language
        return found._replace(
            text=without_numerals(found.text, language),
            record=without_numerals(found.record, language),
        )


def _code(frame: TranscriptionFrame | TranslationFrame) -> str:
    """Its ISO 639-1 code, "" for none ("multi")."""
    code = str(frame.language or "").replace("_", "-").split("-")[0].lower()
    return code if len(code) == 2 else ""
