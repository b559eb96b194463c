"""Street addresses and postcodes, as far as a number, a street word or a question tells."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.units import Unit, UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

STREET = "STREET_ADDRESS"
ZIP = "ZIP_CODE"
MOST_NAME_WORDS = 4
MOST_AFTER = 14
SMALL_TALK = frozenset({UnitKind.FILLER, UnitKind.CORRECTION, UnitKind.SYMBOL})
NUMBERED = frozenset({UnitKind.DIGITS, UnitKind.CARDINAL, UnitKind.ORDINAL})


def detect(view: View) -> Iterator[Entity]:
    """A number before a street word; flats and boxes; what a cue or a question announces."""
    yield from view.by_context(ZIP, view.runs, 3)
    yield from view.by_context(ZIP, [s for s in view.segments if s.start in view.parted], 3)
    units = view.scan.units
    index = 0 if view.segments else len(units)
    while index < len(units):
        if units[index].kind is UnitKind.DIGITS and (last := _street(view, index)):
            last = _onward(view, last)
            yield _entity(view, units[index], units[last], "format")
            index = last
        index += 1
    for cue in view.cues:
        if cue.type == STREET:
            first = view.unit_index(view.scan.ends[cue.last - 1])
            yield from _announced(view, first, "cue")
    if view.expected[:1] == (STREET,):
        yield from _announced(view, _answer(view), "asked")


def _street(view: View, index: int) -> int:
    """The street word that follows a number and a name within a few words, or 0."""
    units, streets, words = view.scan.units, view.language.street_words, 0
    for last in range(index + 1, min(index + 10, len(units))):
        unit = units[last]
        if unit.kind in (UnitKind.WORD, UnitKind.LETTERS, UnitKind.ORDINAL):
            words += 1
            if words > 1 and unit.value in streets:
                return last
            if words > MOST_NAME_WORDS or unit.value in view.language.common:
                return 0
        elif unit.kind not in NUMBERED:
            return 0
    return 0


def _onward(view: View, last: int) -> int:
    """On from the street over flat numbers, the place and its postcode, while numbers follow."""
    units = view.scan.units
    plain = view.language.lead_ins | view.language.common
    reach, words = last, 0
    for index in range(last + 1, min(last + MOST_AFTER, len(units))):
        unit = units[index]
        if unit.kind in NUMBERED:
            reach = index
            words = 0
        elif unit.kind is UnitKind.SYMBOL and unit.value not in ",.-#":
            break
        elif unit.kind is UnitKind.WORD:
            words += 1
            if words > MOST_NAME_WORDS or unit.value in plain:
                break
    return reach


def _announced(view: View, first: int, why: str) -> Iterator[Entity]:
    """From the first number after a cue on, while it reads as an address."""
    units = view.scan.units
    index = first
    while index < len(units) and units[index].kind not in NUMBERED:
        if index - first > 4 and why == "cue":
            return
        index += 1
    if _label_follows(view, index):
        last = _onward(view, index)
        yield _entity(view, units[index], units[last], why)


def _answer(view: View) -> int:
    """The first unit of what may be the answer to a question: none far into a sentence is."""
    units, lead_ins = view.scan.units, view.language.lead_ins
    index = 0
    while index < len(units) and (
        units[index].kind in SMALL_TALK or units[index].value in lead_ins
    ):
        index += 1
    return index if index < len(units) and units[index].kind in NUMBERED else len(units)


def _label_follows(view: View, index: int) -> bool:
    """Whether a word comes right after the number's digits, as a street name does."""
    units = view.scan.units
    while index < len(units) and units[index].kind in (*NUMBERED, UnitKind.FILLER):
        index += 1
    if index == len(units) or units[index].kind not in (UnitKind.WORD, UnitKind.LETTERS):
        return False
    measured = view.language.measures.at(view.scan.words, view.token_at(units[index].start))
    return not measured and units[index].value not in view.language.common


def _entity(view: View, first: Unit, last: Unit, why: str) -> Entity:
    value = view.text[first.start : last.end]
    return Entity(first.start, last.end, STREET, 0.45, why, value)
