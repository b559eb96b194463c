"""How much of each item of a model's speech was heard, and which of its words are complete."""

import pytest

from antiphon.processors.interruption.growing import whole_words
from antiphon.processors.interruption.spoken_items import HeardItem, SpokenItems


def of_two() -> SpokenItems:
    items = SpokenItems()
    for at_ms in (0, 500):
        items.receive("first", 0, at_ms=at_ms, ms=500)
    items.receive("second", 1, at_ms=1000, ms=700)
    return items


@pytest.mark.parametrize(
    ("heard_ms", "cut"),
    [
        (0.0, [HeardItem("first", 0, 0), HeardItem("second", 1, 0)]),
        (640.7, [HeardItem("first", 0, 640), HeardItem("second", 1, 0)]),
        (1250.0, [HeardItem("second", 1, 250)]),
        (1700.0, []),
    ],
)
def test_each_item_that_was_not_heard_to_its_end_is_cut_where_it_was_heard(
    heard_ms: float, cut: list[HeardItem]
) -> None:
    items = of_two()
    assert items.cut(heard_ms) == cut
    assert items.cut(0.0) == []


def test_what_was_heard_to_its_end_is_forgotten_but_for_the_last() -> None:
    items = of_two()
    items.heard(1700.0)
    assert items.cut(0.0) == [HeardItem("second", 1, 0)]


@pytest.mark.parametrize(
    ("text", "whole", "rest"),
    [
        ("Hel", "", "Hel"),
        ("Hello, th", "Hello,", " th"),
        ("Hello, this is", "Hello, this", " is"),
        ("Hello ", "", "Hello "),
        ("", "", ""),
        ("一つ二", "一つ二", ""),
    ],
)
def test_a_word_is_complete_when_the_next_has_begun(text: str, whole: str, rest: str) -> None:
    assert whole_words(text) == (whole, rest)
