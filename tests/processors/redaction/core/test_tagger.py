"""The tagger of names and addresses: the same in pieces as in one, and a bound on what it keeps."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction import Redactor, StreamRedactor
from antiphon.processors.redaction.core.language import load_language

REPLIES = [
    "Thank you, Margaret Holloway. Your appointment with Dr. Patel is at 3 pm.",
    "I have you as Dana Mills at 12 Acacia Avenue, apartment 4, Springfield 62704. Is that right?",
    "Okay Priya, I sent it to priya@example.com and to your colleague Liam Fitzgerald in Boston.",
    "Your order 48213 ships to Kurfürstendamm 21, 10719 Berlin on Monday.",
    "Visit us at 77 Old Mill Road any day, or at the corner of Fifth Street and Main Street.",
    "Our address is 450 South Virginia Street, Reno.",
    "You will find us at 1200 Grand Avenue, suite 5.",
    "The total is 45 dollars for 3 tickets on March 4th at the Olive Garden.",
]


@given(st.sampled_from(REPLIES), st.lists(st.integers(0, 10_000), max_size=60))
def test_a_reply_in_pieces_loses_what_it_loses_in_one(reply: str, places: list[int]) -> None:
    edges = [0, *sorted({p % len(reply) for p in places} - {0}), len(reply)]
    stream = StreamRedactor()
    text = "".join(stream.feed(reply[a:b]) for a, b in pairwise(edges)) + stream.flush()

    assert text == Redactor().redact(reply, role="agent").text


def test_an_address_leaves_its_tag_word_by_word() -> None:
    stream = StreamRedactor()
    words = [" " + word for word in REPLIES[4].split()]

    assert "".join(map(stream.feed, words)).startswith(" Visit us at <STREET_ADDRESS> any day")


def test_words_of_no_name_are_kept_by_the_process_and_names_are_not() -> None:
    tagger = load_language("en").tagger
    assert tagger
    Redactor().redact("zbigniew grzegorczyk wants a strawberry tart for gwendolyn")

    assert "strawberry" in tagger.words.idle
    assert not {"zbigniew", "grzegorczyk", "gwendolyn"} & tagger.words.idle


def test_any_text_gets_a_label_for_each_token() -> None:
    rng = Random(5)
    language = load_language("en")
    redactor = Redactor()
    for _ in range(300):
        text = "".join(rng.choices("aZé ß1.,'’-@#\n<>Σж中 st road 12", k=rng.randrange(60)))
        assert redactor.redact(text).failed == "", repr(text)
    assert language.tagger
