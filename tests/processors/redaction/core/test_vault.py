"""Values come back only for this call's placeholders, and leave no trace."""

import pickle

import pytest
from antiphon.processors.redaction import Vault
from hypothesis import given
from hypothesis import strategies as st

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
