"""Payment cards."""

from collections.abc import Callable

import pytest

from antiphon.processors.redaction import Redactor

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my card is 4539 1488 0343 6467",), [("CREDIT_CARD", "4539 1488 0343 6467")]),
        (("4539148803436467",), [("CREDIT_CARD", "4539148803436467")]),
        (
            ("pay with 45 thirty nine 14 double eight oh three forty three sixty four 67",),
            [
                (
                    "CREDIT_CARD",
                    "45 thirty nine 14 double eight oh three forty three sixty four 67",
                )
            ],
        ),
        (("a wrong one is 4539 1488 0343 6468",), [("CREDIT_CARD", "4539 1488 0343 6468")]),
        (("the visa ends in 6467",), [("CREDIT_CARD", "6467")]),
        (
            ("agent| what's your card number?", "forty five thirty nine um fourteen eighty eight"),
            [("CREDIT_CARD", "forty five thirty nine um fourteen eighty eight")],
        ),
        (("4222222222222",), [("CREDIT_CARD", "4222222222222")]),
        (("tracking number 4539 1488 0343 6467",), []),
        (("how do i change the due date of my card",), []),
        (("i spent fifty on my card",), []),
        (("1234567890123",), [("CREDIT_CARD", "1234567890123")]),
        (("4,539 1,488 0343 6467",), [("CREDIT_CARD", "4,539 1,488 0343 6467")]),
        (("it is 5425 2,334 3,010 9,903.",), [("CREDIT_CARD", "5425 2,334 3,010 9,903")]),
        (("3,782 822463 10,005",), [("CREDIT_CARD", "3,782 822463 10,005")]),
        (("we made 4,539, 1,488, 6,467 and 2,330",), []),
        (("4,539 dollars and 1,488 cents",), []),
    ],
)
def test_cards_are_found_by_length_cue_or_question(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("6304000000000000000", "checksum"),
        ("63040000000000000000", "length"),
        ("4539148803436468", "length"),
    ],
)
def test_a_checksum_says_how_sure_it_is(said: str, why: str) -> None:
    assert [entity.why for entity in Redactor().redact(said).found] == [why]
