"""One `/metrics` out of those of many processes, one of which may be no more."""

import math
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

__all__ = ["counted", "merge_metrics"]

# What each process says of the whole, or of its own worst; every other gauge counts something.
GREATEST = frozenset(
    {
        "antiphon_calls_capacity",
        "antiphon_draining",
        "antiphon_event_loop_lag_seconds",
        "antiphon_latency_budget_seconds",
    }
)


def merge_metrics(texts: Iterable[str]) -> str:
    """Add up what processes have counted.

    Args:
        texts: Their metrics, in Prometheus' text format. Histograms of one name have the same
            buckets.

    Returns:
        The metrics of all, in the same format.
    """
    merged = _Merged()
    for text in texts:
        merged.add(text)
    return _text(merged)


def counted(text: str) -> str:
    """Return the part of a process's metrics that outlives it: what was counted, no gauge.

    A counter that went down would look to Prometheus as if all its siblings had started anew.

    Args:
        text: The metrics.
    """
    merged = _Merged()
    merged.add(text)
    merged.families = {name: f for name, f in merged.families.items() if f.type != "gauge"}
    return _text(merged)


class _Merged(Collector):
    def __init__(self) -> None:
        self.families: dict[str, Metric] = {}

    def add(self, text: str) -> None:
        for family in text_string_to_metric_families(text):
            mine = self.families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            values = {_key(sample): sample.value for sample in mine.samples}
            for sample in family.samples:
                key = _key(sample)
                if key not in values:
                    values[key] = sample.value
                elif sample.name.endswith("_created"):
                    values[key] = min(values[key], sample.value)
                elif sample.name in GREATEST:
                    values[key] = max(values[key], sample.value)
                else:
                    values[key] += sample.value
            mine.samples = [Sample(name, dict(labels), v) for (name, labels), v in values.items()]

    def collect(self) -> Iterator[Metric]:
        for family in self.families.values():
            if family.type == "histogram":
                family.samples.sort(key=_place)
            yield family


_Key = tuple[str, tuple[tuple[str, str], ...]]


def _key(sample: Sample) -> _Key:
    return sample.name, tuple(sample.labels.items())


def _place(sample: Sample) -> tuple[object, ...]:
    # Of one set of labels together, and its buckets in order.
    labels = tuple((k, v) for k, v in sample.labels.items() if k != "le")
    limit = float(sample.labels.get("le", math.inf))
    return labels, not sample.name.endswith("_bucket"), limit, sample.name


def _text(merged: _Merged) -> str:
    registry = CollectorRegistry()
    registry.register(merged)
    return generate_latest(registry).decode()
