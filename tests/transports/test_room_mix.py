"""The people of a room are one track, as long as the time that passes, with nobody's word lost."""

import random

import numpy as np
import pytest

from antiphon.transports.room_mix import RoomMix

RATE_HZ = 16000
PACKET_SECS = 0.02


def packet(level: int) -> bytes:
    return np.full(round(RATE_HZ * PACKET_SECS), level, "<i2").tobytes()


def levels(track: list[tuple[str, bytes]]) -> list[int]:
    """The level of each packet's length of the track."""
    samples = np.frombuffer(b"".join(audio for _, audio in track), "<i2")
    return [int(level) for level in samples[:: round(RATE_HZ * PACKET_SECS)]]


def test_somebody_alone_is_heard_at_once_and_unchanged() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    assert mix.add("ann", packet(5000), now=0.0) == ("ann", packet(5000))
    assert not mix.holds_audio


def test_two_who_speak_at_once_are_heard_together() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    track = []
    for index in range(5):
        now = index * PACKET_SECS
        for person, level in (("ann", 5000), ("bob", 3000)):
            if heard := mix.add(person, packet(level), now=now):
                track.append(heard)
    assert levels(track) == [5000, 8000, 8000, 8000, 8000]
    assert {person for person, _ in track} == {"ann"}


def test_both_at_their_loudest_do_not_turn_over() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    mix.add("bob", packet(0), now=0.0)
    assert mix.add("ann", packet(30000), now=0.0) is None
    assert mix.add("bob", packet(30000), now=0.02) == ("bob", packet(32767))


def test_the_name_is_that_of_who_spoke_last_through_a_silence() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    names = []
    for index, (ann, bob) in enumerate([(0, 0), (4000, 0), (0, 3), (3, 0), (0, 4000), (0, 0)]):
        for person, level in (("ann", ann), ("bob", bob)):
            if heard := mix.add(person, packet(level), now=index * PACKET_SECS):
                names.append(heard[0])
    assert names == ["ann", "ann", "ann", "ann", "ann", "bob"]


def test_a_silent_microphone_that_comes_alone_takes_no_name() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    mix.add("bob", packet(0), now=0.0)
    for person, level in (("ann", 5000), ("bob", 0)):
        mix.add(person, packet(level), now=0.02)
    # Ann's packets are held up.
    heard = [mix.add("bob", packet(0), now=0.02 + index * PACKET_SECS) for index in range(1, 9)]
    assert {taken[0] for taken in heard if taken} == {"ann"}


def test_who_turned_the_microphone_off_is_not_waited_for() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    track = [mix.add("ann", packet(1), now=0.0), mix.add("bob", packet(2), now=0.0)]
    for index in range(1, 20):
        track.append(mix.add("ann", packet(index), now=index * PACKET_SECS))
    heard = [one for one in track if one]
    # Bob's packet waited for ann's next, and then ann for bob's, a tenth of a second.
    assert levels(heard) == [1, 2 + 1, *range(2, 20)]


def test_what_waits_for_somebody_who_left_is_taken() -> None:
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    for person in ("ann", "bob", "bob"):
        mix.add(person, packet(7), now=0.0)
    assert mix.take(now=0.05) is None
    mix.leaves("ann")
    assert mix.take(now=0.05) == ("bob", packet(7) * 2)
    assert mix.take(now=0.05) is None


@pytest.mark.parametrize("people", [2, 3, 5])
@pytest.mark.parametrize("ppm", [0, 200])
def test_a_track_is_as_long_as_the_time_that_passed(people: int, ppm: float) -> None:
    dice = random.Random(people)
    mix = RoomMix(sample_rate_hz=RATE_HZ)
    packets = [
        (index * PACKET_SECS * (1 - person * ppm / 1e6) + dice.uniform(0, 0.04), f"p{person}")
        for person in range(people)
        for index in range(15_000)
    ]
    length = 0
    for now, person in sorted(packets):
        if heard := mix.add(person, packet(1), now=now):
            length += len(heard[1])
        waiting = sum(len(voice.waiting) for voice in mix._voices.values())
        assert waiting <= people * 0.2 * 2 * RATE_HZ
    assert length / 2 / RATE_HZ == pytest.approx(300, abs=0.5)
