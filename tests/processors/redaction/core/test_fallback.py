"""What is masked when detection has failed."""

import pytest

from antiphon.processors.redaction.core.fallback import (
    is_counter,
    mask_numbers,
    without_numerals,
)
from antiphon.processors.redaction.core.language import load_language

ENGLISH = load_language("en")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("it is one two three ok", ["one two three"]),
        ("it is one two ok", []),
        ("it is 123 ok", ["123"]),
        ("it is 12 ok", []),
        ("1 - 2 - 3", ["1 - 2 - 3"]),
        ("1 x 2 y", ["1 x 2 y"]),
        ("a 12", []),
        ("forty-two six", ["forty-two six"]),
        ("b c d", ["b c d"]),
        ("1 2 and 3 4", []),
        ("12 3, then 456", ["12 3,", "456"]),
        ("mail jo@example.org now", ["jo@example.org"]),
        ("oh I say to jo at example dot com now", ["say to jo at example dot com now"]),
        ("mail jo at example.com now", ["mail jo at example.com now"]),
        ("meet at noon", []),
    ],
)
def test_numerals_and_addresses_are_masked_by_the_simplest_means(
    text: str, masked: list[str]
) -> None:
    assert [text[e.start : e.end] for e in mask_numbers(text, ENGLISH)] == masked


def test_of_a_beginning_every_numeral_is_starred() -> None:
    assert without_numerals("pay 4 and one to jo", ENGLISH) == "pay * and * to jo"


@pytest.mark.parametrize(
    ("word", "counter"),
    [
        ("TTS#12", True),
        ("TTS#1234567", False),
        ("#12", False),
        ("2026-01-31T10:00:00", True),
        ("2026-01-31T10:00:00.123", True),
        ("2026-01-31", False),
        ("2026-01-31 10:00:00", False),
        ("12.345s", True),
        ("123.45", False),
        ("1.2.3", False),
        ("12", False),
    ],
)
def test_what_a_log_is_full_of_is_known(word: str, counter: bool) -> None:
    assert is_counter(word) is counter
    spared = not mask_numbers(word, ENGLISH, fewest=1, keep=True)
    assert spared is counter
