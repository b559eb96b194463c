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
    ],
)
def test_social_security_numbers_are_found(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
