import pytest

from antiphon.processors.interruption.doubles import DoubledFinals


def heard() -> DoubledFinals:
    """After a voice that ended at 10 s, and its words."""
    doubles = DoubledFinals()
    doubles.voice_began(9.0)
    doubles.voice_ended(10.0)
    assert not doubles.again("Call me back.", "", 10.5)
    return doubles


def test_the_same_words_after_no_voice_are_sent_twice() -> None:
    doubles = heard()
    assert doubles.again("call me back", "", 11.5)
    assert doubles.again("Call me back.", "", 12.4)


@pytest.mark.parametrize(
    ("text", "user", "at"),
    [("Call me.", "", 11.0), ("Call me back.", "b", 11.0), ("Call me back.", "", 12.6)],
)
def test_other_words_other_callers_and_later_ones_are_new(text: str, user: str, at: float) -> None:
    assert not heard().again(text, user, at)


def test_a_voice_or_an_interim_between_makes_them_new() -> None:
    spoken, told = heard(), heard()
    spoken.voice_began(10.6)
    assert not spoken.again("Call me back.", "", 11.0)
    told.interim()
    assert not told.again("Call me back.", "", 11.0)


def test_who_goes_on_has_not_yet_said_so_many_words_again() -> None:
    doubles = heard()
    doubles.voice_began(10.6)
    assert doubles.again("Call me back.", "", 10.8)


def test_where_no_voice_is_ever_noticed_nothing_is_taken_for_a_double() -> None:
    doubles = DoubledFinals()
    assert not doubles.again("Five.", "", 1.0)
    assert not doubles.again("Five.", "", 1.5)


def test_the_same_words_a_moment_later_are_sent_twice_though_the_voice_may_go_on() -> None:
    doubles = DoubledFinals()
    doubles.voice_began(7.0)
    assert not doubles.again("Hold on, can I ask something?", "", 9.0)
    assert doubles.again("hold on can I ask something", "", 9.07)


def test_who_goes_on_for_a_second_has_not_said_a_long_sentence_again() -> None:
    doubles = heard()
    assert not doubles.again("I would like to return a pair of shoes.", "", 10.6)
    doubles.voice_began(10.8)
    assert doubles.again("I would like to return a pair of shoes.", "", 11.9)
