"""A number is looked up only where it is clear which was meant, and that all of it was heard."""

import pytest

from antiphon.services.scripted.meant import UnclearNumberError, meant_number


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("My order number is 4217, no wait, 4271.", "4271"),
        ("Order 8123, I mean 8132.", "8132"),
        ("It's not 4217, it's 4271.", "4271"),
        ("I ordered it in 2024, the number is 4217", "4217"),
        ("My order number is oh four two.", "042"),
        ("Where is my order? Oh, 427.", "427"),
        ("It's number 427 I think", "427"),
        ("My order's 427", "427"),
        ("order triple seven one", "7771"),
        ("DTMF: 66621#", "66621"),
        ("order 4217 for 2 lamps", "4217"),
    ],
)
def test_the_number_that_was_meant_is_found(said: str, digits: str) -> None:
    assert meant_number(said, looked_up=True) == digits


@pytest.mark.parametrize(
    "said",
    [
        "I ordered in 2024",
        "I ordered on the 14th of November 2025",
        "My address is 221 Baker Street",
        "I live in 90210",
        "My phone number is 0171 5550123",
        "my flat number is 301",
        "My customer number is 88213",
        "I ordered 150 tiles",
    ],
)
def test_the_number_of_something_else_is_none(said: str) -> None:
    assert meant_number(said, looked_up=True) is None


@pytest.mark.parametrize(
    "said",
    [
        "8-3-i-2-0",
        "It's 83 I 20.",
        "order A4217",
        "order AB-1234",
        "The order number is 4B17.",
        "order number B as in bravo 417",
        "1234567890123456789",
        "order 300 and order 301",
        "4411 and 4412",
        "order number 600 and 50",
        "number 4, 2, 1, and then a 7",
        "it's four two one uh one seven",
        "four two one dash three",
        "The number is 8 or 3 5.",
        "Could you check order on 984?",
        "No, for 577.",
        "what is happening with 451 to, please",
        "The last four digits are 9912.",
        "It's 4217, no, 71",
        "the number is [ORDER_1]",
        "my order number is <US_SSN>",
    ],
)
def test_a_number_that_may_be_another_is_not_to_be_looked_up(said: str) -> None:
    with pytest.raises(UnclearNumberError) as unclear:
        meant_number(said, looked_up=True)
    assert unclear.value.likely == ""


@pytest.mark.parametrize(
    ("said", "likely"),
    [
        ("6621 6621", "66216621"),
        ("Order 66621, please.", "66621"),
        ("It's number 9-4.", "94"),
        ("The number is 8.35.", "835"),
        ("I think the number is 30 115.", "30115"),
        ("It's 8 3920", "83920"),
    ],
)
def test_a_number_that_is_written_oddly_is_told_to_be_asked_for_again(
    said: str, likely: str
) -> None:
    with pytest.raises(UnclearNumberError) as unclear:
        meant_number(said, looked_up=True)
    assert unclear.value.likely == likely


def test_a_number_that_is_not_looked_up_need_not_be_clear_but_is_none_of_an_order() -> None:
    assert meant_number("4242 4242 4242 4242") == "4242424242424242"
    assert meant_number("can I pay for order 4217 by card") is None
