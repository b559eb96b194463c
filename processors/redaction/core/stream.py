"""Redaction of text that comes in pieces: an LLM's output on its way to the TTS.

Holds back only the tail that may still become part of something: ordinary words leave as soon as
the next begins, what follows a number, a name or a cue for one once enough ordinary words have
come. Detection always sees the raw text, a stretch of what has already left included, so that
whatever the pieces, what leaves is what `Redactor` makes of the whole.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from antiphon.processors.redaction.core.cues import find_cues
from antiphon.processors.redaction.core.entities import Entity, splice
from antiphon.processors.redaction.core.fallback import mask_numbers
from antiphon.processors.redaction.core.language import Language
from antiphon.processors.redaction.core.policy import Policy
from antiphon.processors.redaction.core.redactor import Redactor
from antiphon.processors.redaction.core.scripts import is_cjk
from antiphon.processors.redaction.core.units import JOINTS, Scan, Unit, UnitKind, scan
from antiphon.processors.redaction.core.vault import Vault
from antiphon.processors.redaction.detectors import DETECTORS, Detector

__all__ = ["StreamRedactor"]

# Raw characters kept of what has left, for cues and for numbers longer than what may be held.
CONTEXT_CHARS = 240
# The longest tail held: an IBAN said digit by digit in NATO words and fillers is below this.
MOST_HELD = 400
# Words before what is held that may be a cue for it.
WORDS_OF_A_CUE = 8
ENDS_A_WORD = frozenset(",;!?")
OPENS_A_NUMBER = frozenset("+([")
LOOSE = frozenset({UnitKind.LETTERS, UnitKind.FILLER, UnitKind.SYMBOL})
ENDS_A_SENTENCE = frozenset(".!?")
CONNECTORS = frozenset("._-@+/")
# Words that may turn out to be numbers are looked for among so many; in Chinese and Japanese each
# is a character.
MOST_PERHAPS = 10
# How many ordinary words come after something before it is over: a street after its number, a
# telephone's "office" or an order's "number" after its digits, a name after "this is".
AFTER_NUMBER = 5
AFTER_CUE = 8
AFTER_SIGN = 1
SPELLED = frozenset({UnitKind.DIGITS, UnitKind.LETTERS})
NUMERIC = frozenset({UnitKind.DIGITS, UnitKind.CARDINAL})
DATED = frozenset({UnitKind.ORDINAL, UnitKind.MONTH})
OPENING = frozenset({
    "EMAIL_ADDRESS", "PERSON", "STREET_ADDRESS", "DATE_OF_BIRTH", "CARD_EXPIRY", "PASSWORD",
})  # fmt: skip


class StreamRedactor:
    """Redacts one stream of text.

    Args:
        policy: What the model may read; by default nothing personal, as in the record.
        language: The language written, an ISO 639 code.
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
        self._raw = ""
        self._left = 0
        # The first character of what the last tag stands for.
        self._tagged = -1

    def speak(self, language: str) -> None:
        """Go over to another language."""
        self.redactor.speak(language)

    def feed(self, text: str) -> str:
        """Take the next piece.

        Returns:
            What may leave now; often "".
        """
        if not text:
            return ""
        self._raw += text
        safe = _held_from(self._raw, self._left, self.redactor.language)
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
        if mask_numbers(held, self.redactor.language, fewest=1):
            return ""
        return self._release(len(self._raw))

    def clear(self) -> None:
        """Forget what is held and what was seen, as after an interruption."""
        self._raw, self._left, self._tagged = "", 0, -1

    def _release(self, safe: int) -> str:
        found = self.redactor.find(self._raw)
        entities = [entity for entity in found if self.redactor.hides(entity)]
        for entity in entities:
            if entity.start < safe < entity.end and len(self._raw) - entity.start <= MOST_HELD:
                safe = max(entity.start, self._left)
                break
        if safe == self._left:
            return ""
        self.noticed += sum(e.start < safe and e.end > self._left for e in found)
        leaving = [e for e in entities if e.end > self._left and e.start < safe]
        text = splice(self._raw[:safe], leaving, self._replace, self._left)
        self._left = max(self._left, safe)
        self._forget()
        return text

    def _forget(self) -> None:
        """Of what has left, keep the last words."""
        cut = self._left - CONTEXT_CHARS
        if cut <= 0:
            return
        while cut < self._left and not self._raw[cut - 1].isspace():
            cut += 1
        self._raw, self._left = self._raw[cut:], self._left - cut
        self._tagged -= cut

    def _replace(self, entity: Entity) -> str:
        if entity.start < self._left and entity.start <= self._tagged:
            # What stands for it has left.
            return ""
        self._tagged = max(entity.start, self._left)
        self.redactor.counts[entity.type] += 1
        return self.redactor.replacement(entity)


