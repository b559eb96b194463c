"""The ear is never told a tag, and no word that the model wrote is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction import Policy, Vault
from antiphon.processors.redaction.core.ear import Ear
from antiphon.processors.redaction.core.entities import ENTITY_TYPES
from antiphon.processors.redaction.core.language import LANGUAGES

CARD = "4539148803436467"
GDPR = Policy.preset("gdpr")


def told(text: str, policy: Policy = GDPR, language: str = "en") -> str:
    """What is said of a text in which each {value} is a placeholder."""
    vault = Vault()
    kept = {
        "card": vault.keep("CREDIT_CARD", CARD),
        "phone": vault.keep("PHONE_NUMBER", "4155"),
        "name": vault.keep("PERSON", "Dana Okafor"),
        "cvv": vault.keep("CVV", "917"),
    }
    return Ear(policy, vault, language=language).say(text.format(**kept))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Thank you, {name}.", "Thank you, Dana Okafor."),
        ("I will call {phone}, right?", "I will call 4 1 5 5, right?"),
        ("I charged {card}.", "I charged the card number you gave ending in 6 4 6 7."),
        ("I charged your {card}.", "I charged your card number ending in 6 4 6 7."),
        ("Is it the card {card}?", "Is it the card ending in 6 4 6 7?"),
        ("Your code {cvv} is right.", "Your code the security code you gave is right."),
        ("Your <CVV>, please.", "Your security code, please."),
        ("Hello <PERSON>.", "Hello the name you gave."),
        ("It is <CREDIT_CARD 6467>.", "It is the card number you gave ending in 6 4 6 7."),
        ("Your <US_SSN 5f2b00aa11cc>?", "Your social security number?"),
        ("That is <CARD_9_qqqqqq>.", "That is the card number you gave."),
        ("Take the <HEALTH_NUMBER>.", "Take the number."),
        ("Your <PASSWORD>?", "Your password?"),
        ("Is 3 < 5 and <b>bold</b> <NOTHING>?", "Is 3 < 5 and <b>bold</b> <NOTHING>?"),
        ("Visit us at 77 Harbour Street.", "Visit us at 77 Harbour Street."),
    ],
)
def test_a_value_is_said_in_full_or_as_its_last_four_or_by_what_it_is(
    written: str, said: str
) -> None:
    assert told(written) == said


def test_what_the_policy_does_not_give_to_the_ear_is_not_said() -> None:
    policy = Policy(ear={"PHONE_NUMBER": "last_four"}, tools={"mail": ["PERSON"]})
    assert told("Hello {name}, on {phone}.", policy) == (
        "Hello the name you gave, on the phone number you gave."
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(ENTITY_TYPES))
def test_no_type_is_said_as_a_tag_in_any_language(kind: str, language: str) -> None:
    said = Ear(Policy(), Vault(), language=language).say(f"x <{kind}> y")
    assert said.startswith("x ")
    assert said.endswith(" y")
    assert not set("<>_") & set(said)
    assert len(said.split()) > 2


@given(st.lists(st.integers(1, 9), max_size=20), st.sampled_from(["gdpr", "pci", "model"]))
def test_in_pieces_the_same_is_said_as_in_whole(sizes: list[int], preset: str) -> None:
    vault = Vault()
    card, name = vault.keep("CREDIT_CARD", CARD), vault.keep("PERSON", "Dana Okafor")
    text = f"Hi {name.lower()}, your {card} and <PIN>, 3 < 4 (x) <CREDIT_CARD 6467> [{name} <"
    ear = Ear(Policy.preset(preset), vault)
    said, at = "", 0
    for size in sizes:
        said += ear.feed(text[at : at + size])
        at += size
    said += ear.feed(text[at:])

    assert said + ear.flush() == Ear(Policy.preset(preset), vault).say(text)


@given(st.text(alphabet="ab <>[]_.4A\n", max_size=80), st.integers(1, 7))
def test_what_holds_no_placeholder_is_said_as_it_was_written(text: str, size: int) -> None:
    ear = Ear(GDPR, Vault())
    pieces = [ear.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(pieces) + ear.flush() == text


def test_words_that_cannot_become_a_placeholder_are_not_held() -> None:
    vault = Vault()
    vault.keep("CREDIT_CARD", CARD)
    ear = Ear(GDPR, vault)
    assert [ear.feed(piece) for piece in ("Your", " order", " is", " 3 <", " 4")] == [
        "Your",
        " order",
        " is",
        " 3 ",
        "< 4",
    ]


def test_what_was_said_is_counted_and_known_again() -> None:
    vault = Vault()
    ear = Ear(GDPR, vault)
    said = ear.say(f"{vault.keep('PERSON', 'Dana Okafor')}: {vault.keep('CREDIT_CARD', CARD)}")
    assert ear.counts == {"PERSON": 1, "CREDIT_CARD": 1}
    assert [said[e.start : e.end] for e in vault.said_in(said)] == [
        "Dana Okafor",
        "ending in 6 4 6 7",
    ]
