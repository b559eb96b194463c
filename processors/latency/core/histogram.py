"""Histograms of durations: bounded memory, mergeable, percentiles within 1 % of exact.

Buckets grow by 1 % from one to the next (the DDSketch layout), so a bucket's middle is at most
0.5 % from any duration in it, and two histograms merge by adding counts.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Histogram", "SlidingHistogram"]

# sqrt(1.01) each way is the 0.5 % of the module docstring.
_GROWTH = math.log(1.01)

SHORTEST_SECS = 1e-4
"""Shorter durations count as this: a tenth of a millisecond is a frame hop."""

LONGEST_SECS = 3600.0
"""Longer durations count as this; with `SHORTEST_SECS` it bounds a histogram at 1,750 buckets."""


class Histogram:
    """Counts of durations in seconds."""

    __slots__ = ("_buckets", "_high", "_low", "count", "sum")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        self.sum = 0.0
        self._low = math.inf
        self._high = -math.inf

    @classmethod
    def of(cls, parts: "Iterable[Histogram]") -> "Histogram":
        """Return one histogram of what several have counted."""
        whole = cls()
        for part in parts:
            whole.merge(part)
        return whole

    def add(self, secs: float) -> None:
        """Count one duration.

        Args:
            secs: Seconds, not negative.

        Raises:
            ValueError: If it is negative or not a number.
        """
        if not secs >= 0:
            raise ValueError(f"a duration must be 0 or more seconds, not {secs!r}")
        secs = min(max(secs, SHORTEST_SECS), LONGEST_SECS)
        index = math.floor(math.log(secs) / _GROWTH)
        self._buckets[index] = self._buckets.get(index, 0) + 1
        self.count += 1
        self.sum += secs
        self._low = min(self._low, secs)
        self._high = max(self._high, secs)

    def merge(self, other: "Histogram") -> None:
        """Add the counts of another histogram to this one."""
        for index, count in other._buckets.items():
            self._buckets[index] = self._buckets.get(index, 0) + count
        self.count += other.count
        self.sum += other.sum
        self._low = min(self._low, other._low)
        self._high = max(self._high, other._high)

    def percentile(self, percent: float) -> float | None:
        """Return a percentile, interpolated between neighbours as numpy's default does.

        Args:
            percent: From 0 to 100.

        Returns:
            Seconds, within 1 % of exact; None if nothing was counted.

        Raises:
            ValueError: If `percent` is out of range.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"a percentile is from 0 to 100, not {percent!r}")
        if not self.count:
            return None
        rank = percent / 100 * (self.count - 1)
        below, above = math.floor(rank), math.ceil(rank)
        low = high = self._high
        seen = 0
        for index in sorted(self._buckets):
            if seen <= below:
                low = self._middle(index)
            seen += self._buckets[index]
            if above < seen:
                high = self._middle(index)
                break
        return low + (high - low) * (rank - below)

    def count_up_to(self, secs: float) -> int:
        """Count the durations of at most `secs`, to the 1 % that a bucket is wide."""
        if secs < SHORTEST_SECS:
            return 0
        limit = math.floor(math.log(min(secs, LONGEST_SECS)) / _GROWTH)
        return sum(count for index, count in self._buckets.items() if index <= limit)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads, fit for JSON: to merge over processes."""
        return {
            "buckets": {str(index): count for index, count in sorted(self._buckets.items())},
            "sum": self.sum,
            "low": self._low if self.count else None,
            "high": self._high if self.count else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Histogram":
        """Return the histogram that `to_dict` wrote."""
        histogram = cls()
        histogram._buckets = {int(index): int(n) for index, n in data["buckets"].items()}
        histogram.count = sum(histogram._buckets.values())
        histogram.sum = float(data["sum"])
        if histogram.count:
            histogram._low, histogram._high = float(data["low"]), float(data["high"])
        return histogram

    def _middle(self, index: int) -> float:
        # The ends are known exactly, so that one value alone is exact.
        return min(max(math.exp((index + 0.5) * _GROWTH), self._low), self._high)


class SlidingHistogram:
    """A histogram of the last minutes: a ring of short ones, the oldest forgotten."""

    def __init__(self, *, window_secs: float = 300.0, slices: int = 10) -> None:
        """Create an empty window.

        Args:
            window_secs: How far back it reaches, to the length of one slice.
            slices: How many histograms the window is made of.

        Raises:
            ValueError: If either is not positive.
        """
        if window_secs <= 0 or slices < 1:
            raise ValueError(f"a window needs time and slices, not {window_secs} s in {slices}")
        self.window_secs = window_secs
        self._slice_secs = window_secs / slices
        self._slices = slices
        self._ring: dict[int, Histogram] = {}

    def add(self, secs: float, *, at: float) -> None:
        """Count one duration.

        Args:
            secs: The duration in seconds.
            at: The present time in seconds, on any clock that does not go back.
        """
        number = self._forget(at)
        self._ring.setdefault(number, Histogram()).add(secs)

    def merged(self, *, at: float) -> Histogram:
        """Return one histogram of what the window holds at the time `at`."""
        self._forget(at)
        return Histogram.of(self._ring.values())

    def _forget(self, at: float) -> int:
        number = math.floor(at / self._slice_secs)
        for old in [kept for kept in self._ring if kept <= number - self._slices]:
            del self._ring[old]
        return number
