"""Health numbers."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("nhs number 943 476 5919",), [("HEALTH_NUMBER", "943 476 5919")]),
        (("943 476 591 9",), [("HEALTH_NUMBER", "943 476 591 9")]),
        (("1EG4-TE5-MK73",), [("HEALTH_NUMBER", "1EG4-TE5-MK73")]),
        (
            ("my member id is a b one two three four",),
            [("HEALTH_NUMBER", "a b one two three four")],
        ),
        (("21234567 01",), [("HEALTH_NUMBER", "21234567 01")]),
        (("1EG4-TE5-MK7",), [("HEALTH_NUMBER", "1EG4-TE5-MK7")]),
        (("aEG4-TE5-MK73",), []),
        (("2428 7785 6 1",), [("PHONE_NUMBER", "2428 7785 6 1")]),
        (("1EG4-TE5-MK73-12345",), [("HEALTH_NUMBER", "1EG4-TE5-MK73-12345")]),
    ],
)
def test_health_numbers_are_found_by_cue_form_and_checksum(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
