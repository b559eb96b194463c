"""Driving licences: by cue or question, and the British form, which gives itself away."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "DRIVER_LICENSE"


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, and DVLA numbers."""
    yield from view.by_context(TYPE, view.runs, 5)
    for run in view.runs:
        if 14 <= len(run) <= 22 and view.evidence(run)[0] is None and _british(run.value):
            yield Entity(run.start, run.end, TYPE, 0.8, "format", run.value.upper())


def _british(value: str) -> bool:
    """DVLA: five of the surname (9 for none), a decade digit, month, day, year, initials, three.

    A caller who corrects himself says more: whatever begins and ends as one is taken.
    """
    # A spelled "o" was taken for a zero.
    surname, rest = value[:5].replace("0", "o"), value[5:]
    if not surname.rstrip("9").isalpha() or not rest[:5].isdecimal():
        return False
    return rest[1] in "0156" and any(c.isalpha() for c in rest[5:])
