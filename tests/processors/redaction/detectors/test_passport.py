"""Passports."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my passport number is 533 380 006",), [("PASSPORT", "533 380 006")]),
        (
            ("passport c zero one x zero zero t four",),
            [("PASSPORT", "c zero one x zero zero t four")],
        ),
        (("X12345678",), [("PASSPORT", "X12345678")]),
        (("confirmation number is X12345678",), []),
        (("X1234567",), [("PASSPORT", "X1234567")]),
        (("ab3456789012",), [("PASSPORT", "ab3456789012")]),
    ],
)
def test_passports_are_found_by_cue_and_form(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
