"""Which detectors look at nothing in a text without a number."""

from collections.abc import Callable, Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View
from antiphon.processors.redaction.detectors import (
    bank,
    card,
    driving_licence,
    health,
    iban,
    national_id,
    passport,
    phone,
    secret_code,
    spelled_name,
    ssn,
    vehicle,
)

__all__ = ["OF_NUMBERS"]

# What looks at digits and spelled letters only, and at nothing in a text without any.
OF_NUMBERS: frozenset[Callable[[View], Iterator[Entity]]] = frozenset(
    {
        card.detect,
        secret_code.detect,
        ssn.detect,
        bank.detect,
        iban.detect,
        phone.detect,
        driving_licence.detect,
        passport.detect,
        health.detect,
        national_id.detect,
        vehicle.detect,
        spelled_name.detect,
    }
)
