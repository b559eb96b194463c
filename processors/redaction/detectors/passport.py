"""Passport numbers: by cue or question, and one or two letters before seven or eight digits."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "PASSPORT"


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, and bare ones of the American and British form."""
    yield from view.by_context(TYPE, view.runs, 6)
    for run in view.runs:
        if view.evidence(run)[0] is not None:
            continue
        letters = len(run.value) - len(run.value.lstrip("abcdefghijklmnopqrstuvwxyz"))
        digits = run.value[letters:]
        if letters in (1, 2) and digits.isdecimal() and 7 <= len(digits) <= 10:
            yield Entity(run.start, run.end, TYPE, 0.55, "format", run.value.upper())
