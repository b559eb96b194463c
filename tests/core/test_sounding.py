"""What of a written text takes a voice's time."""

import pytest

from antiphon.core.sounding import sounding_chars


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
