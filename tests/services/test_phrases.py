import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.services.phrases import DIGIT_WORDS, Phrase, jsgf_from_phrases, spoken_form


@pytest.mark.parametrize(
    ("transcript", "spoken"),
    [
        ("What are your opening hours?", "what are your opening hours"),
        ("My order's number: 4821.", "my order's number four eight two one"),
        ("It’s  4,821", "it's four eight two one"),
        ("my card is [CARD_1] thanks", "my card is [CARD_1] thanks"),
        ("my card is <CARD>.", "my card is <CARD>"),
        ("[inaudible]", "[inaudible]"),
        ("Où est ma commande ?", "où est ma commande"),
        ("…!?", ""),
    ],
)
def test_any_recognisers_transcript_becomes_spoken_words(transcript: str, spoken: str) -> None:
    assert spoken_form(transcript) == spoken


@pytest.mark.parametrize(
    ("phrase", "said", "slots"),
    [
        ("when are you open", "when are you open", {}),
        ("when are you open", "hello when are you open today", {}),
        ("when are you open", "when are you opening", None),
        ("open", "opened", None),
        ("order {number:digits}", "order four oh two one", {"number": "4021"}),
        ("order {number:digits}", "my order four please", {"number": "4"}),
        ("order {number:digits}", "order please", None),
        ("order {number:digits}", "order [ORDER_1]", {"number": "[ORDER_1]"}),
        ("order {number:digits}", "order four two <CARD>", {"number": "42<CARD>"}),
        ("open on {day:monday|new year}", "open on new year", {"day": "new year"}),
        ("open on {day:monday|new year}", "open on tuesday", None),
        ("from {a:digits} to {b:digits}", "from one two to nine", {"a": "12", "b": "9"}),
    ],
)
def test_a_phrase_is_found_with_its_slots(
    phrase: str, said: str, slots: dict[str, str] | None
) -> None:
    assert Phrase.parse(phrase).match(said) == slots


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("", "is empty"),
        ("open at 9", "'9' is neither a plain word nor a slot"),
        ("what? now", r"'what\?' is neither"),
        ("order {number}", "is neither a plain word nor a slot"),
        ("order {number:numbers!}", "slot 'number' is 'numbers!'"),
        ("order {number:}", "slot 'number' is ''"),
        ("{a:digits} {a:digits}", "two slots of one name"),
    ],
)
def test_a_phrase_that_cannot_be_read_says_what_is_wrong(phrase: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Phrase.parse(phrase)


def test_the_grammar_has_each_phrase_once_and_spoken_digits() -> None:
    grammar = jsgf_from_phrases(
        ["stop", "order {a:digits}", "order {b:digits}", "on {day:monday|new year}"]
    )

    assert grammar.startswith("#JSGF V1.0;")
    public = re.sub(r"\s+", " ", grammar.split("public <phrase> =")[1])
    assert public == " stop | order <digit>+ | on (monday | new year); "
    assert "<digit> = zero | one |" in grammar
    assert "oh;" in grammar


def test_a_grammar_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one phrase"):
        jsgf_from_phrases([])


@given(digits=st.text(alphabet="0123456789", min_size=1, max_size=20))
def test_a_number_is_the_same_written_or_spoken(digits: str) -> None:
    phrase = Phrase.parse("order {number:digits}")
    spoken = " ".join(DIGIT_WORDS[int(digit)] for digit in digits)

    assert phrase.match(spoken_form(f"order {digits}")) == {"number": digits}
    assert phrase.match(spoken_form(f"order {spoken}")) == {"number": digits}


@given(text=st.text(max_size=200))
def test_any_text_has_a_spoken_form_that_stays_as_it_is(text: str) -> None:
    spoken = spoken_form(text)

    assert spoken_form(spoken) == spoken
    assert spoken == " ".join(spoken.split())