def _held_from(raw: str, left: int, language: Language) -> int:
    """The index from which on the text may still become part of an entity."""
    edge = len(raw)
    if not raw[-1].isspace() and raw[-1] not in ENDS_A_WORD:
        while edge > left and not raw[edge - 1].isspace() and not is_cjk(raw[edge - 1]):
            edge -= 1
    partial = raw[edge:]
    begin = _words_back(raw, left)
    scanned = scan(raw[begin:], language)
    joins = not partial or _may_go_on(partial, language)
    held = _zone(scanned, edge - begin, language, joins=joins)
    held = min(held, _named_from(scanned, edge - begin, language))
    held = min(held, _perhaps_from(scanned, edge - begin, language))
    whole = [unit for unit in scanned.units if unit.start < edge - begin]
    if whole and joins:
        held = min(held, _loose(whole, partial, edge - begin, language))
    return max(left, min(edge, begin + held))


def _words_back(raw: str, left: int) -> int:
    """Where the words begin that may be a cue for what is held."""
    begin, words = left, 0
    while begin > 0 and words < WORDS_OF_A_CUE:
        begin -= 1
        words += raw[begin].isspace()
    return begin


def _zone(scanned: Scan, edge: int, language: Language, *, joins: bool) -> int:
    """Where something begins that is not over yet; else the end.

    Args:
        scanned: The text.
        edge: Where the word begins that is still being written.
        language: Its language.
        joins: Whether that word may turn out to be a part of something.
    """
    units, start, budget, dated = scanned.units, -1, 0, False
    cues = list(_openings(scanned, language))
    for index, unit in enumerate(units):
        while cues and cues[0] <= unit.start:
            cues.pop(0)
            budget, dated = AFTER_CUE, False
            start = unit.start if start < 0 else start
        more = _budget(unit)
        spells = unit.kind is UnitKind.LETTERS and index and units[index - 1].kind in SPELLED
        if not more and start >= 0 and (spells or unit.value in language.street_words):
            more = AFTER_NUMBER
        if more:
            dated = unit.kind in DATED and (dated or start < 0)
            budget = max(budget, more)
            start = _first(units, index, language) if start < 0 else start
        elif start >= 0 and unit.end <= edge:
            budget -= _cost(unit, language)
            if budget < 0 or (dated and _undated(unit, language)):
                start, budget, dated = -1, 0, False
    over = start < 0 or (budget == 0 and not joins)
    return len(scanned.text) if over else start


def _openings(scanned: Scan, language: Language) -> Iterator[int]:
    """Where cues and introductions end that any words may follow."""
    words = [w if w != "’" else "'" for w in scanned.words]
    cues = [c for c in find_cues(scanned, language) if c.type in OPENING]
    ends = {scanned.ends[cue.last - 1] for cue in cues}
    plain = [i for i, word in enumerate(words) if word != "'"]
    said = [words[i] for i in plain]
    for at, index in enumerate(plain):
        if words[index] in language.titles:
            ends.add(scanned.ends[index])
        elif said[at] in language.name_introductions.by_first:
            found = language.name_introductions.at(said, at)
            if found:
                ends.add(scanned.ends[plain[at + found[0] - 1]])
    yield from sorted(ends)


