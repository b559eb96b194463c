"""Health numbers: NHS, Medicare (US, Australia), member and medical record numbers."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.checksums import nhs, weighted
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "HEALTH_NUMBER"
# CMS: position by position, C is 1-9, N 0-9, A a letter but not S L O I B Z, X either.
MBI = "CAXNAXNAANN"
MBI_LETTERS = frozenset("acdefghjkmnpqrtuvwxy")


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, and bare ones of a form or checksum that is theirs alone."""
    yield from view.by_context(TYPE, view.runs, 5)
    for run in view.runs:
        if 10 <= len(run) <= 16 and view.evidence(run)[0] is None and _mbi(run.value):
            yield Entity(run.start, run.end, TYPE, 0.8, "format", run.value.upper())
    for segment in view.segments:
        if len(segment) != 10 or view.evidence(segment)[0] is not None:
            continue
        if segment.groups == [3, 3, 4]:
            continue  # as a telephone number is written
        if nhs(segment.digits) or _medicare(segment.digits):
            yield Entity(segment.start, segment.end, TYPE, 0.55, "checksum", segment.digits)


def _mbi(value: str) -> bool:
    """A Medicare Beneficiary Identifier, or one with a corrected character more."""
    for char, kind in zip(value[:8], MBI, strict=False):
        digit, letter = char.isdecimal(), char in MBI_LETTERS
        if not {"C": digit and char != "0", "N": digit, "A": letter, "X": digit or letter}[kind]:
            return False
    return True


def _medicare(digits: str) -> bool:
    """Australian Medicare: starts 2 to 6, weights 1 3 7 9 1 3 7 9 on the first eight."""
    return digits[0] in "23456" and weighted(digits, (1, 3, 7, 9) * 2) % 10 == int(digits[8])
