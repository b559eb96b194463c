import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.services.word_times import WordTimer, WordTiming


def timings(
    text: str, events: list[tuple[int, float]], length_secs: float
) -> list[tuple[str, float, float]]:
    timer = WordTimer(text)
    words: list[WordTiming] = []
    for position, at_secs in events:
        words.extend(timer.feed(position, at_secs))
    words.extend(timer.finish(length_secs))
    return [(word.text, round(word.start_secs, 3), round(word.end_secs, 3)) for word in words]


@pytest.mark.parametrize(
    ("text", "events", "length_secs", "expected"),
    [
        pytest.param(
            "Hi, you.", [(0, 0.0), (4, 0.5)], 1.0,
            [("Hi,", 0.0, 0.5), ("you.", 0.5, 1.0)],
            id="one event for each word",
        ),
        pytest.param(
            "No 42 now", [(0, 0.0), (3, 0.2), (4, 0.5), (5, 0.8), (6, 1.1)], 1.5,
            [("No", 0.0, 0.2), ("42", 0.2, 1.1), ("now", 1.1, 1.5)],
            id="a number read as several words is one word",
        ),
        pytest.param(
            "Go on the way", [(0, 0.0), (3, 0.2), (10, 0.7)], 1.0,
            [("Go", 0.0, 0.2), ("on", 0.2, 0.4), ("the", 0.4, 0.7), ("way", 0.7, 1.0)],
            id="words run together share the time by their length",
        ),
        pytest.param(
            "- yes", [(2, 0.3)], 0.6, [("-", 0.0, 0.3), ("yes", 0.3, 0.6)],
            id="a silent mark before the first word",
        ),
        pytest.param("so it", [], 1.0, [("so", 0.0, 0.5), ("it", 0.5, 1.0)], id="no event at all"),
        pytest.param("", [(0, 0.0)], 0.1, [], id="no text"),
    ],
)  # fmt: skip
def test_each_written_word_gets_one_timing(
    text: str,
    events: list[tuple[int, float]],
    length_secs: float,
    expected: list[tuple[str, float, float]],
) -> None:
    assert timings(text, events, length_secs) == expected


@given(
    text=st.text(alphabet="ab 1é日.\n", max_size=40),
    positions=st.lists(st.integers(-2, 45), max_size=20),
    times=st.lists(st.floats(0, 10), max_size=20),
)
def test_whatever_the_events_no_word_is_lost_and_time_never_runs_backwards(
    text: str, positions: list[int], times: list[float]
) -> None:
    timed = timings(text, list(zip(positions, times, strict=False)), 10.0)

    assert [word for word, _, _ in timed] == text.split()
    flat = [at for _, start, end in timed for at in (start, end)]
    assert flat == sorted(flat)