def _perhaps_from(scanned: Scan, edge: int, language: Language) -> int:
    """Where the last words begin that are numbers if a number follows; else the edge."""
    words, starts = scanned.words, scanned.starts
    first = last = bisect_left(starts, edge)
    for index in range(last - 1, max(-1, last - MOST_PERHAPS), -1):
        word = words[index]
        # Of a number in kana a character tells nothing.
        if word in language.loose or is_cjk(word):
            first = index
        elif word not in language.phrases.by_first and word not in JOINTS:
            break
    return starts[first] if first < last else edge


def _named_from(scanned: Scan, edge: int, language: Language) -> int:
    """Where a name or an address may begin of which more text decides; else the end."""
    tagger = language.tagger
    if tagger is None:
        return len(scanned.text)
    count = bisect_left(scanned.starts, edge)
    words, starts = scanned.words[:count], scanned.starts[:count]
    return tagger.open_from(scanned.text[:edge], words, starts)


def _budget(unit: Unit) -> int:
    """How many ordinary words a unit may still be joined by; 0 if it is ordinary itself."""
    if unit.kind in NUMERIC or unit.kind in DATED:
        return AFTER_NUMBER
    if unit.kind is UnitKind.LETTERS:
        return AFTER_NUMBER if unit.sure else 0
    if unit.kind is UnitKind.SYMBOL:
        sign = unit.value == "@" or (unit.spoken and unit.value in CONNECTORS)
        return AFTER_SIGN if sign else 0
    return 0


def _cost(unit: Unit, language: Language) -> int:
    """How much a unit says that what was before it is over: most if no street is called so."""
    if unit.kind is UnitKind.SYMBOL:
        return int(unit.value in ENDS_A_SENTENCE)
    if unit.kind is UnitKind.LETTERS:
        return int(unit.end - unit.start == 1)
    return 2 if unit.kind is UnitKind.WORD and unit.value in language.common else 1


def _undated(unit: Unit, language: Language) -> bool:
    """Whether a word ends a date that no cue has announced."""
    return unit.kind is UnitKind.WORD and unit.value not in language.lead_ins


def _first(units: list[Unit], index: int, language: Language) -> int:
    """Where what a unit belongs to begins: letters that may be words, the word it is joined to."""
    unit, first = units[index], index
    while first > 0:
        before = units[first - 1]
        soft = before.kind is UnitKind.LETTERS or before.kind is UnitKind.FILLER
        sign = before.kind is UnitKind.SYMBOL and before.value not in ENDS_A_WORD
        word = before.kind is UnitKind.WORD and unit.kind is not UnitKind.WORD
        word = word and (unit.kind is UnitKind.SYMBOL or before.value not in language.common)
        if word or not (soft or sign):
            first -= word
            break
        first -= 1
    return units[first].start


def _loose(units: list[Unit], partial: str, edge: int, language: Language) -> int:
    """Where the last words begin that what comes next may be joined to; else the edge."""
    last = units[-1]
    if last.kind is UnitKind.WORD:
        joins = last.value not in language.common or partial in ("a", "at")
        return last.start if joins else edge
    first, index = edge, len(units) - 1
    while index >= 0 and units[index].kind in LOOSE:
        unit = units[index]
        if unit.kind is UnitKind.LETTERS or unit.value in OPENS_A_NUMBER:
            first = unit.start
        index -= 1
    return first


def _may_go_on(partial: str, language: Language) -> bool:
    """Whether a word that is still being written may continue what is before it."""
    if len(partial) == 1 or not partial.isalpha() or (partial.isupper() and len(partial) <= 5):
        return True
    return partial.lower() in language.prefixes
