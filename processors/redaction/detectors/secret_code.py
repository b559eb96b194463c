"""Card security codes and PINs: three to eight digits that a cue, a question or a card reveals."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]


def detect(view: View) -> Iterator[Entity]:
    """Numbers named or asked for as a security code or a PIN."""
    yield from view.by_context("CVV", view.segments, 3)
    yield from view.by_context("PIN", view.segments, 4)
    card = False
    for segment in view.segments:
        if card and len(segment) in (3, 4) and view.evidence(segment)[0] is None:
            # "4539148803436467, security 731": nothing else follows a whole card unnamed.
            yield Entity(segment.start, segment.end, "CVV", 0.5, "format", segment.digits)
        card = card or len(segment) in (15, 16)
