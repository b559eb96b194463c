"""The words of a sentence as a voice says them: none doubled, lost or moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction import Redactor
from antiphon.processors.redaction.core.announced import Announced, Look

LINES = [
    "Visit us at 77 Harbour Street, any day.",
    "Call (415) 555-0142.",
    "I have 4539 1488 0343 6467, and jane@example.com: right?",
    "We are open from nine to five; it costs $5.50 today.",
]


def announced() -> Announced:
    redactor = Redactor()
    return Announced(lambda text: Look(*[redactor.find(text)] * 2), redactor.replacement)


@pytest.mark.parametrize("line", LINES)
def test_word_by_word_it_reads_as_the_whole_does(line: str) -> None:
    words = announced()
    words.note(1, line)

    shown = [words.said(1, word) for word in line.split()]

    left = [text for text, _ in filter(None, shown) if text]
    assert None not in shown
    assert " ".join(left) == Redactor().peek(line, "agent").text
    assert sum(begins for _, begins in filter(None, shown)) == len(Redactor().find(line))


@given(st.sampled_from(LINES), st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_in_pieces_that_bring_their_spaces_it_reads_as_the_whole_does(
    line: str, sizes: list[int]
) -> None:
    words, at, left = announced(), 0, ""
    words.note(1, line)
    for size in [*sizes, len(line)]:
        piece = line[at : at + size]
        at += size
        if shown := words.said(1, piece) if piece.strip() else (piece, False):
            left += shown[0]

    assert " ".join(left.split()) == " ".join(Redactor().peek(line, "agent").text.split())


def test_a_number_that_goes_on_in_the_next_sentence_is_one_number() -> None:
    words = announced()
    words.note(1, "The card is 4539 1488 0343.")
    words.note(2, "6467 at the end.")
    assert words.said(2, "6467") == ("<CREDIT_CARD>", True)
    assert words.said(2, "at") == ("at", False)


def test_a_word_of_no_sentence_is_not_known() -> None:
    words = announced()
    words.note(1, "Good morning.")
    assert words.said(None, "Good") is None
    assert words.said(2, "Good") is None
    assert words.said(1, "evening") is None
    assert words.said(1, "morning.") == ("morning.", False)
    words.clear()
    assert words.said(1, "Good") is None
