"""What is going on in this process now: the data behind `antiphon watch`."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from antiphon.processors.latency.core.histogram import Histogram
from antiphon.processors.latency.core.stats import (
    BARGE_IN,
    PROCESS,
    TTFA,
    LatencyStats,
    Percentiles,
)
from antiphon.processors.latency.loop_lag import LoopLag

if TYPE_CHECKING:
    from antiphon.processors.latency.observer import LatencyObserver

__all__ = ["CALLS", "live_state", "merge_states", "snapshot", "summary"]

CALLS: "set[LatencyObserver]" = set()
"""The observers of the calls that are going on; each enters and leaves by itself."""


def snapshot(stats: LatencyStats = PROCESS) -> dict[str, Any]:
    """Return the live calls and the process's percentiles, fit for JSON.

    Must be called in the event loop that the calls run in. No speech is in it.

    Args:
        stats: The statistics of the process.

    Returns:
        `calls`, `process` and `loop_lag`; times are in seconds, what is not known is None.
    """
    return summary(live_state(stats))


def live_state(stats: LatencyStats = PROCESS) -> dict[str, Any]:
    """Return what `merge_states` can add to that of other processes, fit for JSON.

    Must be called in the event loop that the calls run in.

    Args:
        stats: The statistics of the process.
    """
    last_minutes = stats.histogram(TTFA, window_secs=300.0, at=time.monotonic())
    return {
        "calls": [_call(observer) for observer in sorted(CALLS, key=lambda one: one.id)],
        "stats": stats.to_dict(),
        "ttfa_5_min": last_minutes.to_dict(),
        "loop_lag": LoopLag.of_running_loop().last_minute().to_dict(),
    }


def merge_states(states: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Make one state of those of several processes.

    Args:
        states: What `live_state` returned in each.
    """
    calls: list[dict[str, Any]] = []
    stats = LatencyStats(windows_secs=())
    last_minutes, lags = Histogram(), Histogram()
    for state in states:
        calls += state["calls"]
        stats.merge(LatencyStats.from_dict(state["stats"]))
        last_minutes.merge(Histogram.from_dict(state["ttfa_5_min"]))
        lags.merge(Histogram.from_dict(state["loop_lag"]))
    return {
        "calls": calls,
        "stats": stats.to_dict(),
        "ttfa_5_min": last_minutes.to_dict(),
        "loop_lag": lags.to_dict(),
    }


def summary(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person reads off a state, as `snapshot` does.

    Args:
        state: What `live_state` or `merge_states` returned.
    """
    stats = LatencyStats.from_dict(state["stats"])
    lags = Histogram.from_dict(state["loop_lag"])
    last_minutes = Histogram.from_dict(state["ttfa_5_min"])
    return {
        "calls": state["calls"],
        "process": {
            "ttfa": asdict(stats.percentiles(TTFA)),
            "ttfa_5_min": asdict(Percentiles.of(last_minutes)),
            "barge_in": asdict(stats.percentiles(BARGE_IN)),
            "counts": stats.to_dict()["counts"],
        },
        "loop_lag": {"p95": lags.percentile(95), "max": lags.percentile(100)},
    }


def _call(observer: "LatencyObserver") -> dict[str, Any]:
    measures = observer.measures
    last = observer.turns[-1] if observer.turns else None
    worst = max(last.stages, key=lambda stage: stage.secs, default=None) if last else None
    stalls = [
        (count.kind, number)
        for count, number in observer.stats.counts().items()
        if count.what == "stalls"
    ]
    return {
        "call_id": observer.call_id,
        "transport": observer.transport,
        "waiting": observer.waiting,
        "ttfa": asdict(observer.stats.percentiles(TTFA)),
        "last_secs": last.total_secs if last else None,
        "last_stage": worst.name if worst else None,
        "last_owner": worst.owner if worst else None,
        "last_stage_secs": worst.secs if worst else None,
        "stalls": dict(stalls),
        **measures.to_dict(),
    }
