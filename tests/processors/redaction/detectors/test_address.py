"""Street addresses and postcodes."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("send it to 12 Acacia Avenue",), [("STREET_ADDRESS", "12 Acacia Avenue")]),
        (
            ("i live at twelve acacia avenue apartment four",),
            [("STREET_ADDRESS", "twelve acacia avenue apartment four")],
        ),
        (("my zip code is 90210",), [("ZIP_CODE", "90210")]),
        (("at amc plaza 24 because it is close to me",), []),
        (("it is 12 miles away",), []),
        (("i live at 12 elm street",), [("STREET_ADDRESS", "12 elm street")]),
        (
            ("12 old mill road, apartment 4b, springfield 62704",),
            [("STREET_ADDRESS", "12 old mill road, apartment 4b, springfield 62704")],
        ),
        (("12 street",), []),
        (("5 people on the street",), []),
        (("agent| what's your address?", "it's twelve"), []),
        (("agent| what's your address?", "no"), []),
        (("my zip is 62704",), [("ZIP_CODE", "62704")]),
        (("12 a b c d e street",), []),
        (("12 elm street! 34",), [("STREET_ADDRESS", "12 elm street")]),
        (("12 elm street, flat 3",), [("STREET_ADDRESS", "12 elm street, flat 3")]),
        (("the 5th avenue is long",), []),
        (("twelve elm street",), [("STREET_ADDRESS", "twelve elm street")]),
        (("12, elm street",), []),
        (("12 elm street, which is where 34 people came",), [("STREET_ADDRESS", "12 elm street")]),
        (
            ("12 acacia elm mill stone street",),
            [("STREET_ADDRESS", "12 acacia elm mill stone street")],
        ),
        (
            ("12 elm street oak pine ash birch 62704",),
            [("STREET_ADDRESS", "12 elm street oak pine ash birch 62704")],
        ),
    ],
)
def test_addresses_are_found_by_street_word_cue_or_question(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
