"""Word error rate."""

import pytest

from antiphon.simulation.recording.words import Errors, word_errors


@pytest.mark.parametrize(
    ("said", "recognised", "words", "wrong"),
    [
        ("where is my order", "Where is my order?", 4, 0),
        ("where is my order", "where is order", 4, 1),
        ("where is my order", "where is my my order", 4, 1),
        ("where is my order", "where was my mother", 4, 2),
        ("where is my order", "", 4, 4),
        ("", "hello", 0, 1),
        ("don't stop", "dont stop", 2, 1),
        ("one two three four", "two three four one", 4, 2),
        ("order seven three zero five", "Order 7305.", 5, 0),
        ("order seven three zero five", "Order 73 06.", 5, 1),
    ],
)
def test_the_fewest_edits_are_counted(said: str, recognised: str, words: int, wrong: int) -> None:
    assert word_errors(said, recognised) == Errors(words=words, wrong=wrong)


def test_the_rate_of_a_call_weighs_lines_by_their_words() -> None:
    total = word_errors("yes", "no") + word_errors("one two three", "one two three")

    assert total.rate == 0.25


def test_words_where_nothing_was_said_are_errors() -> None:
    assert word_errors("", "hello").rate == 1.0
    assert word_errors("", "").rate == 0.0
