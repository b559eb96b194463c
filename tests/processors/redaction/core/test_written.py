"""Numbers as recognisers write them, and what looks like one and is none."""

import pytest

from antiphon.processors.redaction import Redactor


@pytest.mark.parametrize(
    ("asked", "said", "shown"),
    [
        ("phone number", "one two three 5:06 seven eight nine zero", "<PHONE_NUMBER>"),
        ("phone number", "212,555,0187", "<PHONE_NUMBER>"),
        ("phone number", "2:12 555 0187", "<PHONE_NUMBER>"),
        ("card number", "4,539 1488 0343 6467", "<CREDIT_CARD>"),
        ("card number", "4539 $14.88 0343 6467", "<CREDIT_CARD>"),
        ("card number", "four thousand five hundred thirty nine, 1488 0343", "<CREDIT_CARD>"),
        ("social security number", "5:12 67 8901", "<US_SSN>"),
        ("pin", "it's $47.19", "it's $<PIN>"),
        ("pin", "3rd 4th 7 9", "<PIN>"),
        ("account number", "it cost me $47.19 there", "it cost me $47.19 there"),
    ],
)
def test_an_asked_for_number_is_hidden_however_it_was_written(
    asked: str, said: str, shown: str
) -> None:
    redactor = Redactor()
    redactor.redact(f"What's your {asked}?", role="agent")
    assert redactor.redact(said).text == shown


@pytest.mark.parametrize(
    "said",
    [
        "4539\n1488\n0343\n6467",
        "4\u200b539 14\u200d88 03\u206043 64\ufeff67",
        "4539&nbsp;1488&nbsp;0343&nbsp;6467",
        "4,539,148,803,436,467",
        "45 39 14 88 03 43 64 67",
    ],
)
def test_a_card_is_a_card_in_any_spelling(said: str) -> None:
    assert Redactor().redact(said).text == "<CREDIT_CARD>"


@pytest.mark.parametrize(
    "said",
    [
        "the build is v20260311T101112345Z-71be2d",
        "can we do 2024-03-11 10 noon",
        "it was on 3/11/2024 10 in the morning",
        "the pod is worker-eu-20260311-07",
        "run 1b4e28ba-2fa1-4521-8883-001632104512",
        "one two three four five six seven eight",
        "the winners are 2, 9, 14, 25, 31 and 40",
    ],
)
def test_dates_codes_and_counting_are_nobody_s_number(said: str) -> None:
    assert Redactor().redact(said).text == said


def test_a_norwegian_account_is_no_correction() -> None:
    assert Redactor().redact("NO93 8601 1117 947").text == "<IBAN_CODE>"
    assert Redactor().redact("it's NO 93 8601 1117 947").text == "it's <IBAN_CODE>"


@pytest.mark.parametrize("first", ["4539 1488", "four five three nine one four eight eight"])
def test_a_card_that_nobody_announced_is_one_from_its_first_piece(first: str) -> None:
    redactor = Redactor()
    assert redactor.redact(first).text == "<CREDIT_CARD>"
    assert redactor.redact("0343 6467").text == "<CREDIT_CARD>"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("my PAN is ABCPE1234F", "my PAN is <NATIONAL_ID>"),
        ("ABCPE1234F", "<NATIONAL_ID>"),
        ("aadhaar 4987 5412 3010", "aadhaar <NATIONAL_ID>"),
        ("the code we texted is 83 19 20", "the code we texted is <PIN>"),
        ("the error code is 8319", "the error code is 8319"),
    ],
)
def test_national_numbers_and_codes_are_found_by_form_or_cue(said: str, shown: str) -> None:
    assert Redactor().redact(said).text == shown
