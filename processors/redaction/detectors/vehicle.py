"""Vehicle identification numbers (ISO 3779) and licence plates."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

TYPE = "VEHICLE_ID"
# 49 CFR 565.15: the value of each character (i, o and q are none) and the weight of its position.
VALUES = {
    **{str(n): n for n in range(10)},
    **dict(zip("abcdefghjklmnprstuvwxyz", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)),
               strict=True)),
}  # fmt: skip
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such or asked for, and what has the check digit of a VIN."""
    yield from view.by_context(TYPE, view.runs, 4)
    for run in view.runs:
        if len(run) == len(WEIGHTS) and view.evidence(run)[0] is None and _checked(run.value):
            yield Entity(run.start, run.end, TYPE, 0.8, "checksum", run.value.upper())


def _checked(value: str) -> bool:
    if value.isdecimal() or not all(c in VALUES for c in value):
        return False
    rest = sum(VALUES[c] * w for c, w in zip(value, WEIGHTS, strict=True)) % 11
    return value[8] == ("x" if rest == 10 else str(rest))
