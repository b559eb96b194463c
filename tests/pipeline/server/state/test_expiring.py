"""What is remembered goes when its time is up, or when there is too much of it."""

from antiphon.pipeline.server.state.expiring import Expiring


def test_a_value_is_forgotten_after_its_time_and_when_there_are_too_many() -> None:
    values: Expiring[int] = Expiring(keep=2)
    for number in range(3):
        assert values.add(str(number), number, until=3600.0, now=0.0)
    assert [values.find(str(number), now=10.0) for number in range(3)] == [None, 1, 2]
    assert values.find("2", now=3601.0) is None


def test_a_value_stays_until_its_time_is_up() -> None:
    values: Expiring[str] = Expiring()
    assert values.add("key", "first", until=60.0, now=0.0)
    assert not values.add("key", "second", until=120.0, now=59.0)
    assert values.find("key", now=59.0) == "first"
    assert values.add("key", "third", until=121.0, now=61.0)
