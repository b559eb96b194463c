"""A client sends as fast as sound is heard, with room for what a network held back."""

from antiphon.transports.pace import Pace


def passed(pace: Pace, messages: int, *, every: float, secs: float | None, size: int = 640) -> int:
    return sum(pace.allows(secs, size, now=number * every) for number in range(messages))


def test_an_hour_of_speech_passes_even_if_the_far_clock_is_fast() -> None:
    assert passed(Pace(), 180_000, every=0.02 / 1.1, secs=0.02) == 180_000


def test_what_a_network_held_back_for_seconds_passes_at_once() -> None:
    assert passed(Pace(), 400, every=0.0, secs=0.02) == 400


def test_a_flood_of_sound_is_cut_to_ten_seconds() -> None:
    assert passed(Pace(), 100_000, every=0.0, secs=0.02) == 500
    assert passed(Pace(), 100, every=0.0, secs=2.5) == 4


def test_after_a_flood_sound_passes_again() -> None:
    pace = Pace()
    passed(pace, 1000, every=0.0, secs=0.02)
    assert not pace.allows(0.02, 640, now=0.0)
    assert pace.allows(0.02, 640, now=1.0)


def test_messages_without_sound_are_counted_by_number_and_by_size() -> None:
    assert passed(Pace(), 100_000, every=0.0, secs=None, size=10) == 500
    assert passed(Pace(), 100, every=0.0, secs=None, size=64_000) == 2
    assert passed(Pace(), 100, every=0.0, secs=None, size=250_000) == 0
