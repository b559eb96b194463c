"""What is going on in this process now: the data behind `antiphon watch`."""

import time
from typing import TYPE_CHECKING, Any

from .loop_lag import LoopLag
from .stats import BARGE_IN, PROCESS, TTFA, LatencyStats, Percentiles

if TYPE_CHECKING:
    from .observer import LatencyObserver

__all__ = ["CALLS", "snapshot"]

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
    now = time.monotonic()
    lags = LoopLag.of_running_loop().last_minute()
    return {
        "calls": [_call(observer) for observer in sorted(CALLS, key=lambda one: one.id)],
        "process": {
            "ttfa": _numbers(Percentiles.of(stats.histogram(TTFA))),
            "ttfa_5_min": _numbers(stats.percentiles(TTFA, window_secs=300.0, at=now)),
            "barge_in": _numbers(stats.percentiles(BARGE_IN)),
            "counts": [
                {"what": count.what, "kind": count.kind, "owner": count.owner, "number": number}
                for count, number in stats.counts().items()
            ],
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
        "seconds": measures.seconds,
        "turns": measures.turns,
        "waiting": observer.waiting,
        "ttfa": _numbers(observer.stats.percentiles(TTFA)),
        "last_secs": last.total_secs if last else None,
        "last_stage": worst.name if worst else None,
        "last_owner": worst.owner if worst else None,
        "last_stage_secs": worst.secs if worst else None,
        "barge_ins": measures.barge_ins,
        "stalls": dict(stalls),
        "dollars": sum(measures.dollars.values()),
    }


def _numbers(percentiles: Percentiles) -> dict[str, Any]:
    return {
        "count": percentiles.count,
        "p50": percentiles.p50,
        "p95": percentiles.p95,
        "p99": percentiles.p99,
    }
