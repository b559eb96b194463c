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
        (("i was born in 1961",), [("DATE_OF_BIRTH", "1961")]),
        (("born 61",), []),
        (("my birthday is on the 5th",), [("DATE_OF_BIRTH", "5th")]),
        (("my birthday is may 5; see you on june 7",), [("DATE_OF_BIRTH", "may 5")]),
        (("may 5 is my birthday",), [("DATE_OF_BIRTH", "may 5")]),
        (("may 5 was when i said my birthday",), []),
        (
            ("my date of birth is something that i would rather not give here 1961",),
            [("DATE_OF_BIRTH", "1961")],
        ),
        (
            ("my date of birth is um the 5th of may 1961 ok",),
            [("DATE_OF_BIRTH", "5th of may 1961")],
        ),
        (("agent| what's your date of birth?", "1961"), [("DATE_OF_BIRTH", "1961")]),
        (("agent| what's your date of birth?", "61"), [("DATE_OF_BIRTH", "61")]),
        (
            ("agent| what's your date of birth?", "i was there on may 5 1961"),
            [("DATE_OF_BIRTH", "may 5 1961")],
        ),
        (("agent| what's your date of birth?", "it's the fifth"), [("DATE_OF_BIRTH", "fifth")]),
        (("agent| what's your date of birth?", "no"), []),
        (("agent| what's the expiry date?", "oh four"), [("CARD_EXPIRY", "oh four")]),
        (("agent| what's the expiry date?", "4/27"), [("CARD_EXPIRY", "4/27")]),
        (("card expires 04/2027",), [("CARD_EXPIRY", "04/2027")]),
        (("expiry a 4 27",), [("CARD_EXPIRY", "4 27")]),
        (("my birthday is may 5! then june",), [("DATE_OF_BIRTH", "may 5")]),
        (("born on i 5 may 1961",), [("DATE_OF_BIRTH", "5 may 1961")]),
        (("my birthday is k 5 may",), [("DATE_OF_BIRTH", "k 5 may")]),
        (("my birthday is may 5 wibble 1961",), [("DATE_OF_BIRTH", "may 5")]),
        (("i was born well as i told the other man there before may 5",), []),
        (("may is my birthday",), [("DATE_OF_BIRTH", "may")]),
        (("expiry 1 2 3 4 5 6 7 8",), [("CARD_EXPIRY", "1 2 3 4 5 6 7 8")]),
        (("may 5 is on the in the my birthday",), [("DATE_OF_BIRTH", "may 5")]),
        (
            ("agent| what's your date of birth?", "on june 7 she said my birthday is may 5"),
            [("DATE_OF_BIRTH", "may 5")],
        ),
    ],
)
def test_dates_are_found_only_where_a_cue_says_whose(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
