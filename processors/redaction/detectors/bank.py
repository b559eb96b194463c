"""Bank account and routing numbers."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.checksums import aba
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]


def detect(view: View) -> Iterator[Entity]:
    """Numbers named as such, and nine digits with a valid routing checksum."""
    yield from view.by_context("BANK_ACCOUNT", view.segments, 4)
    yield from view.by_context("ROUTING_NUMBER", view.segments, 4)
    for segment in view.segments:
        if view.evidence(segment)[0] is None and aba(segment.digits):
            # One number in ten has the checksum by chance.
            kind = "ROUTING_NUMBER" if view.guarded else "PHONE_NUMBER"
            yield Entity(segment.start, segment.end, kind, 0.55, "checksum", segment.digits)
