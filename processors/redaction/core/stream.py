"""Redaction of text that comes in pieces: an LLM's output on its way to the TTS.

Holds back only the tail that may still become an entity: ordinary words leave as soon as the next
begins, a number once something follows that cannot be part of it. Detection always sees the raw
text, a stretch of what has already left included, so that a number cut in two is still one number.
"""

from collections.abc import Iterable

from antiphon.processors.redaction.core.entities import Entity, splice
from antiphon.processors.redaction.core.fallback import mask_numbers
from antiphon.processors.redaction.core.language import Language, load_language
from antiphon.processors.redaction.core.policy import Policy
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.units import Unit, UnitKind, scan
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.detectors import DETECTORS, Detector

__all__ = ["StreamRedactor"]

# Raw characters kept of what has left, for cues and for numbers longer than what may be held.
CONTEXT_CHARS = 200
# The longest tail held: an IBAN said digit by digit in NATO words and fillers is below this.
MOST_HELD = 400
NUMERIC = frozenset(
    {UnitKind.DIGITS, UnitKind.LETTERS, UnitKind.CARDINAL, UnitKind.ORDINAL, UnitKind.MONTH}
)
MOST_SKIPPED = 6
CONNECTORS = frozenset("._-@+")
ENDS_A_WORD = frozenset(",;!?")
MOST_DOMAIN_UNITS = 12


class StreamRedactor:
    """Redacts one stream of text.

    Args:
        policy: What the model may read; by default nothing personal, as in the record.
        language: The language written: "en", "es", "fr" or "de".
        vault: Where placeholders' values are kept; by default one of its own.
        detectors: What to look with; see `detectors.DETECTORS`.

    Attributes:
        noticed: How often something personal has left, hidden or not.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        language: str = "en",
        vault: Vault | None = None,
        detectors: Iterable[Detector] = DETECTORS,
    ) -> None:
        self.redactor = Redactor(policy, language=language, vault=vault, detectors=detectors)
        self.noticed = 0
        self._language = load_language(language)
        self._raw = ""
        self._left = 0

    def feed(self, text: str) -> str:
        """Take the next piece.

        Returns:
            What may leave now; often "".
        """
        self._raw += text
        safe = _held_from(self._raw, self._left, self._language)
        if len(self._raw) - safe > MOST_HELD:
            safe = len(self._raw)
        return self._release(safe) if safe > self._left else ""

    def flush(self) -> str:
        """The text has ended: what is left of it."""
        last = self._release(len(self._raw))
        self.clear()
        return last

    def settle(self) -> str:
        """A pause: what is held leaves, unless it is a number, which may go on."""
        held = self._raw[self._left :]
        if mask_numbers(held, self._language, fewest=1):
            return ""
        return self._release(len(self._raw))

    def clear(self) -> None:
        """Forget what is held and what was seen, as after an interruption."""
        self._raw, self._left = "", 0

    def _release(self, safe: int) -> str:
        found = self.redactor.find(self._raw)
        entities = [entity for entity in found if self.redactor.hides(entity)]
        for entity in entities:
            if entity.start < safe < entity.end and len(self._raw) - entity.start <= MOST_HELD:
                safe = entity.start
                break
        self.noticed += sum(e.start < safe and e.end > self._left for e in found)
        leaving = [e for e in entities if e.end > self._left and e.start < safe]
        text = splice(self._raw[:safe], leaving, self._replace, self._left)
        self._left = max(self._left, safe)
        cut = max(0, self._left - CONTEXT_CHARS)
        self._raw, self._left = self._raw[cut:], self._left - cut
        return text

    def _replace(self, entity: Entity) -> str:
        if entity.start < self._left:
            # What stands for it has left.
            return ""
        self.redactor.counts[entity.type] += 1
        return self.redactor.replacement(entity)


def _held_from(raw: str, left: int, language: Language) -> int:
    """The index from which on the text may still become part of an entity."""
    last = raw[-1]
    held = len(raw)
    partial = ""
    if not last.isspace() and last not in ENDS_A_WORD:
        while held > left and not raw[held - 1].isspace():
            held -= 1
        partial = raw[held:]
    if partial and not _may_go_on(partial, language):
        return held
    # What has not left is never much longer than MOST_HELD, so the cost of a piece is bounded.
    units = scan(raw[left:held], language).units
    return min(held, left + _tail(units, held - left, partial, language))


def _tail(units: list[Unit], end: int, partial: str, language: Language) -> int:
    held, skipped = end, 0
    index = _address(units, language)
    if index < len(units):
        held = units[index].start
    index = min(index, len(units)) - 1
    while index >= 0:
        unit = units[index]
        following = units[index + 1] if index + 1 < len(units) else None
        if unit.kind in NUMERIC:
            held, skipped = unit.start, 0
        elif unit.kind is UnitKind.WORD:
            joined = following is not None and _connects(unit, following)
            waits = following is None and unit.value not in language.common and partial in _AT
            if not joined and not waits:
                break
            held = unit.start
        elif unit.kind is UnitKind.SYMBOL and (unit.spoken or following is None):
            if unit.value in ENDS_A_WORD and following is None:
                skipped += 1
            else:
                held = unit.start
        else:
            skipped += 1
            if skipped > MOST_SKIPPED or (unit.kind is UnitKind.SYMBOL and unit.value in "!?;"):
                break
        index -= 1
    return held


_AT = frozenset(
    {"", "a", "at", "d", "do", "dot", "u", "un", "p", "pl", "h", "hy", "m", "mi", "das"}
)


def _address(units: list[Unit], language: Language) -> int:
    """The unit at which a spoken address begins whose domain may still be coming; else the end."""
    for index in range(len(units) - 1, max(-1, len(units) - MOST_DOMAIN_UNITS), -1):
        unit = units[index]
        if unit.kind is UnitKind.SYMBOL and unit.value == "@":
            return max(0, index - 1)
        plain = unit.kind is UnitKind.WORD and unit.value in language.common
        if plain or unit.kind is UnitKind.CARDINAL:
            break
    return len(units)


def _connects(unit: Unit, following: Unit) -> bool:
    """Whether a word is joined to the next unit by a sign of an address."""
    if following.kind is not UnitKind.SYMBOL or following.value not in CONNECTORS:
        return False
    return following.spoken or following.start == unit.end


def _may_go_on(partial: str, language: Language) -> bool:
    """Whether a word that is still being written may continue a number before it."""
    if len(partial) == 1 or not partial.isalpha() or (partial.isupper() and len(partial) <= 5):
        return True
    return partial.lower() in language.prefixes
