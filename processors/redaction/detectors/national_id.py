"""National identity and tax numbers of English-speaking countries and the European Union."""

from collections.abc import Callable, Iterator

from antiphon.processors.redaction.core import checksums
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.runs import Run
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "NATIONAL_ID"
MOST_OF_A_STREET = 3


def _bsn(digits: str) -> bool:
    """Dutch BSN: the eleven-test."""
    return checksums.weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _belgian(digits: str) -> bool:
    """Belgian national number: 97 minus the rest; those born since 2000 have a 2 before it."""
    body, check = int(digits[:9]), int(digits[9:])
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


# What a bare run of digits must satisfy to be labelled as an identity number: by its length.
DIGITS: dict[int, tuple[Callable[[str], bool], ...]] = {
    9: (checksums.luhn, checksums.tfn, _bsn),
    11: (checksums.pesel, checksums.mod11_10, _belgian),
    12: (checksums.verhoeff,),
}
# A letter is "a", a digit "0", position by position.
PAN = "aaaaa0000a"
SHAPES = {
    "aa000000a": "GB NINO",
    "0000000a": "IE PPS",
    "0000000aa": "IE PPS",
    "aaaaaa00a00a000a": "IT codice fiscale",
    PAN: "IN permanent account number",
}


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, and bare ones of a shape or checksum that is theirs."""
    yield from view.by_context(TYPE, view.runs, 6)
    for run in view.runs:
        if not 8 <= len(run) <= 16:
            continue
        shape = "".join("0" if c.isdecimal() else "a" for c in run.value)
        said = view.evidence(run)[0]
        if shape == PAN and said == "CREDIT_CARD":
            # A "PAN" is a card's number as well.
            yield Entity(run.start, run.end, TYPE, 0.95, "format", run.value.upper())
        if said is not None or _street(view, run):
            continue
        if shape in SHAPES or (shape in ("00000000a", "a0000000a") and checksums.dni(run.value)):
            yield Entity(run.start, run.end, TYPE, 0.7, "format", run.value.upper())
        elif shape.startswith("aa000000") and shape.endswith("0a") and len(shape) <= 13:
            # A NINO in which a digit was corrected.
            yield Entity(run.start, run.end, TYPE, 0.6, "format", run.value.upper())
    for segment in view.segments:
        if view.evidence(segment)[0] is not None or segment.groups == [3, 2, 4]:
            continue
        if any(check(segment.digits) for check in DIGITS.get(len(segment), ())):
            # One number in four has one of the checksums by chance.
            kind = TYPE if view.guarded else "PHONE_NUMBER"
            yield Entity(segment.start, segment.end, kind, 0.5, "checksum", segment.digits)


def _street(view: View, run: Run) -> bool:
    """Whether it is a house in a numbered street: "1475 167th"."""
    last = run.units[-1]
    return (
        len(run.units) > 2
        and last.value in view.language.ordinal_suffixes
        and len(run.units[-2].value) <= MOST_OF_A_STREET
    )
