"""What the name of a field says of the value in it."""

import pytest

from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.fields import ROOT, Field


def at(path: tuple[str, ...], record: object = None) -> Field:
    field = ROOT
    for name in path:
        field = field.inside(name, record)
    return field


@pytest.mark.parametrize(
    ("path", "record", "says"),
    [
        (("name",), None, ("name: ", "PERSON")),
        (("tool", "name"), None, ("name: ", "")),
        (("first",), None, ("first: ", "")),
        (("name", "first"), None, ("first: ", "PERSON")),
        (("customer", "last"), None, ("last: ", "PERSON")),
        (("customers", "last"), None, ("last: ", "PERSON")),
        (("user", "name"), None, ("name: ", "PERSON")),
        (("name",), {"type": "function"}, ("name: ", "")),
        (("name",), {"role": "user"}, ("name: ", "PERSON")),
        (("name",), {"role": "assistant"}, ("name: ", "PERSON")),
        (("address",), None, ("address: ", "STREET_ADDRESS")),
        (("ip_address",), None, ("ip address: ", "")),
        (("address_line_1",), None, ("address line 1: ", "STREET_ADDRESS")),
        (("agents",), None, ("agents: ", "")),
        (("callers",), None, ("callers: ", "PERSON")),
        (("customer",), None, ("customer: ", "PERSON")),
        (("file_name",), None, ("file name: ", "")),
        (("full_name",), None, ("full name: ", "PERSON")),
        (("firstName",), None, ("first name: ", "PERSON")),
        (("middle", "x"), None, ("x: ", "")),
        (("cardNumber",), None, ("card number: ", "")),
        (("card", "number"), None, ("card number: ", "")),
        (("value",), {"field": "cvv"}, ("cvv value: ", "")),
        (
            ("value",),
            {"label": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
            ("value: ", ""),
        ),
        (("value",), {"field": 3, "key": "ssn"}, ("ssn value: ", "")),
        (("",), None, ("", "")),
        (("__",), None, ("", "")),
        (
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",),
            None,
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: ", ""),
        ),
    ],
)
def test_a_field_says_what_stands_in_it_and_whether_any_words_are_personal(
    path: tuple[str, ...], record: object, says: tuple[str, str]
) -> None:
    field = at(path, record)
    assert (field.lead, field.whole) == says


@pytest.mark.parametrize(
    ("name", "why", "digits", "explained"),
    [
        ("eta_ms", "format", "123456", True),
        ("eta_ms", "cue", "123456", True),
        ("eta_ms", "fail-closed", "123456", False),
        ("eta_ms", "format", "111111111111", True),
        ("eta_ms", "format", "1111111111111", True),
        ("eta_ms", "cue", "111111111111", False),
        ("count", "format", "4111111111111111", False),
        ("user_id", "format", "123456789", True),
        ("order_id", "format", "123456789", True),
        ("passport_id", "format", "123456789", False),
        ("created_at", "format", "1700000000", True),
        ("created_at", "format", "1700000000000", True),
        ("created_at", "format", "17000000000", False),
        ("created_at", "format", "2200000000", False),
        ("created_at", "format", "1000000000", True),
        ("created_at", "format", "0999999999", False),
        ("phone", "format", "1700000000", False),
        ("", "format", "5", False),
        ("order", "format", "123", False),
    ],
)
def test_a_number_that_its_field_explains_is_no_secret(
    name: str, why: str, digits: str, explained: bool
) -> None:
    assert at((name,)).explains(Entity(0, 1, "PHONE_NUMBER", 0.5, why, ""), digits) is explained
