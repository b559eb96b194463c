"""Values come back only for this call's placeholders, and leave no trace."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction import Vault
from antiphon.processors.redaction.core.entities import SENSITIVE_AUTHENTICATION

CARD = "4539148803436467"
ALL = {"CREDIT_CARD", "EMAIL_ADDRESS"}


def restored(vault: Vault, text: str) -> str:
    shown: str = vault.restore(text, ALL)[0]
    return shown


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

    assert restored(vault, f"pay with {mangle(placeholder)} now") == f"pay with {CARD} now"


def test_only_the_types_allowed_are_restored() -> None:
    vault = Vault()
    text = vault.keep("CREDIT_CARD", CARD)

    assert vault.restore(text, {"EMAIL_ADDRESS"}) == (text, {})


def test_a_tool_s_arguments_are_restored_in_any_depth_and_counted() -> None:
    vault = Vault()
    card = vault.keep("CREDIT_CARD", CARD)

    assert vault.restore({"card": card.lower(), card: [card, 5, None]}, ALL) == (
        {"card": CARD, CARD: [CARD, 5, None]},
        {"CREDIT_CARD": 1},
    )


@pytest.mark.parametrize("kind", sorted(SENSITIVE_AUTHENTICATION))
def test_a_code_is_given_once_and_then_gone(kind: str) -> None:
    vault = Vault()
    code = vault.keep(kind, "917")

    assert vault.restore([code], ()) == ([code], {})
    assert vault.restore([code, {"again": code}], {kind}) == (["917", {"again": "917"}], {kind: 1})
    assert vault.restore([code], {kind}) == ([code], {})
    assert len(vault) == 0


@pytest.mark.parametrize(
    ("heard", "kinds"),
    [
        ("So that is Dana Okafor.", ["Dana Okafor"]),
        ("So that is Dana —", ["Dana"]),
        ("So that is Dana.", ["Dana"]),
        ("Danas are no Dana Okafors", []),
        ("I will call 4 1 5 5 5 5, right", []),
        ("I will call 4 1 5 5 —", ["4 1 5 5"]),
        ("I have 4", []),
    ],
)
def test_what_a_voice_has_said_is_known_again_even_if_it_was_cut_off(
    heard: str, kinds: list[str]
) -> None:
    vault = Vault()
    for kind, value, form in (
        ("PERSON", "Dana Okafor", "Dana Okafor"),
        ("PHONE_NUMBER", "4155555", "4 1 5 5 5 5 5"),
    ):
        vault.note_said(vault.keep(kind, value).strip("<>"), form)

    assert [heard[e.start : e.end] for e in vault.said_in(heard)] == kinds
    vault.wipe()
    assert [*vault.said_in(heard)] == []


def test_a_placeholder_of_another_call_or_of_no_call_stays_literal() -> None:
    vault, other = Vault(), Vault()
    vault.keep("CREDIT_CARD", CARD)
    text = (
        f"less than card one greater than <CARD_1> <CARD_1_abcdef> {other.keep('CREDIT_CARD', '1')}"
    )

    assert restored(vault, text) == text


def test_values_expire_and_are_wiped() -> None:
    now = [0.0]
    vault = Vault(ttl_s=60, clock=lambda: now[0])
    placeholder = vault.keep("CREDIT_CARD", CARD)
    now[0] = 61.0

    assert restored(vault, placeholder) == placeholder
    assert len(vault) == 0

    again = vault.keep("CREDIT_CARD", CARD)
    vault.wipe()
    assert restored(vault, again) == again


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
    assert restored(vault, f"{first} {second}") == f"45391488 {second}"
    assert len(vault) == 1


def test_brackets_around_a_placeholder_go_with_it_and_others_stay() -> None:
    vault = Vault()
    placeholder = vault.keep("CREDIT_CARD", CARD)
    assert restored(vault, f"x{placeholder}") == f"x{CARD}"
    assert restored(vault, f"(({placeholder.strip('<>')}))") == f"({CARD})"
    assert restored(vault, f"{placeholder}{placeholder}.") == f"{CARD}{CARD}."


def test_types_are_counted_and_kept_apart() -> None:
    vault = Vault()
    assert vault.keep("CREDIT_CARD", "1").startswith("<CARD_1_")
    assert vault.keep("CREDIT_CARD", "2").startswith("<CARD_2_")
    assert vault.keep("EMAIL_ADDRESS", "1") != vault.keep("CREDIT_CARD", "1")
