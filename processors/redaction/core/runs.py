"""From units to runs: the digits and letters that were said one after another.

A run goes on over separators, fillers and corrections ("four one um double one no wait one two")
and keeps both halves of a correction. Its digit segments are what numeric detectors look at.
"""

import sys

from antiphon.processors.redaction.core.checksums import is_card
from antiphon.processors.redaction.core.language import Language
from antiphon.processors.redaction.core.units import CURRENCY, Scan, Unit, UnitKind

__all__ = ["Run", "Segment", "find_runs", "named_dates"]

BRIDGES = frozenset("-./()+,#_*|\u2010\u2011\u2013:、，．・－（）")
MOST_BRIDGES = 6
AMOUNTS = frozenset({UnitKind.CARDINAL, UnitKind.ORDINAL})
# So many amounts in a row are a number that is said by hundreds: "six hundred twelve, three …".
FEWEST_AMOUNTS = 2
NUMERALS = AMOUNTS | {UnitKind.DIGITS}
# Between a day and its month: "the third of march".
OF = frozenset({"of", "the"})
# Two numbers joined by "and" have at least this many digits each.
FEWEST_WHOLE = 7


class Segment:
    """Digits in a row.

    Parameters:
        digits: The digits said.
        units: The units they came from.
        start: The first character.
        end: One past the last.
        run: The run it is part of.
    """

    __slots__ = ("digits", "end", "run", "start", "units")

    def __init__(self, units: list[Unit], run: "Run") -> None:
        self.units = units
        self.digits = "".join(u.value if u.kind is not UnitKind.LETTERS else "0" for u in units)
        self.start = units[0].start
        self.end = units[-1].end
        self.run = run

    @property
    def groups(self) -> list[int]:
        """The lengths of its units, as grouped in writing or speech."""
        return [len(u.value) for u in self.units]

    def __len__(self) -> int:
        return len(self.digits)


class Run:
    """Digits and letters in a row, spelled or written.

    Parameters:
        units: Its digit, letter and round-number units.
        value: What they spell, in lower case.
        start: The first character.
        end: One past the last.
        segments: Its digit segments.
    """

    __slots__ = ("_joints", "end", "segments", "start", "units", "value")

    def __init__(self, units: list[Unit], joints: frozenset[int] = frozenset()) -> None:
        self.units = units
        self._joints = joints
        self.value = "".join(u.value for u in units)
        self.start = units[0].start
        self.end = units[-1].end
        self.segments = self._split()

    def _split(self) -> list[Segment]:
        found: list[Segment] = []
        current: list[Unit] = []
        last = len(self.units) - 1
        for index, unit in enumerate(self.units):
            digit = unit.kind is not UnitKind.LETTERS
            inside = unit.value == "x" and current and index < last and not unit.spoken
            if inside and self.units[index + 1].kind is UnitKind.DIGITS:
                continue  # the x of a written extension ("4508x769") joins; it is not a digit
            if digit:
                if unit.start in self._joints and self._two_numbers(current, index):
                    found.append(Segment(current, self))
                    current = []
                current.append(unit)
            elif current:
                found.append(Segment(current, self))
                current = []
        if current:
            found.append(Segment(current, self))
        return found

    def _two_numbers(self, before: list[Unit], index: int) -> bool:
        """Whether an "and" stands between two numbers, rather than in the middle of one."""
        if is_card("".join(u.value for u in before)):
            return True
        after = 0
        for unit in self.units[index : index + FEWEST_WHOLE]:
            if unit.kind is UnitKind.LETTERS:
                break
            after += len(unit.value)
        return after >= FEWEST_WHOLE and sum(len(u.value) for u in before) >= FEWEST_WHOLE

    @property
    def amounts(self) -> bool:
        """Whether it is made of nothing but a few amounts, times and ordinals."""
        few = len(self.units) < FEWEST_AMOUNTS or len(self.value) < FEWEST_WHOLE
        return few and all(isinstance(unit, _Amount) for unit in self.units)

    def __len__(self) -> int:
        return len(self.value)


class _Amount(Unit):
    """The digits of what was written as an amount."""

    __slots__ = ()


