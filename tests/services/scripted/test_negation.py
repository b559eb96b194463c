"""What is not wanted is told apart from what is, and from a question that only sounds like it."""

import pytest

from antiphon.services.scripted.negation import clauses, negated_words, without_negated


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("I don't want to cancel my order", {"cancel"}),
        ("Please don’t cancel it", {"cancel"}),
        ("I'm not calling about the refund", {"refund"}),
        ("That's not all.", {"all"}),
        ("Aren't you open?", set()),
        ("Why can't I cancel?", set()),
        ("No, cancel it", set()),
    ],
)
def test_the_word_that_a_not_is_about(said: str, words: set[str]) -> None:
    assert negated_words(said) == words


def test_the_rest_is_what_may_be_wanted() -> None:
    said = "I don't want to cancel, I just want to know where it is."

    assert without_negated(said) == "I just want to know where it is"
    assert without_negated("Please don't cancel my order.") == ""


def test_a_polite_sentence_has_its_request_in_a_part() -> None:
    assert "whether you might be open" in clauses(
        "Would you mind telling me whether you might be open"
    )
    assert clauses("where is it") == []
