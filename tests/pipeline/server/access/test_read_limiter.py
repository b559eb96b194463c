"""What a voice takes passes at once; what is more has to wait, and nothing is lost."""

import pytest

from antiphon.pipeline.server.access.read_limiter import (
    BURST_SECS,
    BYTES_PER_SEC,
    FRAMES_PER_SEC,
    ReadLimiter,
)


def waits(limiter: ReadLimiter, frames: int, size: int, times: list[float]) -> float:
    """Read the same at each of these times; the longest wait."""
    longest = 0.0
    for now in times:
        longest = max(longest, limiter.wait_secs(now))
        limiter.count(frames, size)
    return longest


@pytest.mark.parametrize(
    ("frames", "size", "per_second"),
    [
        (1, 420, 50),  # a phone
        (1, 420, 100),
        (1, 3900, 50),  # 20 ms at 48 kHz in stereo
        (12, 192_000, 1),  # a second of that at once, in pieces of 16 KiB
        (1, 256_000, 1),  # in base64
    ],
)
def test_a_call_never_waits(frames: int, size: int, per_second: int) -> None:
    times = [number / per_second for number in range(600 * per_second)]
    assert waits(ReadLimiter(), frames, size, times) == 0


def test_what_a_network_held_back_comes_at_once() -> None:
    limiter = ReadLimiter()
    assert waits(limiter, 1, 420, [number / 50 for number in range(1000)]) == 0
    assert waits(limiter, 1, 420, [29.0] * 450) == 0


def test_a_flood_is_read_at_a_few_times_the_pace_of_a_call_however_long_it_lasts() -> None:
    limiter, now, frames = ReadLimiter(), 0.0, 0
    while now < 100:
        now += limiter.wait_secs(now)
        limiter.count(64, 64 * 6)
        frames += 64
    assert 100 * FRAMES_PER_SEC <= frames <= (100 + BURST_SECS) * FRAMES_PER_SEC


def test_large_frames_are_held_back_by_their_bytes() -> None:
    limiter = ReadLimiter()
    for _ in range(100):
        limiter.count(1, BYTES_PER_SEC)
    assert limiter.wait_secs(0.0) == pytest.approx(99.0)
