"""What was hidden in Prometheus' terms, for a `/metrics` endpoint.

Needs an extra: `pip install 'antiphon[metrics]'`.
"""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from antiphon.processors.redaction.core.tally import PROCESS, Tally

__all__ = ["RedactionCollector"]


class RedactionCollector(Collector):
    """Hands what was counted to Prometheus when it asks.

    `registry.register(RedactionCollector())` adds it to a registry of one's own.
    """

    def __init__(self, *, tally: Tally = PROCESS) -> None:
        """Create the collector.

        Args:
            tally: What to collect.
        """
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        """Return every counter."""
        values = CounterMetricFamily(
            "antiphon_personal_values",
            "Values hidden from the model and the record, given to the ear and to tools",
            labels=("destination", "type"),
        )
        for labels, count in self._tally.counts.copy().items():
            values.add_metric(labels, count)
        yield values
        yield CounterMetricFamily(
            "antiphon_redaction_failures",
            "Times that detection failed and everything numeric was masked",
            value=self._tally.failures,
        )
        ways = CounterMetricFamily(
            "antiphon_redaction_open_ways",
            "Ways out that were unguarded as a call began",
            labels=("way",),
        )
        for way, count in self._tally.open_ways.copy().items():
            ways.add_metric((way,), count)
        yield ways
