"""Values come back only for this call's placeholders, and leave no trace."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction import Vault

CARD = "4539148803436467"
ALL = {"CREDIT_CARD", "EMAIL_ADDRESS"}


def test_the_same_value_has_the_same_placeholder_and_another_one_another() -> None:
    vault = Vault()

    assert vault.keep("CREDIT_CARD", CARD) == vault.keep("CREDIT_CARD", CARD)
    assert vault.keep("CREDIT_CARD", CARD) != vault.keep("CREDIT_CARD", CARD[::-1])
    assert vault.keep("CREDIT_CARD", CARD).startswith("<CARD_1_")


@pytest.mark.parametrize(
    "mangle",
    [
        str,
        str.lower,
        lambda p: p.replace("_", " "),
        lambda p: p.replace("_", "-").title(),
        lambda p: p.strip("<>"),
        lambda p: "[" + p.strip("<>") + "]",
        lambda p: p.replace("_", " _ "),
    ],
)
def test_a_mangled_placeholder_is_still_restored(mangle) -> None:  # type: ignore[no-untyped-def]
    vault = Vault()
    placeholder = vault.keep("CREDIT_CARD", CARD)

    assert vault.restore(f"pay with {mangle(placeholder)} now", ALL) == f"pay with {CARD} now"


def test_only_the_types_allowed_are_restored() -> None:
    vault = Vault()
    text = vault.keep("CREDIT_CARD", CARD)

    assert vault.restore(text, {"EMAIL_ADDRESS"}) == text


def test_digits_for_the_tts_stand_apart() -> None:
    vault = Vault()

    assert vault.restore(vault.keep("PHONE_NUMBER", "4155"), {"PHONE_NUMBER"}, spoken=True) == (
        "4 1 5 5"
    )


def test_a_placeholder_of_another_call_or_of_no_call_stays_literal() -> None:
    vault, other = Vault(), Vault()
    vault.keep("CREDIT_CARD", CARD)
    text = (
        f"less than card one greater than <CARD_1> <CARD_1_abcdef> {other.keep('CREDIT_CARD', '1')}"
    )

    assert vault.restore(text, ALL) == text


@pytest.mark.parametrize("kind", ["CVV", "PIN"])
def test_codes_that_may_not_be_kept_are_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        Vault().keep(kind, "123")


def test_values_expire_and_are_wiped() -> None:
    now = [0.0]
    vault = Vault(ttl_s=60, clock=lambda: now[0])
    placeholder = vault.keep("CREDIT_CARD", CARD)
    now[0] = 61.0

    assert vault.restore(placeholder, ALL) == placeholder
    assert len(vault) == 0

    again = vault.keep("CREDIT_CARD", CARD)
    vault.wipe()
    assert vault.restore(again, ALL) == again


def test_a_vault_shows_no_value_and_cannot_be_pickled() -> None:
    vault = Vault()
    vault.keep("CREDIT_CARD", CARD)

    assert CARD not in repr(vault)
    with pytest.raises(TypeError, match="personal data"):
        pickle.dumps(vault)


@given(st.text(max_size=60), st.integers(0, 60))
def test_what_may_still_become_a_placeholder_is_at_the_end(text: str, cut: int) -> None:
    vault = Vault()
    placeholder = vault.keep("CREDIT_CARD", CARD)
    begun = placeholder[: cut % len(placeholder)]

    assert vault.pending(text + " " + begun) >= len(begun)
    assert vault.pending(text) <= len(text)


@pytest.mark.parametrize(
    ("end", "held"),
    [
        ("", 0),
        ("word", 0),
        ("pay <", 1),
        ("pay <CARD", 5),
        ("pay card_1", 7),
        ("pay <CARD_1_", 8),
        ("pay <CARD_2", 0),
        ("pay <XARD", 0),
    ],
)
def test_what_may_become_a_placeholder_is_known(end: str, held: int) -> None:
    vault = Vault()
    vault.keep("CREDIT_CARD", CARD)
    assert vault.pending(end) == held


def test_an_empty_vault_waits_for_nothing_but_a_bracket() -> None:
    assert Vault().pending("a card") == 0


def test_a_value_lives_until_its_time_is_over_and_longer_if_it_goes_on() -> None:
    now = [0.0]
    vault = Vault(ttl_s=10, clock=lambda: now[0])
    first, second = vault.keep("CREDIT_CARD", "4539"), vault.keep("CREDIT_CARD", "1234")
    now[0] = 9.0
    vault.append(first, "1488")
    vault.append("<CARD_9_nobody>", "1")
    now[0] = 10.0
    assert vault.restore(f"{first} {second}", ALL) == f"45391488 {second}"
    assert len(vault) == 1


def test_brackets_around_a_placeholder_go_with_it_and_others_stay() -> None:
    vault = Vault()
    placeholder = vault.keep("CREDIT_CARD", CARD)
    assert vault.restore(f"x{placeholder}", ALL) == f"x{CARD}"
    assert vault.restore(f"(({placeholder.strip('<>')}))", ALL) == f"({CARD})"
    assert vault.restore(f"{placeholder}{placeholder}.", ALL) == f"{CARD}{CARD}."


def test_types_are_counted_and_kept_apart() -> None:
    vault = Vault()
    assert vault.keep("CREDIT_CARD", "1").startswith("<CARD_1_")
    assert vault.keep("CREDIT_CARD", "2").startswith("<CARD_2_")
    assert vault.keep("EMAIL_ADDRESS", "1") != vault.keep("CREDIT_CARD", "1")
