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
            ("d e eighty nine 37 oh four double oh 44 oh five 32 oh one 30 double oh",),
            [
                (
                    "IBAN_CODE",
                    "d e eighty nine 37 oh four double oh 44 oh five 32 oh one 30 double oh",
                )
            ],
        ),
        (
            ("november lima 91 alpha bravo november alpha 0417 one six four three 00",),
            [
                (
                    "IBAN_CODE",
                    "november lima 91 alpha bravo november alpha 0417 one six four three 00",
                )
            ],
        ),
        (
            ("agent| what iban should we use?", "it's d e eight nine"),
            [("IBAN_CODE", "d e eight nine")],
        ),
        (("i am in room d e",), []),
        (("n o 93 8601 1117 947",), [("IBAN_CODE", "n o 93 8601 1117 947")]),
        (("DE8937040044053201300",), [("IBAN_CODE", "DE8937040044053201300")]),
        (
            ("DE88 3704 0044 0532 0130 00 a b c d e f g h",),
            [("IBAN_CODE", "DE88 3704 0044 0532 0130 00 a b c d e f g h")],
        ),
        (
            ("DE88 3704 0044 0532 0130 00 a b c d e f g h j",),
            [("IBAN_CODE", "DE88 3704 0044 0532 0130 00")],
        ),
    ],
)
def test_ibans_are_found_written_and_spelled(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
