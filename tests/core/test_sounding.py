"""What of a written text takes a voice's time."""

import pytest

from antiphon.core.sounding import is_as_said, sounding_chars


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Come in, 24 hours!", "Comein24hours"),
        ("at [our shop](https://shop.example/tea?a=1).", "atourshop"),
        ("on [a list](https://shop.example/list_(long) 'All').", "onalist"),
        ("See https://www.shop.example for more.", "Seeshopexampleformore"),
        ('Wait. <break time="500ms"/> Done.', "WaitDone"),
        ("Is 3 < 4? Yes: it is.", "Is34Yesitis"),
        ("Great 🎉", "Great"),
    ],
)
def test_link_targets_schemes_and_tags_take_no_time(written: str, said: str) -> None:
    assert sounding_chars(written) == len(said)


@pytest.mark.parametrize("place", ["<PHONE_NUMBER>", "<PERSON>", "<NAME_1_faejwx>"])
def test_what_stands_for_a_value_is_said_and_tells_nothing_of_how_long_it_takes(place: str) -> None:
    assert sounding_chars(f"Call {place}.") > sounding_chars("Call .")
    assert not is_as_said(f"Call {place}.")


def test_a_text_without_values_is_as_long_as_what_is_said() -> None:
    assert is_as_said("Less < than <b>five</b>.")
