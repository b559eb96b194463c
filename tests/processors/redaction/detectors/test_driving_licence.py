"""Driving licences."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my driver's license number is D1234567",), [("DRIVER_LICENSE", "D1234567")]),
        (("d l number is b seven seven two two",), [("DRIVER_LICENSE", "b seven seven two two")]),
        (("MORGA657054SM9IJ",), [("DRIVER_LICENSE", "MORGA657054SM9IJ")]),
        (
            ("m o r g a six five seven oh five four s m nine i j",),
            [("DRIVER_LICENSE", "m o r g a six five seven oh five four s m nine i j")],
        ),
        (("M9RGA657054SM9IJ",), []),
        (("MORGAX57054SM9IJ",), []),
        (("i have a licence to print money",), []),
        (("MORGA657054SM9",), [("DRIVER_LICENSE", "MORGA657054SM9")]),
        (("MORGA677054SM9IJ",), []),
        (("MORGA657054SM9IJ123456",), [("DRIVER_LICENSE", "MORGA657054SM9IJ123456")]),
    ],
)
def test_licences_are_found_by_cue_and_british_form(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
