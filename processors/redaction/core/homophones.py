"""Words that sound as digits do: "for", "to", "ate", where a number was asked for or named.

A recogniser that hears single digits writes one of them so now and then. Only a turn that is
nothing but a number is read so, and only beside single digits or more such words.
"""

from collections.abc import Collection, Sequence

from antiphon.processors.redaction.core.language import Language
from antiphon.processors.redaction.core.units import Unit, UnitKind

__all__ = ["with_homophones"]

# Digits and words that sound so, in a row, at the least.
FEWEST = 3
BETWEEN = frozenset({UnitKind.SYMBOL, UnitKind.FILLER, UnitKind.CORRECTION})


def with_homophones(
    units: list[Unit], language: Language, names: Collection[str] = ()
) -> list[Unit]:
    """The units of an answer, with digits for the words that stand for them.

    Args:
        units: What was said, in answer to a question for a number.
        language: Its language.
        names: Words that say what number it is.
    """
    sounds = {i for i, u in enumerate(units) if u.value in language.homophones and _word(u)}
    others = (u for i, u in enumerate(units) if i not in sounds and _word(u))
    if not sounds or not all(u.value in language.lead_ins or u.value in names for u in others):
        return units
    meant = {i for row in _rows(units, sounds) for i in _meant(row, units, sounds, language)}
    return [_digit(u, language) if i in meant else u for i, u in enumerate(units)]


def _rows(units: list[Unit], sounds: set[int]) -> list[list[int]]:
    """Which units are digits, or sound so, one after another."""
    rows: list[list[int]] = [[]]
    for index, unit in enumerate(units):
        if index in sounds or unit.kind is UnitKind.DIGITS:
            rows[-1].append(index)
        elif unit.kind not in BETWEEN:
            rows.append([])
    return rows


def _meant(
    row: list[int], units: list[Unit], sounds: set[int], language: Language
) -> Sequence[int]:
    """Which of a row are meant as digits: "for the card" and "two for you" have none."""
    lead_ins = language.lead_ins
    if len(row) > 1 and row[0] and units[row[0]].value in lead_ins and row[1] not in sounds:
        row = row[1:]
    if row and row[-1] + 1 < len(units) and units[row[-1]].value in lead_ins:
        row = row[:-1]
    if len(row) < FEWEST:
        return ()
    small = {i for i in row if i in sounds or len(units[i].value) == 1}
    return [
        index
        for at, index in enumerate(row)
        if index in sounds and not small.isdisjoint(row[max(0, at - 1) : at] + row[at + 1 : at + 2])
    ]


def _word(unit: Unit) -> bool:
    return unit.kind is UnitKind.WORD


def _digit(unit: Unit, language: Language) -> Unit:
    digit = language.homophones[unit.value]
    return Unit(UnitKind.DIGITS, digit, unit.start, unit.end, unit.spoken, unit.sure)
