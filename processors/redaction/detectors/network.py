"""IP and MAC addresses, written or said with "dot"."""

import re
from collections.abc import Iterator

from antiphon.processors.redaction.core.codes import UUID
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.units import Unit, UnitKind
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]

HEX = frozenset("0123456789abcdefABCDEF")
# A shorter mix of digits and letters up to F is an order code as often as an address.
FEWEST_SPELLED = 12
WRITTEN = re.compile("[0-9A-Fa-f:.-]{2,}")


def detect(view: View) -> Iterator[Entity]:
    """Dotted quads, colon and dash forms, and spelled runs that a cue names."""
    yield from view.by_context("IP_ADDRESS", view.runs, 4)
    yield from view.by_context("MAC_ADDRESS", view.runs, 8)
    for run in view.runs:
        mixed = len(run) >= FEWEST_SPELLED and HEX.issuperset(run.value) and _mixed(run.value)
        if mixed and not UUID.fullmatch(view.text[run.start : run.end]):
            kind = "MAC_ADDRESS" if len(run) == 12 else "IP_ADDRESS"
            yield Entity(run.start, run.end, kind, 0.5, "format", run.value)
    text = view.text
    if ":" in text or text.count("-") >= 5 or text.count(".") >= 2:
        yield from _written(text)
    if view.segments:
        yield from _quads(view.scan.units)


def _mixed(value: str) -> bool:
    letters = sum(c.isalpha() for c in value)
    return 2 <= letters <= len(value) - 2


def _written(text: str) -> Iterator[Entity]:
    """Maximal pieces of hexadecimal digits and separators."""
    for written in WRITTEN.finditer(text):
        begin, index = written.span()
        if begin and text[begin - 1].isalnum():
            continue
        piece = written[0].rstrip(".-")
        if piece.endswith(":") and not piece.endswith("::"):
            piece = piece[:-1].rstrip(".-")
        end = begin + len(piece)
        if end == index and text[end : end + 1].isalnum():
            continue
        if kind := _kind(piece):
            yield Entity(begin, end, kind, 0.9, "format", piece)


def _kind(piece: str) -> str | None:
    for sign in ":-":
        groups = piece.split(sign)
        if len(groups) == 6 and all(len(g) == 2 and HEX.issuperset(g) for g in groups):
            return "MAC_ADDRESS"
    groups = piece.split(".")
    if len(groups) == 3 and all(len(g) == 4 and HEX.issuperset(g) for g in groups):
        return None if piece.replace(".", "").isdecimal() else "MAC_ADDRESS"
    colons = piece.count(":")
    if "-" in piece or colons < 2 or colons > 8 or not ("::" in piece or colons in (6, 7)):
        return None
    groups = piece.split(":")
    tail = groups[-1]
    if "." in tail:
        quad = tail.split(".")
        if len(quad) != 4 or not all(q.isdecimal() and int(q) < 256 for q in quad if len(q) < 4):
            return None
        groups.pop()
    elif colons == 6 and "::" not in piece:
        return None
    return "IP_ADDRESS" if all(len(g) <= 4 and HEX.issuperset(g) for g in groups) else None


def _quads(units: list[Unit]) -> Iterator[Entity]:
    """Four numbers below 256 with three dots between them."""
    labels: list[tuple[int, int]] = []
    index, count = 0, len(units)
    while index < count:
        if units[index].kind is not UnitKind.DIGITS:
            index += 1
            continue
        labels.clear()
        while units[index].kind is UnitKind.DIGITS:
            begin = index
            index, digits = _label(units, index)
            if len(digits) > 8:
                break
            labels.append((begin, index))
            if index + 1 >= count or units[index].value not in (".", "point"):
                break
            index += 1
        if len(labels) == 4 and _octets(units, labels):
            first, last = units[labels[0][0]], units[labels[-1][1] - 1]
            value = ".".join(
                "".join(u.value for u in units[a:b] if u.kind is UnitKind.DIGITS) for a, b in labels
            )
            yield Entity(first.start, last.end, "IP_ADDRESS", 0.9, "format", value)


def _label(units: list[Unit], index: int) -> tuple[int, str]:
    """The digits up to the next dot: where they end, and what they are.

    Fillers and corrections are part of a spoken label only: "8.8.8.8 and 9.9.9.9" are two.
    """
    digits, spoken = "", units[index].spoken
    while index < len(units):
        unit = units[index]
        if unit.kind is UnitKind.DIGITS:
            digits += unit.value
        elif not spoken or unit.kind not in (UnitKind.FILLER, UnitKind.CORRECTION):
            break
        index += 1
    return index, digits


def _octets(units: list[Unit], labels: list[tuple[int, int]]) -> bool:
    """Whether all are below 256; one in which a digit was corrected passes."""
    for begin, end in labels:
        digits = "".join(u.value for u in units[begin:end] if u.kind is UnitKind.DIGITS)
        corrected = any(u.kind is UnitKind.CORRECTION for u in units[begin:end])
        # The number before the first dot may begin with what came before it.
        merged = begin == labels[0][0] and units[begin].spoken
        if not corrected and not merged and (len(digits) > 3 or int(digits) > 255):
            return False
    return True
