"""Social security and taxpayer numbers."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("219-09-9999",), [("US_SSN", "219-09-9999")]),
        (
            ("my social is two one nine oh nine nine nine nine nine",),
            [("US_SSN", "two one nine oh nine nine nine nine nine")],
        ),
        (("the last four of my social are 9999",), [("US_SSN", "9999")]),
        (("itin 912-71-1234",), [("US_ITIN", "912-71-1234")]),
        (("912-71-1234",), [("US_ITIN", "912-71-1234")]),
        (
            ("agent| can you verify your social security number?", "it's two one nine"),
            [("US_SSN", "two one nine")],
        ),
        (("i am social and have 3 friends",), []),
        (("078-05-1120",), [("US_SSN", "078-05-1120")]),
        (("666-12-3456",), [("US_SSN", "666-12-3456")]),
        (("123456789",), [("US_SSN", "123456789")]),
        (("123004567",), [("PHONE_NUMBER", "123004567")]),
        (("666123456",), [("PHONE_NUMBER", "666123456")]),
        (("912491234",), [("PHONE_NUMBER", "912491234")]),
        (("219090000",), [("PHONE_NUMBER", "219090000")]),
        (("900-70-0001",), [("US_ITIN", "900-70-0001")]),
        (("912-49-1234",), [("US_SSN", "912-49-1234")]),
        (("912-50-1234",), [("US_ITIN", "912-50-1234")]),
        (("912-65-1234",), [("US_ITIN", "912-65-1234")]),
        (("912-66-1234",), [("US_SSN", "912-66-1234")]),
        (("912-89-1234",), [("US_SSN", "912-89-1234")]),
        (("912-93-1234",), [("US_SSN", "912-93-1234")]),
        (("912-99-1234",), [("US_ITIN", "912-99-1234")]),
        (("912-70-1234",), [("US_ITIN", "912-70-1234")]),
        (("000 12 3456",), [("US_SSN", "000 12 3456")]),
        (("my social is 1120",), [("US_SSN", "1120")]),
        (("agent| what's your social?", "one one two oh"), [("US_SSN", "one one two oh")]),
        (("123 00 4567",), [("US_SSN", "123 00 4567")]),
        (("order number 123456789",), []),
    ],
)
def test_social_security_numbers_are_found(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
