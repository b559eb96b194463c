"""Dates of birth and card expiry dates."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my date of birth is 5/7/1961",), [("DATE_OF_BIRTH", "5/7/1961")]),
        (
            ("i was born on the fifth of july nineteen sixty one",),
            [("DATE_OF_BIRTH", "fifth of july nineteen sixty one")],
        ),
        (("the third of may is my birthday",), [("DATE_OF_BIRTH", "third of may")]),
        (
            ("agent| can you confirm your date of birth?", "july fifth two thousand and one"),
            [("DATE_OF_BIRTH", "july fifth two thousand and one")],
        ),
        (("it expires oh four twenty seven",), [("CARD_EXPIRY", "oh four twenty seven")]),
        (
            ("agent| what's the expiry date?", "april twenty twenty seven"),
            [("CARD_EXPIRY", "april twenty twenty seven")],
        ),
        (("my appointment is on march third",), []),
        (("since january two thousand and nine",), []),
    ],
)
def test_dates_are_found_only_where_a_cue_says_whose(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
