"""Telephone numbers: by cue, by how they are grouped, and any bare run of 7 to 12 digits."""

from collections.abc import Iterator
from itertools import pairwise

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.runs import Segment
from antiphon.processors.redaction.core.units import UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "PHONE_NUMBER"
FEWEST_UNNAMED = 7
MOST_UNNAMED = 15
MOST_OF_TWO = 10
# North American numbers as written, with and without the country code.
GROUPED = ([3, 3, 4], [1, 3, 3, 4], [3, 4], [2, 4, 4], [3, 3, 3], [2, 2, 2, 2, 2], [1, 2, 2, 2, 2])


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, and runs of their length that nothing speaks against."""
    for found in view.by_context(TYPE, view.segments, 4):
        yield found._replace(start=_with_plus(view, found.start))
    for segment in view.segments:
        size = len(segment)
        if not FEWEST_UNNAMED <= size <= MOST_UNNAMED or view.evidence(segment)[0] == "":
            continue
        unlike = _calendar(segment) or _times(segment) or _two(view, segment)
        unlike = unlike or _version(view, segment)
        if view.evidence(segment)[0] is None and unlike:
            continue
        start = _with_plus(view, segment.start)
        written = not segment.units[0].spoken
        score = 0.7 if start != segment.start else 0.4
        if written and _grouped(segment.groups):
            score = 0.65
        yield Entity(start, segment.end, TYPE, score, "format", segment.digits)


def _grouped(groups: list[int]) -> bool:
    """Whether digits are grouped as a telephone number; an extension may follow a whole one."""
    return groups in GROUPED or groups[:3] == [3, 3, 4] or groups[:4] == [1, 3, 3, 4]


def _with_plus(view: View, start: int) -> int:
    """The start, moved back over a plus sign or an opening bracket."""
    index = view.unit_index(start) - 1
    while index >= 0:
        unit = view.scan.units[index]
        if unit.kind is not UnitKind.SYMBOL or unit.value not in "+(":
            break
        start = unit.start
        index -= 1
    return start


def _calendar(segment: Segment) -> bool:
    """Whether the groups are a date (21 7 2020) or a row of years (1917 2020)."""
    groups, digits = segment.groups, segment.digits
    if len(groups) == 3 and max(groups[:2]) <= 2 and groups[2] == 4:
        return digits[-4:-2] in ("19", "20")
    if len(groups) == 3 and groups[0] == 4 and max(groups[1:]) <= 2:
        return digits[:2] in ("19", "20")
    if any(g != 4 for g in groups):
        return False
    years = [digits[i : i + 4] for i in range(0, len(digits), 4)]
    if len(years) == 2 and "1000" < years[0] < years[1] < "2100":
        return segment.units[1].start - segment.units[0].end == 1  # from 1519-1521
    return all(year[:2] in ("19", "20") for year in years)


def _two(view: View, segment: Segment) -> bool:
    """Whether it is two written numbers joined by a word: "articles 1645 and 1646"."""
    if len(segment) > MOST_OF_TWO or any(unit.spoken for unit in segment.units):
        return False
    joints = view.language.conjunctions
    return any(
        view.text[before.end : after.start].strip().lower() in joints
        for before, after in pairwise(segment.units)
    )


def _version(view: View, segment: Segment) -> bool:
    """Whether it is written with two dots as a version is, with a single digit between them."""
    return (
        len(segment.units) == 3
        and 1 in segment.groups
        and "." in view.text[segment.start : segment.end]
    )


def _times(segment: Segment) -> bool:
    """Whether it may be clock times in a row: said in pairs, hardly a digit alone."""
    units = segment.units
    if not units[0].spoken or len(segment) > 9:
        return False
    pairs = sum(len(u.value) == 2 for u in units)
    return pairs * 2 >= len(units)
