"""Percentiles stay within 1 % of exact, in bounded memory, and merge over processes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.latency.core.histogram import Histogram, SlidingHistogram

DURATIONS = st.lists(st.floats(min_value=1e-4, max_value=3600), min_size=1, max_size=200)


def counted(durations: list[float]) -> Histogram:
    histogram = Histogram()
    for secs in durations:
        histogram.add(secs)
    return histogram


@given(durations=DURATIONS, percent=st.sampled_from([0, 1, 50, 90, 95, 99, 100]))
def test_a_percentile_is_within_one_percent_of_exact(
    durations: list[float], percent: float
) -> None:
    assert counted(durations).percentile(percent) == pytest.approx(
        np.percentile(durations, percent), rel=0.01
    )


@given(one=DURATIONS, other=DURATIONS)
def test_merging_is_the_same_as_counting_all_in_one(one: list[float], other: list[float]) -> None:
    merged = counted(one)
    merged.merge(Histogram.from_dict(json.loads(json.dumps(counted(other).to_dict()))))
    whole = counted(one + other)
    assert merged.count == whole.count == len(one) + len(other)
    assert merged.sum == pytest.approx(sum(one) + sum(other))
    for percent in (0, 50, 95, 99, 100):
        assert merged.percentile(percent) == whole.percentile(percent)


def test_memory_is_bounded_whatever_is_counted() -> None:
    histogram = counted([10.0**exponent for exponent in np.linspace(-9, 9, 20_000)])
    assert len(histogram.to_dict()["buckets"]) <= 1_750
    assert histogram.count == 20_000


def test_nothing_counted_has_no_percentile() -> None:
    assert Histogram().percentile(50) is None
    assert Histogram.from_dict(json.loads(json.dumps(Histogram().to_dict()))).percentile(5) is None


@pytest.mark.parametrize("secs", [-0.001, float("nan")])
def test_what_is_no_duration_is_refused(secs: float) -> None:
    with pytest.raises(ValueError, match="duration"):
        Histogram().add(secs)


@pytest.mark.parametrize("percent", [-1, 101])
def test_what_is_no_percentage_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        Histogram().percentile(percent)


def test_counts_up_to_a_limit_are_what_prometheus_buckets_need() -> None:
    histogram = counted([0.0, 0.1, 0.2, 0.2, 0.9, 5.0])
    limits = (0.00001, 0.0001, 0.05, 0.2, 1.0, 9999)
    assert [histogram.count_up_to(limit) for limit in limits] == [0, 1, 1, 4, 5, 6]


def test_a_window_forgets_what_is_older_than_it() -> None:
    window = SlidingHistogram(window_secs=60, slices=6)
    window.add(9.0, at=1.0)
    window.add(0.5, at=45.0)
    assert window.merged(at=50.0).percentile(100) == pytest.approx(9.0, rel=0.01)
    assert window.merged(at=59.9).count == 2
    assert window.merged(at=60.0).count == 1
    assert window.merged(at=70.0).percentile(100) == 0.5
    assert window.merged(at=500.0).count == 0


def test_a_window_of_one_slice_begins_anew_with_each() -> None:
    window = SlidingHistogram(window_secs=60, slices=1)
    window.add(9.0, at=59.0)
    assert [window.merged(at=at).count for at in (59.0, 60.0)] == [1, 0]


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        SlidingHistogram(window_secs=0)