def find_runs(
    scanned: Scan,
    language: Language,
    *,
    spelling: bool = False,
    amounts_from: int = sys.maxsize,
    said: bool = False,
    apart: frozenset[str] = frozenset(),
    dates: frozenset[int] = frozenset(),
) -> list[Run]:
    """The runs of a text, in order.

    Args:
        scanned: The text.
        language: Its language.
        spelling: Whether spelling is expected, so that a lone "whiskey" is a letter.
        amounts_from: The character from which on a number is expected, so that what a recogniser
            wrote as a time, a price or an ordinal ("1234 5:06 7890") are digits of it.
        said: Whether amounts that are said may be a number as well: "six hundred twelve, three …".
        apart: What stands between two numbers, where several are expected.
        dates: The characters at which dates with a month's name begin, which belong to no number.
    """
    found: list[Run] = []
    current: list[Unit] = []
    joints: set[int] = set()
    bridges, joint, parted = 0, False, False
    text = scanned.text
    lines = "\n" in text
    for unit in scanned.units:
        amounts = unit.start >= amounts_from or (said and unit.spoken)
        if amounts and unit.kind in AMOUNTS and (meant := unit.digits or unit.value):
            unit = _Amount(UnitKind.DIGITS, meant, unit.start, unit.end, unit.spoken, True)
        kind = unit.kind
        if (
            kind is UnitKind.DIGITS
            or kind is UnitKind.LETTERS
            or (kind is UnitKind.CARDINAL and unit.value)
        ):
            broken = current and lines and "\n" in text[current[-1].end : unit.start]
            ends = parted and len("".join(u.value for u in current)) > 1
            ends = ends or (bool(current) and unit.start in dates)
            if ends or (broken and not _goes_on(current, unit)):
                _close(current, found, spelling, joints)
                current, joint = [], False
            if joint:
                joints.add(unit.start)
            current.append(unit)
            bridges, joint, parted = 0, False, False
        elif not current:
            continue
        elif bridges < MOST_BRIDGES and (
            kind is UnitKind.FILLER
            or kind is UnitKind.CORRECTION
            or (kind is UnitKind.SYMBOL and unit.value in BRIDGES and _joins(unit, current, text))
            or (amounts and kind is UnitKind.SYMBOL and unit.value in CURRENCY)
            or (kind is UnitKind.WORD and unit.value in language.extensions and _numeric(current))
        ):
            bridges += 1
            # "And then" goes on.
            alone = unit.end - unit.start == len(unit.value)
            joint = (joint and kind is UnitKind.SYMBOL) or (
                alone and unit.value in language.conjunctions
            )
            parted = parted or unit.value in apart
        else:
            _close(current, found, spelling, joints)
            current, joint, parted = [], False, False
    _close(current, found, spelling, joints)
    return found


def named_dates(scanned: Scan, language: Language) -> frozenset[int]:
    """Where dates with a month's name begin: that of "4471 3 march 1984" is no part of a number.

    Args:
        scanned: The text.
        language: Its language.
    """
    units, found = scanned.units, set[int]()
    for index, unit in enumerate(units):
        if scanned.text[unit.start : unit.end].lower() not in language.months:
            continue
        day = index - 1
        while day > 0 and units[day].value in OF:
            day -= 1
        before = units[max(day, 0)]
        short = before.kind in NUMERALS and len(before.digits or before.value) <= 2
        found.add(before.start if short else unit.start)
    return frozenset(found)


def _goes_on(current: list[Unit], unit: Unit) -> bool:
    """Whether a number goes on in the next line: a card, one group of four a line."""
    before = current[-1]
    return before.value.isdecimal() and len(before.value) == len(unit.value) == 4


def _joins(unit: Unit, current: list[Unit], text: str) -> bool:
    """A colon joins only without spaces ("1234:5678"); other signs always do."""
    if unit.value != ":" or unit.spoken:
        return True
    return unit.start == current[-1].end and not text[unit.end : unit.end + 1].isspace()


def _numeric(current: list[Unit]) -> bool:
    """Whether the run so far may be a telephone number that an extension follows."""
    return sum(len(u.value) for u in current if u.kind is UnitKind.DIGITS) >= 7


def _close(current: list[Unit], found: list[Run], spelling: bool, joints: set[int]) -> None:
    """Keep a run if it holds anything but ordinary words that could be spelled."""
    if not current:
        return
    for unit in current:
        if unit.sure and unit.kind is not UnitKind.CARDINAL:
            break
    else:
        lone = not any(
            u.kind is UnitKind.DIGITS or (spelling and u.end - u.start > 1) for u in current
        )
        if lone and len(current) < 3:
            return
    found.append(Run(current, frozenset(joints)))
    joints.clear()
