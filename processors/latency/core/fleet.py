"""What several processes tell of their calls, made one; and what a person reads off it.

Pure, and without Pipecat: a supervisor of workers needs no more than this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from antiphon.processors.latency.core.histogram import Histogram
from antiphon.processors.latency.core.stats import BARGE_IN, TTFA, LatencyStats, Percentiles

__all__ = ["merge_states", "summary"]


def merge_states(states: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Make one state of those of several processes.

    Args:
        states: What `live_state` returned in each.
    """
    states = list(states)
    stats = LatencyStats(windows_secs=())
    for state in states:
        stats.merge(LatencyStats.from_dict(state["stats"]))
    histograms = {
        name: Histogram.of(Histogram.from_dict(state[name]) for state in states).to_dict()
        for name in ("ttfa_5_min", "loop_lag")
    }
    calls = [call for state in states for call in state["calls"]]
    return {"calls": calls, "stats": stats.to_dict(), **histograms}


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
