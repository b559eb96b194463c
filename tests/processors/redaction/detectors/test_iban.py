"""International bank account numbers."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("DE89 3704 0044 0532 0130 00",), [("IBAN_CODE", "DE89 3704 0044 0532 0130 00")]),
        (
            ("pay into FR1420041010050500013M02606 please",),
            [("IBAN_CODE", "FR1420041010050500013M02606")],
        ),
        (
            (
                "d e eight nine three seven oh four double oh four four oh five three two oh one three double oh",
            ),
            [
                (
                    "IBAN_CODE",
                    "d e eight nine three seven oh four double oh four four oh five three two oh one three double oh",
                )
            ],
        ),
        (
            (
                "november lima nine one alpha bravo november alpha zero four one seven one six four three zero zero",
            ),
            [
                (
                    "IBAN_CODE",
                    "november lima nine one alpha bravo november alpha zero four one seven one six four three zero zero",
                )
            ],
        ),
        (
            ("agent| what iban should we use?", "it's d e eight nine"),
            [("IBAN_CODE", "d e eight nine")],
        ),
        (("i am in room d e",), []),
    ],
)
def test_ibans_are_found_written_and_spelled(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
