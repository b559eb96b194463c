"""In which order the sound of a stream is heard, and what of it is not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.transports.telephony.order import MAX_HOLD_SECS, MAX_MISORDER, StreamOrder

PACKET_SECS = 0.02


def heard(numbers: list[int], *, packets: int = 3) -> list[list[int]]:
    """What is heard at each arrival, a packet every 20 ms; its sound is its number."""
    order = StreamOrder(packets=packets)
    told = []
    for turn, number in enumerate(numbers):
        sound = order.sound(number, number.to_bytes(2), now=turn * PACKET_SECS) or b""
        told.append([int.from_bytes(sound[at : at + 2]) for at in range(0, len(sound), 2)])
    return told


def flat(at_each: list[list[int]]) -> list[int]:
    return [number for numbers in at_each for number in numbers]


@pytest.mark.parametrize(
    ("arrive", "at_each"),
    [
        ([1, 2, 3], [[1], [2], [3]]),
        ([1, 3, 2, 4], [[1], [], [2, 3], [4]]),
        ([1, 4, 3, 2], [[1], [], [], [2, 3, 4]]),
        ([1, 3, 4, 5, 2], [[1], [], [], [], [2, 3, 4, 5]]),
        # Two holes at once.
        ([1, 3, 5, 2, 4], [[1], [], [], [2, 3], [4, 5]]),
        # A packet that never comes holds up three, and no more.
        ([1, 3, 4, 5, 6, 7], [[1], [], [], [], [3, 4, 5, 6], [7]]),
        # What comes after its place was given up is heard late.
        ([1, 3, 4, 5, 6, 2, 7], [[1], [], [], [], [3, 4, 5, 6], [2], [7]]),
        # A stream need not begin with 1, and a long loss is waited for as a short one.
        ([40, 41], [[40], [41]]),
        ([1, 900, 901, 902, 903], [[1], [], [], [], [900, 901, 902, 903]]),
        # Once is enough.
        ([1, 2, 2, 1, 3], [[1], [2], [], [], [3]]),
        ([1, 3, 3, 2], [[1], [], [], [2, 3]]),
    ],
)
def test_sound_is_heard_in_its_order(arrive: list[int], at_each: list[list[int]]) -> None:
    assert heard(arrive) == at_each


def test_for_a_vendor_that_keeps_the_order_nothing_waits() -> None:
    assert heard([1, 3, 2, 4], packets=0) == [[1], [3], [2], [4]]


def test_a_packet_that_never_comes_holds_up_the_others_no_longer_than_100_ms() -> None:
    order = StreamOrder(packets=3)
    for number, now in ((1, 0.0), (3, 0.02), (4, 0.02 + MAX_HOLD_SECS + 0.01)):
        sound = order.sound(number, b"%d" % number, now=now)
    assert sound == b"34"


def test_a_message_without_sound_is_not_waited_for() -> None:
    order = StreamOrder(packets=3)
    assert order.sound(1, b"1", now=0.0) == b"1"
    order.passes(2)
    assert order.sound(3, b"3", now=0.02) == b"3"
    assert order.sound(5, b"5", now=0.04) == b""
    order.passes(4)
    assert order.sound(6, b"6", now=0.06) == b"56"


def test_messages_that_are_numbered_in_a_row_of_their_own_take_no_sound_away() -> None:
    order = StreamOrder(packets=3)
    sound = b""
    for number in range(1, 200):
        order.passes(number // 3)
        order.passes(0)
        order.passes(number + 1)
        sound += order.sound(number, b".", now=number * PACKET_SECS) or b""
    assert len(sound) == 199


@pytest.mark.parametrize("late", [1, 5, MAX_MISORDER])
def test_what_is_up_to_a_hundred_messages_late_is_heard(late: int) -> None:
    arrive = [1, *range(3, 3 + late), 2]
    assert sorted(flat(heard(arrive))) == sorted(arrive)


def test_what_is_later_than_that_is_not() -> None:
    assert heard([1, *range(3, 4 + MAX_MISORDER), 2])[-1] == []


def test_after_a_jump_the_order_is_kept_from_there_on() -> None:
    told = heard([1, 2, 4, 20_000, 20_001, 20_003, 20_002])
    assert told == [[1], [2], [], [], [4, 20_001], [], [20_002, 20_003]]


@given(st.integers(0, 2**32))
def test_with_one_packet_in_twenty_overtaken_all_of_them_are_heard_in_order(seed: int) -> None:
    swaps = random.Random(seed)
    arrive = list(range(1, 500))
    for place in range(0, len(arrive) - 1, 2):
        if swaps.random() < 0.1:
            arrive[place : place + 2] = reversed(arrive[place : place + 2])
    told = flat(heard(arrive))
    # The very first may be overtaken: nothing says where a stream begins.
    assert sorted(told) == sorted(arrive)
    assert told[2:] == list(range(3, 500))


@given(st.lists(st.integers(-200, 5000)))
def test_whatever_comes_no_more_than_the_buffer_waits_and_nothing_is_heard_twice(
    numbers: list[int],
) -> None:
    order = StreamOrder(packets=3)
    taken, sound = 0, b""
    for turn, number in enumerate(numbers):
        came = order.sound(number, b".", now=turn * PACKET_SECS)
        taken += came is not None
        sound += came or b""
        assert taken - len(sound) <= 3
