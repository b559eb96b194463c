"""Latency probes: where each millisecond of silence went, live, with budgets and alarms."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.processors.latency.core.budgets import DEFAULT_BUDGETS_SECS, Breach, Budgets
    from antiphon.processors.latency.core.conversation import ConversationMeasures
    from antiphon.processors.latency.core.prices import Prices
    from antiphon.processors.latency.core.stages import TurnLatency
    from antiphon.processors.latency.core.stats import PROCESS, TTFA, LatencyStats
    from antiphon.processors.latency.core.timeline import BargeIn, TurnKind
    from antiphon.processors.latency.core.watchdogs import Stall, StallKind, WatchdogLimits
    from antiphon.processors.latency.export.http import serve_latency
    from antiphon.processors.latency.export.jsonl import log_turns, turn_record
    from antiphon.processors.latency.fillers import Apology, Filler
    from antiphon.processors.latency.observer import LatencyObserver
    from antiphon.processors.latency.probe import LatencyProbe

__all__ = [
    "DEFAULT_BUDGETS_SECS",
    "PROCESS",
    "TTFA",
    "Apology",
    "BargeIn",
    "Breach",
    "Budgets",
    "ConversationMeasures",
    "Filler",
    "LatencyObserver",
    "LatencyProbe",
    "LatencyStats",
    "Prices",
    "Stall",
    "StallKind",
    "TurnKind",
    "TurnLatency",
    "WatchdogLimits",
    "log_turns",
    "serve_latency",
    "turn_record",
]

# Imported on first use: what merges the figures of several processes needs no Pipecat.
_HOMES = {
    "DEFAULT_BUDGETS_SECS": "core.budgets",
    "PROCESS": "core.stats",
    "TTFA": "core.stats",
    "Apology": "fillers",
    "BargeIn": "core.timeline",
    "Breach": "core.budgets",
    "Budgets": "core.budgets",
    "ConversationMeasures": "core.conversation",
    "Filler": "fillers",
    "LatencyObserver": "observer",
    "LatencyProbe": "probe",
    "LatencyStats": "core.stats",
    "Prices": "core.prices",
    "Stall": "core.watchdogs",
    "StallKind": "core.watchdogs",
    "TurnKind": "core.timeline",
    "TurnLatency": "core.stages",
    "WatchdogLimits": "core.watchdogs",
    "log_turns": "export.jsonl",
    "serve_latency": "export.http",
    "turn_record": "export.jsonl",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
