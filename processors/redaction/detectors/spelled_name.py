"""Names that are spelled: "O-K-O-N-J-O", "b as in boy, e as in echo"."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.runs import Run
from antiphon.processors.redaction.core.units import UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "PERSON"
STREET = "STREET_ADDRESS"
FEWEST = 2
FEWEST_UNASKED = 3


def detect(view: View) -> Iterator[Entity]:
    """Letters one by one that were asked for, and those that spell the word before them."""
    asked = next((kind for kind in (TYPE, STREET) if kind in view.expected), "")
    for run in view.runs:
        spelled = _spelled(run)
        if len(spelled) < (FEWEST if asked else FEWEST_UNASKED):
            continue
        start = _word_before(view, run, spelled)
        if asked or start != run.start:
            why = "asked" if asked else "cue"
            yield Entity(start, run.end, asked or TYPE, 0.6, why, spelled)


def _spelled(run: Run) -> str:
    """The letters of a run that is nothing else; a spelled "o" was taken for a zero."""
    letters = ""
    for unit in run.units:
        if unit.kind is UnitKind.LETTERS and len(set(unit.value)) == 1:
            letters += unit.value
        elif not unit.sure and set(unit.value) == {"0"}:
            letters += "o" * len(unit.value)
        else:
            return ""
    return letters


def _word_before(view: View, run: Run, spelled: str) -> int:
    """The start of the run, or of the word just before it that it spells."""
    index = view.unit_index(run.start) - 1
    while index >= 0 and view.scan.units[index].kind in (UnitKind.SYMBOL, UnitKind.FILLER):
        index -= 1
    if index < 0 or view.scan.units[index].value != spelled:
        return run.start
    return view.scan.units[index].start
