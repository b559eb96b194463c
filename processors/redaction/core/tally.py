"""What was hidden and given back in this process, counted; no caller can be told from it."""

from collections import Counter
from collections.abc import Mapping

__all__ = ["PROCESS", "WAYS", "Tally"]

# Told of from the start, as an alert sees only a count that has grown.
WAYS = (
    *("transcripts", "keys", "LLM output", "restored values", "what its producer takes"),
    *("recording", "RTVI", "logs", "spans", "observers", "pipeline"),
)


class Tally:
    """Counts of one process, or of a part of it.

    Args:
        whole: The tally of which this is a part.

    Attributes:
        counts: Hidden from the model and the record, given to the ear and to tools: how many
            values, by destination and type.
        failures: How often detection failed and everything numeric was masked.
        open_ways: How many unguarded ways out calls have begun with, by kind ("logs", "RTVI").
    """

    def __init__(self, whole: "Tally | None" = None) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.failures = 0
        self.open_ways: Counter[str] = Counter(dict.fromkeys(WAYS, 0))
        self._whole = whole

    def add(self, destination: str, counts: Mapping[str, int]) -> None:
        """Count values by type for "model", "record", "ear" or "tools"."""
        for kind, count in counts.items():
            self.counts[destination, kind] += count
        if self._whole:
            self._whole.add(destination, counts)

    def failed(self, times: int = 1) -> None:
        """Count failures, if there were any."""
        self.failures += max(0, times)
        if self._whole:
            self._whole.failed(times)

    def found_open(self, way: str) -> None:
        """Count an open way: "logs: call guard_logs() before the call"."""
        self.open_ways[way.partition(":")[0]] += 1
        if self._whole:
            self._whole.found_open(way)

    def by_destination(self) -> dict[str, dict[str, int]]:
        """The counts as they are reported."""
        told: dict[str, dict[str, int]] = {}
        for (destination, kind), count in sorted(self.counts.items()):
            told.setdefault(destination, {})[kind] = count
        return told


PROCESS = Tally()
