"""A turn is shown in the smallest window that does, cut where it is quiet, and looked at early."""

import numpy as np
import pytest

from antiphon.services.whisper.windows import (
    CHUNK_SECS,
    STEP_SECS,
    Listener,
    PartialPace,
    cut,
    tokens_at_most,
    window_frames,
)

STEP = int(STEP_SECS * 16_000)
VOICE = np.full(STEP, 3000, np.int16)
HUSH = np.full(STEP, 60, np.int16)


@pytest.mark.parametrize(
    ("secs", "frames"),
    [(0.0, 1200), (2.0, 1200), (11.0, 1200), (11.1, 1300), (20.5, 2200), (29.0, 3000), (30, 3000)],
)
def test_a_window_grows_with_the_turn(secs: float, frames: int) -> None:
    assert window_frames(secs) == frames


def test_there_is_room_for_fast_talkers_and_an_end_to_loops() -> None:
    assert tokens_at_most(1.0) > 5 * 1.4
    assert tokens_at_most(10.0) > 10 * 5 * 1.4
    assert tokens_at_most(30.0) <= 224


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
@pytest.mark.parametrize("pause_at_secs", [20.0, 23.7, 28.5])
def test_a_long_turn_is_cut_in_its_pause(rate_hz: int, pause_at_secs: float) -> None:
    sound = np.random.default_rng(0).normal(0, 3000, int(CHUNK_SECS * rate_hz)).astype(np.int16)
    pause = slice(int(pause_at_secs * rate_hz), int((pause_at_secs + 0.3) * rate_hz))
    sound[pause] = 10

    assert pause.start <= cut(sound, rate_hz) <= pause.stop


def test_a_turn_without_a_pause_is_cut_all_the_same() -> None:
    sound = np.full(int(CHUNK_SECS * 16_000), 3000, np.int16)

    assert 0 < cut(sound, 16_000) <= len(sound)
    assert cut(sound[:100], 16_000) == 100


def looks(*steps: np.ndarray) -> list[int]:
    """At which steps a listener asks for a look, if it gets each."""
    listener, asked = Listener(), []
    for number, step in enumerate(steps):
        if listener.hear(step):
            asked.append(number)
            listener.looked()
    return asked


def test_a_voice_that_goes_on_is_looked_at_twice_a_second() -> None:
    assert looks(*[VOICE] * 21) == [9, 14, 19]


def test_a_monologue_is_looked_at_ever_more_seldom() -> None:
    asked = looks(*[VOICE] * 280)

    assert len([step for step in asked if step < 40]) == 7
    assert len([step for step in asked if step >= 200]) <= 4


def test_a_pause_is_looked_at_once_and_at_once() -> None:
    assert looks(*[HUSH] * 2, *[VOICE] * 4, *[HUSH] * 20) == [6]
    assert looks(*[VOICE] * 3, HUSH, *[VOICE] * 2, HUSH, HUSH) == [3, 6]


def test_silence_is_not_looked_at() -> None:
    assert looks(*[np.zeros(STEP, np.int16)] * 30) == []


def test_a_look_at_all_that_was_said_leaves_no_news() -> None:
    listener = Listener()
    for step in (VOICE, VOICE, HUSH):
        listener.hear(step)
    assert listener.seems_over
    listener.looked()
    listener.hear(HUSH)
    assert not listener.has_news
    listener.hear(VOICE)
    assert listener.has_news


def test_looks_take_a_third_of_the_time_however_slow_they_are() -> None:
    pace, now, busy = PartialPace(), 0.0, 0.0
    while now < 100.0:
        if pace.has_time(now):
            pace.made(now, now + 0.7)
            busy += 0.7
            now += 0.7
        now += 0.1

    assert 25 < busy < 36


def test_where_a_look_takes_no_time_there_is_always_time() -> None:
    pace = PartialPace()
    pace.made(5.0, 5.0)

    assert pace.has_time(5.0)
