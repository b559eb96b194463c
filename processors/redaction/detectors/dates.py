"""Dates of birth and card expiry dates: a date is nobody's secret until a cue says whose."""

from collections.abc import Iterator
from itertools import pairwise

from antiphon.processors.redaction.core.entities import CONTEXTUAL, PLAIN, Entity
from antiphon.processors.redaction.core.parted import month_and_year
from antiphon.processors.redaction.core.policy import HIDDEN
from antiphon.processors.redaction.core.units import Unit, UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

BIRTH = "DATE_OF_BIRTH"
EXPIRY = "CARD_EXPIRY"
PARTS = frozenset(
    {UnitKind.DIGITS, UnitKind.ORDINAL, UnitKind.MONTH, UnitKind.CARDINAL, UnitKind.LETTERS}
)
MOST_UNITS = 24
# More are a card, whatever was asked for.
MOST_DIGITS = 12
CARDS = (15, 16)
# The words that may stand between the cue and the date, or inside it.
MOST_WORDS_BEFORE = 6
# Where it was stands after one: "am 3. Mai in Bad Tölz geboren", "3日に東京で生まれました".
WHERE = frozenset({"in", "に", "在", "于", "於"})
# Between the numbers of a date, and behind the last.
CALENDAR = frozenset("年月日号號")
OF = frozenset({"the", "of", "in", "on", "de", "del", "le", "la", "der", "am"})


def detect(view: View) -> Iterator[Entity]:
    """What follows a cue for one, or answers a question for one."""
    if len(view.expected) > 1:
        # Figures that are no date, but what is left of what was asked for.
        yield from view.by_context(EXPIRY, view.segments, 3)
    yield from _glued(view)
    used = False
    for cue in view.cues:
        if cue.type in (BIRTH, EXPIRY):
            found = _after(view, view.scan.ends[cue.last - 1], cue.type, "cue")
            found = found or _before(view, view.scan.starts[cue.token], cue.type)
            if found:
                used = True
                yield found
    if not used and (follows := _beside_a_card(view)):
        used = True
        yield follows
    if used:
        return
    for kind in (BIRTH, EXPIRY):
        if kind in view.expected:
            before = view.expected[: view.expected.index(kind)]
            found = _after(view, _due(view, before), kind, "asked")
            named = any(view.is_month(unit) for unit in view.scan.units)
            if not (named or HIDDEN.isdisjoint(before)):
                continue  # digits are of what is due before it
            if found and (view.bare or CONTEXTUAL.issuperset(before)):
                yield found


def _glued(view: View) -> Iterator[Entity]:
    """Figures right behind a whole card: "4539148803436467 09 27"; those of an Amex are a code."""
    if "CVV" in view.expected and EXPIRY not in view.expected:
        return
    for before, segment in pairwise(view.segments):
        behind = segment.start in view.parted and len(before) in CARDS
        if behind and month_and_year(segment.digits) and len(segment) > 3:
            yield Entity(segment.start, segment.end, EXPIRY, 0.93, "format", segment.digits)


def _beside_a_card(view: View) -> Entity | None:
    """A month that comes soon after a whole card: "4539 1488 0343 6467, september 28"."""
    end = _card_end(view)
    if end is None:
        return None
    first = view.unit_index(end)
    for unit in view.scan.units[first : first + MOST_WORDS_BEFORE]:
        if view.is_month(unit):
            return _after(view, unit.start, EXPIRY, "cue")
    return None


def _card_end(view: View) -> int | None:
    return next((s.end for s in view.segments if len(s) in CARDS), None)


def _due(view: View, before: tuple[str, ...]) -> int:
    """Where the answer begins, behind the plain number that was asked for before it."""
    if PLAIN not in before or len(view.segments) < 2:
        return 0
    return view.segments[0].end


def _after(view: View, char: int, kind: str, why: str) -> Entity | None:
    """The first date that begins within a few words of a place in the text."""
    units = view.scan.units
    index = view.unit_index(char)
    words = 0
    while index < len(units) and not _part(units[index]):
        words += units[index].kind is UnitKind.WORD
        if why == "cue" and words > MOST_WORDS_BEFORE:
            return None
        index += 1
    if why == "asked" and view.dates:
        index = max(index, view.unit_index(min(view.dates)))
    first = index
    last = -1
    inside = view.language.lead_ins
    two = len(view.expected) > 1 or _card_end(view) is not None
    while index < len(units) and index - first < MOST_UNITS:
        unit = units[index]
        if _part(unit) and (last < 0 or unit.start not in view.parted):
            last = index
        elif _part(unit):
            break
        elif two and last > first and _joins(view, unit):
            # "march fourth eighty four and 6789" answers two questions.
            if found := _dated(view, units[first : last + 1], kind, why):
                return found
        elif _ends(unit, inside):
            break
        index += 1
    return _dated(view, units[first : last + 1], kind, why) if last >= 0 else None


def _before(view: View, char: int, kind: str) -> Entity | None:
    """The date that ends a few words before a place: "the third of may is my birthday"."""
    units, inside = view.scan.units, view.language.lead_ins
    index = view.unit_index(char) - 1
    words, strange = 0, False
    while index >= 0 and not _part(units[index]):
        words += 1
        strange = strange or units[index].value not in inside | OF
        if words > MOST_WORDS_BEFORE or units[index].kind is UnitKind.SYMBOL:
            return None
        index -= 1
    if strange and not (kind == BIRTH and units[index + 1].value in WHERE):
        return None
    last = first = index
    while index >= 0 and last - index < MOST_UNITS:
        if _part(units[index]):
            first = index
        elif _ends(units[index], frozenset()):
            break
        index -= 1
    return _dated(view, units[first : last + 1], kind, "cue") if last >= 0 else None


def _dated(view: View, span: list[Unit], kind: str, why: str) -> Entity | None:
    """An entity of what reads as a date, if it does."""
    digits = sum(
        len(u.value) if u.kind is UnitKind.DIGITS else _decimals(view.text[u.start : u.end])
        for u in span
        if u.kind in (UnitKind.DIGITS, UnitKind.CARDINAL)
    )
    named = any(u.kind is UnitKind.ORDINAL or view.is_month(u) for u in span)
    named = named or {"月"} < CALENDAR.intersection(u.value for u in span)
    if not named and digits < 3 and not (why == "asked" and view.bare):
        return None
    if digits > (8 if kind == EXPIRY else MOST_DIGITS):
        return None
    value = view.text[span[0].start : span[-1].end]
    return Entity(span[0].start, span[-1].end, kind, 0.92, why, value)


def _decimals(text: str) -> int:
    return sum(c.isdecimal() for c in text)


def _ends(unit: Unit, inside: frozenset[str]) -> bool:
    """Whether a unit that is no part of a date cannot stand in one either."""
    if unit.kind is UnitKind.WORD:
        return unit.value not in inside and unit.value not in OF
    return unit.kind is UnitKind.SYMBOL and unit.value in "!?;"


def _joins(view: View, unit: Unit) -> bool:
    return view.text[unit.start : unit.end].lower() in view.language.conjunctions


def _part(unit: Unit) -> bool:
    if unit.kind is UnitKind.LETTERS:
        return not (unit.value in ("a", "i") and unit.spoken)
    return unit.kind in PARTS or (unit.kind is UnitKind.WORD and unit.value in CALENDAR)
