"""International bank account numbers (ISO 13616), written or spelled out."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.checksums import iban
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.runs import Run
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "IBAN_CODE"
# The registry's lengths, by country (SWIFT IBAN registry).
LENGTHS = {
    "ad": 24, "ae": 23, "al": 28, "at": 20, "az": 28, "ba": 20, "be": 16, "bg": 22, "bh": 22,
    "br": 29, "by": 28, "ch": 21, "cr": 22, "cy": 28, "cz": 24, "de": 22, "dk": 18, "do": 28,
    "ee": 20, "eg": 29, "es": 24, "fi": 18, "fo": 18, "fr": 27, "gb": 22, "ge": 22, "gi": 23,
    "gl": 18, "gr": 27, "gt": 28, "hr": 21, "hu": 28, "ie": 22, "il": 23, "iq": 23, "is": 26,
    "it": 27, "jo": 30, "kw": 30, "kz": 20, "lb": 28, "lc": 32, "li": 21, "lt": 20, "lu": 20,
    "lv": 21, "ly": 25, "mc": 27, "md": 24, "me": 22, "mk": 19, "mr": 27, "mt": 31, "mu": 30,
    "nl": 18, "no": 15, "pk": 24, "pl": 28, "ps": 29, "pt": 25, "qa": 29, "ro": 24, "rs": 22,
    "sa": 24, "sc": 31, "se": 24, "si": 19, "sk": 24, "sm": 27, "st": 25, "sv": 28, "tl": 23,
    "tn": 24, "tr": 26, "ua": 29, "va": 22, "vg": 24, "xk": 20,
}  # fmt: skip
# A caller leaves out or adds a character, or says "forty two" for 40 2; a corrected digit is in the
# run twice.
SLACK = 8
FEWER = 3


def detect(view: View) -> Iterator[Entity]:
    """Runs named as such, and runs of a country's letters, two digits and about its length."""
    yield from view.by_context(TYPE, view.runs, 4)
    for run in view.runs:
        if len(run) < 15:
            continue
        if (found := _find(run)) and view.evidence(run)[0] != "":
            yield found


def _find(run: Run) -> Entity | None:
    offset = 0
    for index, unit in enumerate(run.units):
        value = run.value[offset:]
        # A spelled "o" was taken for a zero.
        size = LENGTHS.get(value[:2].replace("0", "o"))
        if size is not None and value[2:4].isdecimal() and len(value) >= size - FEWER:
            exact = value[:2].replace("0", "o") + value[2:size]
            valid = iban(exact)
            last, covered = index, 0
            longer = len(value) > size + SLACK and not unit.spoken
            limit = len(exact) if valid or longer else len(value)
            while covered < limit:
                covered += len(run.units[last].value)
                last += 1
            score, why = (0.95, "checksum") if valid else (0.8, "format")
            return Entity(unit.start, run.units[last - 1].end, TYPE, score, why, exact.upper())
        offset += len(unit.value)
    return None
