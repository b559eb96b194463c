"""Vehicle identification numbers and licence plates."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("1M8GDM9AXKP042788",), [("VEHICLE_ID", "1M8GDM9AXKP042788")]),
        (("it is 1M8GDM9A1KP042788",), []),
        (("my license plate is 7 k l m 304",), [("VEHICLE_ID", "7 k l m 304")]),
        (("agent| what's the plate number?", "it's AB12 CDE"), [("VEHICLE_ID", "AB12 CDE")]),
        (("i need a plate of 12 cookies",), []),
    ],
)
def test_vehicles_are_found_by_cue_question_or_check_digit(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert [e for e in found(*turns) if e[0] == "VEHICLE_ID"] == expected
