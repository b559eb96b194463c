"""Latency in Prometheus' terms, for a `/metrics` endpoint.

Needs an extra: `pip install 'antiphon[metrics]'`.
"""

from collections.abc import Iterator
from dataclasses import replace

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from antiphon.processors.latency.core.budgets import DEFAULT_BUDGETS_SECS, Budgets
from antiphon.processors.latency.core.histogram import Histogram
from antiphon.processors.latency.core.stats import PROCESS, LatencyStats, Series
from antiphon.processors.latency.loop_lag import LoopLag
from antiphon.processors.latency.observer import CALLS

__all__ = ["LatencyCollector", "prometheus_text"]

# Dense around the budgets, so that `histogram_quantile` is sharp where it matters.
BUCKETS_SECS = (
    *(0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
    *(0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 30.0),
)

_COUNTERS = {
    "turns": ("antiphon_turns", "Waits for the agent, by how they ended", ("kind",)),
    "flagged_turns": ("antiphon_turns_flagged", "Turns with a hole in them", ("flag",)),
    "barge_ins": ("antiphon_barge_ins", "Callers who cut the agent off", ()),
    "stalls": ("antiphon_stalls", "Silent failures that a watchdog found", ("kind", "service")),
    "breaches": ("antiphon_budget_breaches", "Budgets that were exceeded", ("budget", "blame")),
    "seconds": ("antiphon_conversation_seconds", "How long calls lasted, in sum", ()),
    "dead_air_secs": ("antiphon_dead_air_seconds", "Silences of both sides over 2 s", ()),
    "agent_utterances": ("antiphon_agent_utterances", "How often the agent spoke", ()),
    "false_barge_ins": ("antiphon_false_barge_ins", "Barge-ins without a word", ()),
    "repeat_requests": ("antiphon_repeat_requests", "Turns that asked to repeat something", ()),
    "caller_words": ("antiphon_caller_words", "Words of callers", ()),
    "agent_words": ("antiphon_agent_words", "Words of the agent", ()),
    "dollars": ("antiphon_cost_dollars", "What the services cost at list price", ("provider",)),
}


class LatencyCollector(Collector):
    """Hands what was counted to Prometheus when it asks.

    `registry.register(LatencyCollector())` adds it to a registry of one's own.
    """

    def __init__(self, *, stats: LatencyStats = PROCESS, budgets: Budgets | None = None) -> None:
        """Create the collector.

        Args:
            stats: What to collect.
            budgets: Limits to show beside it, as they are watched.
        """
        self._stats = stats
        self._budgets_secs = budgets.secs if budgets else DEFAULT_BUDGETS_SECS

    def collect(self) -> Iterator[Metric]:
        """Return every series and counter."""
        latency = HistogramMetricFamily(
            "antiphon_latency_seconds",
            "Where the time of the caller's wait went",
            labels=("stage", "provider", "model", "transport"),
        )
        nodes = HistogramMetricFamily(
            "antiphon_node_ttfa_seconds",
            "How long callers waited in each node of a flow",
            labels=("node", "transport"),
        )
        whole: dict[Series, list[Histogram]] = {}
        for series, histogram in self._stats.series():
            whole.setdefault(replace(series, node=""), []).append(histogram)
            if series.node:
                _add(nodes, (series.node, series.transport), histogram)
        for series, histograms in whole.items():
            labels = (series.stage, series.provider, series.model, series.transport)
            _add(latency, labels, Histogram.of(histograms))
        yield latency
        if nodes.samples:
            yield nodes
        budget = GaugeMetricFamily(
            "antiphon_latency_budget_seconds", "What a stage may take", labels=("stage",)
        )
        for stage, secs in self._budgets_secs.items():
            budget.add_metric((stage,), secs)
        yield budget
        yield from self._counters()
        yield GaugeMetricFamily(
            "antiphon_latency_calls", "Calls that are being watched", value=len(CALLS)
        )
        yield GaugeMetricFamily(
            "antiphon_event_loop_lag_seconds",
            "How late the event loop came, at worst, in the last minute",
            value=LoopLag.worst_secs(),
        )

    def _counters(self) -> Iterator[Metric]:
        families = {
            what: CounterMetricFamily(name, text, labels=labels)
            for what, (name, text, labels) in _COUNTERS.items()
        }
        for count, number in self._stats.counts().items():
            if family := families.get(count.what):
                labels = (count.kind, count.owner)[: len(_COUNTERS[count.what][2])]
                family.add_metric(labels, number)
        yield from families.values()


def _add(family: HistogramMetricFamily, labels: tuple[str, ...], histogram: Histogram) -> None:
    limits = [(str(secs), histogram.count_up_to(secs)) for secs in BUCKETS_SECS]
    buckets = [*limits, ("+Inf", histogram.count)]
    family.add_metric(labels, buckets=buckets, sum_value=histogram.sum)


def prometheus_text(*, stats: LatencyStats = PROCESS, budgets: Budgets | None = None) -> bytes:
    """Return the text that Prometheus scrapes.

    Args:
        stats: What to collect.
        budgets: Limits to show beside it.
    """
    registry = CollectorRegistry()
    registry.register(LatencyCollector(stats=stats, budgets=budgets))
    return generate_latest(registry)
