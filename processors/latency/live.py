"""What is going on in this process now: the data behind `antiphon watch`."""

import time
from dataclasses import asdict
from typing import Any

from antiphon.processors.latency.core.fleet import summary
from antiphon.processors.latency.core.stats import PROCESS, TTFA, LatencyStats
from antiphon.processors.latency.loop_lag import LoopLag
from antiphon.processors.latency.observer import CALLS, LatencyObserver

__all__ = ["live_state", "snapshot"]


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


def _call(observer: LatencyObserver) -> dict[str, Any]:
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
        "node": observer.nodes.current or None,
        "stalls": dict(stalls),
        **measures.to_dict(),
    }
