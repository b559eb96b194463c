"""The detectors, one file each: what a view of an utterance goes in, entities come out.

A detector is a function `detect(view) -> Iterator[Entity]`. To add one, write its file, list it
here and give it a table test.
"""

from collections.abc import Callable, Iterator

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View
from antiphon.processors.redaction.detectors import (
    address,
    bank,
    card,
    crypto,
    dates,
    driving_licence,
    email,
    health,
    iban,
    national_id,
    network,
    passport,
    password,
    person,
    phone,
    secret_code,
    spelled_name,
    ssn,
    tagged,
    vehicle,
)

__all__ = ["DETECTORS"]

Detector = Callable[[View], Iterator[Entity]]

DETECTORS: tuple[Detector, ...] = (
    card.detect,
    secret_code.detect,
    password.detect,
    ssn.detect,
    bank.detect,
    iban.detect,
    phone.detect,
    email.detect,
    dates.detect,
    driving_licence.detect,
    passport.detect,
    health.detect,
    national_id.detect,
    vehicle.detect,
    network.detect,
    crypto.detect,
    address.detect,
    person.detect,
    spelled_name.detect,
    tagged.detect,
)
