"""Latency probes: where each millisecond of silence went, live, with budgets and alarms."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.processors.latency.budget import DEFAULT_BUDGETS_SECS, Breach, Budgets
    from antiphon.processors.latency.conversation import ConversationMeasures
    from antiphon.processors.latency.endpoint import serve_latency
    from antiphon.processors.latency.filler import Apology, Filler
    from antiphon.processors.latency.histogram import Histogram, SlidingHistogram
    from antiphon.processors.latency.live import snapshot
    from antiphon.processors.latency.observer import LatencyObserver
    from antiphon.processors.latency.prices import Prices
    from antiphon.processors.latency.probe import LatencyProbe
    from antiphon.processors.latency.recorder import FILLER_TEXT
    from antiphon.processors.latency.stages import (
        Service,
        Span,
        Stage,
        Tool,
        TurnLatency,
        charge,
        measure,
    )
    from antiphon.processors.latency.stats import (
        BARGE_IN,
        FIRST_SOUND,
        PROCESS,
        TTFA,
        Count,
        LatencyStats,
        Percentiles,
        Series,
    )
    from antiphon.processors.latency.timeline import BargeIn, Mark, Moment, Timeline, Turn, TurnKind
    from antiphon.processors.latency.turn_log import log_turns, turn_record
    from antiphon.processors.latency.watchdog import (
        Seen,
        Stall,
        StallKind,
        WatchdogLimits,
        Watchdogs,
    )

__all__ = [
    "BARGE_IN",
    "DEFAULT_BUDGETS_SECS",
    "FILLER_TEXT",
    "FIRST_SOUND",
    "PROCESS",
    "TTFA",
    "Apology",
    "BargeIn",
    "Breach",
    "Budgets",
    "ConversationMeasures",
    "Count",
    "Filler",
    "Histogram",
    "LatencyObserver",
    "LatencyProbe",
    "LatencyStats",
    "Mark",
    "Moment",
    "Percentiles",
    "Prices",
    "Seen",
    "Series",
    "Service",
    "SlidingHistogram",
    "Span",
    "Stage",
    "Stall",
    "StallKind",
    "Timeline",
    "Tool",
    "Turn",
    "TurnKind",
    "TurnLatency",
    "WatchdogLimits",
    "Watchdogs",
    "charge",
    "log_turns",
    "measure",
    "serve_latency",
    "snapshot",
    "turn_record",
]

# Imported on first use: what merges the figures of several processes needs no Pipecat.
_HOMES = {
    "Apology": "filler",
    "BARGE_IN": "stats",
    "BargeIn": "timeline",
    "Breach": "budget",
    "Budgets": "budget",
    "ConversationMeasures": "conversation",
    "Count": "stats",
    "DEFAULT_BUDGETS_SECS": "budget",
    "FILLER_TEXT": "recorder",
    "FIRST_SOUND": "stats",
    "Filler": "filler",
    "Histogram": "histogram",
    "LatencyObserver": "observer",
    "LatencyProbe": "probe",
    "LatencyStats": "stats",
    "Mark": "timeline",
    "Moment": "timeline",
    "PROCESS": "stats",
    "Percentiles": "stats",
    "Prices": "prices",
    "Seen": "watchdog",
    "Series": "stats",
    "Service": "stages",
    "SlidingHistogram": "histogram",
    "Span": "stages",
    "Stage": "stages",
    "Stall": "watchdog",
    "StallKind": "watchdog",
    "TTFA": "stats",
    "Timeline": "timeline",
    "Tool": "stages",
    "Turn": "timeline",
    "TurnKind": "timeline",
    "TurnLatency": "stages",
    "WatchdogLimits": "watchdog",
    "Watchdogs": "watchdog",
    "charge": "stages",
    "log_turns": "turn_log",
    "measure": "stages",
    "serve_latency": "endpoint",
    "snapshot": "live",
    "turn_record": "turn_log",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
