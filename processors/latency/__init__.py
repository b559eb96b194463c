"""Latency probes: where each millisecond of silence went, live, with budgets and alarms."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.processors.latency.core.budgets import DEFAULT_BUDGETS_SECS, Breach, Budgets
    from antiphon.processors.latency.core.conversation import ConversationMeasures
    from antiphon.processors.latency.core.histogram import Histogram, SlidingHistogram
    from antiphon.processors.latency.core.prices import Prices
    from antiphon.processors.latency.core.stages import (
        Service,
        Span,
        Stage,
        Tool,
        TurnLatency,
        charge,
        measure,
    )
    from antiphon.processors.latency.core.stats import (
        BARGE_IN,
        FIRST_SOUND,
        PROCESS,
        TTFA,
        Count,
        LatencyStats,
        Percentiles,
        Series,
    )
    from antiphon.processors.latency.core.timeline import (
        BargeIn,
        Mark,
        Moment,
        Timeline,
        Turn,
        TurnKind,
    )
    from antiphon.processors.latency.core.watchdogs import (
        Seen,
        Stall,
        StallKind,
        WatchdogLimits,
        Watchdogs,
    )
    from antiphon.processors.latency.export.http import serve_latency
    from antiphon.processors.latency.export.jsonl import log_turns, turn_record
    from antiphon.processors.latency.fillers import Apology, Filler
    from antiphon.processors.latency.frame_events import FILLER_TEXT
    from antiphon.processors.latency.live import snapshot
    from antiphon.processors.latency.observer import LatencyObserver
    from antiphon.processors.latency.probe import LatencyProbe

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
    "Apology": "fillers",
    "BARGE_IN": "core.stats",
    "BargeIn": "core.timeline",
    "Breach": "core.budgets",
    "Budgets": "core.budgets",
    "ConversationMeasures": "core.conversation",
    "Count": "core.stats",
    "DEFAULT_BUDGETS_SECS": "core.budgets",
    "FILLER_TEXT": "frame_events",
    "FIRST_SOUND": "core.stats",
    "Filler": "fillers",
    "Histogram": "core.histogram",
    "LatencyObserver": "observer",
    "LatencyProbe": "probe",
    "LatencyStats": "core.stats",
    "Mark": "core.timeline",
    "Moment": "core.timeline",
    "PROCESS": "core.stats",
    "Percentiles": "core.stats",
    "Prices": "core.prices",
    "Seen": "core.watchdogs",
    "Series": "core.stats",
    "Service": "core.stages",
    "SlidingHistogram": "core.histogram",
    "Span": "core.stages",
    "Stage": "core.stages",
    "Stall": "core.watchdogs",
    "StallKind": "core.watchdogs",
    "TTFA": "core.stats",
    "Timeline": "core.timeline",
    "Tool": "core.stages",
    "Turn": "core.timeline",
    "TurnKind": "core.timeline",
    "TurnLatency": "core.stages",
    "WatchdogLimits": "core.watchdogs",
    "Watchdogs": "core.watchdogs",
    "charge": "core.stages",
    "log_turns": "export.jsonl",
    "measure": "core.stages",
    "serve_latency": "export.http",
    "snapshot": "live",
    "turn_record": "export.jsonl",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
