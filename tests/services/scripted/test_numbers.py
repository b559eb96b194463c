"""Numbers are found in what was said, however a recogniser writes them, and only numbers."""

import pytest

from antiphon.services.scripted.numbers import mask_numbers, spoken_numbers


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("Order 4-2-7.", "427"),
        ("order number 427", "427"),
        ("four two seven", "427"),
        ("my order's four hundred and twenty seven", "427"),
        ("It's four twenty seven.", "427"),
        ("4 hundred 27", "427"),
        ("forty two seventeen", "4217"),
        ("7, 3, 0, 5", "7305"),
        ("Seven. Three. Zero. Five.", "7305"),
        ("seventy-three oh five", "7305"),
        ("double four seven", "447"),
        ("7 triple 5", "7555"),
        ("4 to 7", "427"),
        ("I have an order to 098", "2098"),
        ("I think it's 12.05.", "1205"),
        ("one thousand two hundred and five", "1205"),
        ("twelve thirty four", "1234"),
        ("zero zero seven", "007"),
        ("not that one, 427", "427"),
        ("it's one, four, two", "142"),
        ("the number is [CARD_1]", "[CARD_1]"),
        ("DTMF: 7305#", "7305"),
    ],
)
def test_a_number_is_read_however_it_is_written(said: str, digits: str) -> None:
    assert [number.digits for number in spoken_numbers(said)] == [digits]


@pytest.mark.parametrize(
    "said",
    [
        "in 3 days",
        "at 9:30",
        "9 a.m.",
        "on the 5th",
        "$50",
        "50 dollars",
        "for you",
        "oh",
        "one day",
    ],
)
def test_a_time_a_price_and_a_count_are_no_numbers_of_their_own(said: str) -> None:
    assert spoken_numbers(said) == []


def test_two_sentences_are_not_one_number() -> None:
    found = spoken_numbers("It is order 427. 2 lamps and 12 chairs")

    assert [number.digits for number in found] == ["427", "2", "12"]


def test_all_numbers_are_alike_when_masked_but_the_word_one() -> None:
    assert mask_numbers("Has one order, 4-2-7, gone, or 12?") == "Has one order, #, gone, or #?"
