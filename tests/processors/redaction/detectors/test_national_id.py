"""National identity and tax numbers."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (
            ("my national insurance number is q q one two three four five six c",),
            [("NATIONAL_ID", "q q one two three four five six c")],
        ),
        (("AB 12 34 56 C",), [("NATIONAL_ID", "AB 12 34 56 C")]),
        (("12345678Z",), [("NATIONAL_ID", "12345678Z")]),
        (("aadhaar 2341 2341 2346",), [("NATIONAL_ID", "2341 2341 2346")]),
        (("4405 1401 359",), [("NATIONAL_ID", "4405 1401 359")]),
        (("111222333",), [("NATIONAL_ID", "111222333")]),
        (("1234567T",), [("NATIONAL_ID", "1234567T")]),
        (("my order number is 111222333",), []),
        (("850730 033 28",), [("NATIONAL_ID", "850730 033 28")]),
        (("000123456",), [("NATIONAL_ID", "000123456")]),
        (("AB1234567890 C",), [("NATIONAL_ID", "AB1234567890 C")]),
        (("RSSMRA85T10A562S",), [("NATIONAL_ID", "RSSMRA85T10A562S")]),
        (("order 1112 2233 3",), []),
        (("order number 12345678Z",), []),
    ],
)
def test_national_numbers_are_found_by_cue_shape_and_checksum(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
