"""What the words around a number say of it."""

import pytest

from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.units import scan
from antiphon.processors.redaction.core.view import View

ENGLISH = load_language("en")


def evidence(text: str, *expected: str, vetoed: bool = False) -> tuple[str | None, str]:
    view = View(scan(text, ENGLISH), ENGLISH, expected=expected, vetoed=vetoed)
    return view.evidence(view.segments[-1])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("my phone number is 5550132", ("PHONE_NUMBER", "cue")),
        ("my order number is 5550132", ("", "cue")),
        ("5550132", (None, "")),
        ("22 years", ("", "cue")),
        ("my pin is 22 years", ("", "cue")),
        ("my phone number is 1234567 years", ("PHONE_NUMBER", "cue")),
        ("5550132 is my phone", ("PHONE_NUMBER", "cue")),
        ("555 is my phone", (None, "")),
        ("5550132 is my order number", ("", "cue")),
        ("my card number is 4539148803436467 and 5550132", (None, "")),
        ("my pin is 4539148803436467", ("CREDIT_CARD", "cue")),
        ("nine pm", ("", "cue")),
    ],
)
def test_the_nearest_cue_says_what_a_number_is(text: str, says: tuple[str | None, str]) -> None:
    assert evidence(text) == says


def test_a_question_tells_what_nothing_else_tells() -> None:
    assert evidence("1234", "PIN") == ("PIN", "asked")
    assert evidence("4539148803436467", "PIN", "CREDIT_CARD") == ("CREDIT_CARD", "asked")
    assert evidence("it was 12 in the shop", "PIN") == (None, "")
    assert evidence("it was 123 in the shop", "PIN") == ("PIN", "asked")
    assert evidence("5550132", vetoed=True) == ("", "asked")


@pytest.mark.parametrize(
    ("text", "bare"),
    [("1234", True), ("it is 1234", True), ("shop 1234", False), ("", False), ("hello", False)],
)
def test_a_number_with_nothing_but_words_that_lead_to_it_is_bare(text: str, bare: bool) -> None:
    assert View(scan(text, ENGLISH), ENGLISH).bare is bare


def test_what_was_keyed_in_is_bare_whatever_stands_beside_it() -> None:
    assert View(scan("shop 1234", ENGLISH), ENGLISH, keys=True).bare
    assert not View(scan("shop", ENGLISH), ENGLISH, keys=True).bare


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("the parcel pin is 4471", ""),
        ("the pin on my voucher is 4471", ""),
        ("the pin for the parcel locker is 447122", ""),
        ("number on the back of my new remote 731", ""),
        ("the routing of the shipment is 021000021", ""),
        ("my customer account number is 88213344", ""),
        ("my account number with you is 88213344", ""),
        ("the pin is 4471", "PIN"),
        ("the number on the back is 731", "CVV"),
        ("i will give us account number 88213344", "BANK_ACCOUNT"),
    ],
)
def test_what_a_thing_has_of_its_own_is_no_secret(text: str, says: str) -> None:
    assert evidence(text)[0] == says


def test_a_customers_account_number_is_what_the_agent_calls_it() -> None:
    assert evidence("my account number is 88213344", vetoed=True) == ("", "asked")
