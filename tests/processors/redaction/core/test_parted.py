"""Values that a caller says in one breath come apart, so that a tool gets each as its own."""

import pytest

from antiphon.processors.redaction import Policy, Redactor

CARD = "4539148803436467"
CHARGE = Policy(tools={"charge": ["CREDIT_CARD", "CARD_EXPIRY", "CVV"]})
ALL = "Card number, expiry date and security code?"
BOTH = "What's the expiry date and the security code?"


def values(question: str, said: str) -> list[tuple[str, str]]:
    redactor = Redactor(CHARGE)
    redactor.redact(question, role="agent")
    return [(found.type, found.value) for found in redactor.redact(said).entities]


@pytest.mark.parametrize("question", [ALL, "How can I help?"])
@pytest.mark.parametrize(
    "said",
    [
        "4539 1488 0343 6467 09/27 917",
        "4539148803436467 09 27 917",
        "four five three nine one four eight eight oh three four three six four six seven oh nine "
        "twenty seven nine one seven",
    ],
)
def test_a_card_its_date_and_its_code_in_one_breath_are_three_values(
    question: str, said: str
) -> None:
    assert values(question, said) == [
        ("CREDIT_CARD", CARD),
        ("CARD_EXPIRY", "0927"),
        ("CVV", "917"),
    ]


@pytest.mark.parametrize(
    "said",
    ["09 27 917", "0927, 917", "09/27 and the digits are 917", "zero nine 27 nine one seven"],
)
def test_a_date_and_a_code_in_one_breath_are_two_values(said: str) -> None:
    (date, _), code = values(BOTH, said)
    assert (date, code) == ("CARD_EXPIRY", ("CVV", "917"))


def test_a_zip_code_behind_a_card_is_no_part_of_it() -> None:
    assert values("Card and zip please.", "4539 1488 0343 6467 94103") == [("CREDIT_CARD", CARD)]


def test_the_record_has_neither_a_card_nor_the_zip_code_behind_it() -> None:
    redactor = Redactor()
    redactor.redact("Card and zip please.", role="agent")
    assert redactor.redact("4539148803436467 94103").text == "<CREDIT_CARD> <ZIP_CODE>"


def test_the_four_digits_behind_a_card_of_fifteen_are_its_code_if_that_was_asked_for() -> None:
    found = values("Your card number and the security code?", "3714 496353 98431 1226")
    assert found == [("CREDIT_CARD", "371449635398431"), ("CVV", "1226")]


@pytest.mark.parametrize(
    "said", ["4539 1488 0343 6467 sorry 4539 1488 0343 6475", "4539 1488 0343"]
)
def test_a_correction_or_a_part_of_a_card_stays_one_number(said: str) -> None:
    assert [kind for kind, _ in values("What's your card number?", said)] == ["CREDIT_CARD"]


def test_letters_alone_answer_a_question_for_a_number_of_letters_and_digits() -> None:
    redactor = Redactor()
    redactor.redact("Can I have your driver's license number?", role="agent")
    assert redactor.redact("okay s m i t").text == "okay <DRIVER_LICENSE>"
    assert not redactor.failures
