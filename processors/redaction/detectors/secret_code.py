"""Card security codes and PINs: three to eight digits that only a cue or a question reveals."""

from collections.abc import Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View

__all__ = ["detect"]


def detect(view: View) -> Iterator[Entity]:
    """Numbers named or asked for as a security code or a PIN."""
    yield from view.by_context("CVV", view.segments, 3)
    yield from view.by_context("PIN", view.segments, 4)
