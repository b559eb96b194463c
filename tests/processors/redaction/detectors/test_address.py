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
    ],
)
def test_addresses_are_found_by_street_word_cue_or_question(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
