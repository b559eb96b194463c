"""Telephone numbers."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("call me at 415 555 0132",), [("PHONE_NUMBER", "415 555 0132")]),
        (("+44 20 7946 0018",), [("PHONE_NUMBER", "+44 20 7946 0018")]),
        (("(415) 555-0132 is best",), [("PHONE_NUMBER", "(415) 555-0132")]),
        (
            ("my mobile is oh seven seven double oh nine hundred one two three",),
            [("PHONE_NUMBER", "oh seven seven double oh nine hundred one two three")],
        ),
        (("555 0132 office",), [("PHONE_NUMBER", "555 0132")]),
        (("415-555-0132x769",), [("PHONE_NUMBER", "415-555-0132x769")]),
        (
            ("agent| what's your phone number?", "area code four one five"),
            [("PHONE_NUMBER", "four one five")],
        ),
        (("eight thirty ten forty five",), []),
        (("on 21 7 2026",), []),
        (("either 1984 or 2049",), []),
        (("my order is 41555501",), []),
        (("+1 (415) 555-0132 now",), [("PHONE_NUMBER", "+1 (415) 555-0132")]),
        (("415 555 0132",), [("PHONE_NUMBER", "415 555 0132")]),
        (("555-0132",), [("PHONE_NUMBER", "555-0132")]),
        (("1917 2020",), []),
        (("21 7 2020",), []),
        (("2020 7 21",), []),
        (("ten thirty nine forty five",), []),
        (("version 123.4.5678",), []),
        (("my phone is 5550",), [("PHONE_NUMBER", "5550")]),
        (("call me at 55501",), [("PHONE_NUMBER", "55501")]),
        (("it is 1234567",), [("PHONE_NUMBER", "1234567")]),
        (("it is 123456",), []),
        (("(415) 555 0132",), [("PHONE_NUMBER", "(415) 555 0132")]),
        (("+44 20 7946 0958",), [("PHONE_NUMBER", "+44 20 7946 0958")]),
        (("12 34 56 78 90",), [("PHONE_NUMBER", "12 34 56 78 90")]),
        (("reference 123-45-678",), []),
        (("order number 5550132",), []),
        (("nine ten two ten three ten",), []),
        (("1-415-555-0132 1234",), [("PHONE_NUMBER", "1-415-555-0132 1234")]),
    ],
)
def test_phones_are_found_by_cue_form_or_length(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
