"""Latency probes: where each millisecond of silence went, live, with budgets and alarms."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.processors.latency.apology import Apology
    from antiphon.processors.latency.core.budgets import DEFAULT_BUDGETS_SECS, Breach, Budgets
    from antiphon.processors.latency.core.conversation import ConversationMeasures
    from antiphon.processors.latency.core.prices import Prices
    from antiphon.processors.latency.core.stats import PROCESS, TTFA
    from antiphon.processors.latency.core.turn import BargeIn
    from antiphon.processors.latency.core.turn_latency import TurnLatency
    from antiphon.processors.latency.core.watchdogs import Stall, WatchdogLimits
    from antiphon.processors.latency.export.http import serve_latency
    from antiphon.processors.latency.export.jsonl import log_turns, turn_record
    from antiphon.processors.latency.fillers import Filler
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
    "Prices",
    "Stall",
    "TurnLatency",
    "WatchdogLimits",
    "log_turns",
    "serve_latency",
    "turn_record",
]

# Imported on first use: what merges the figures of several processes needs no Pipecat.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "core.budgets": "Breach Budgets DEFAULT_BUDGETS_SECS",
        "core.conversation": "ConversationMeasures",
        "core.prices": "Prices",
        "core.turn_latency": "TurnLatency",
        "core.stats": "PROCESS TTFA",
        "core.turn": "BargeIn",
        "core.watchdogs": "Stall WatchdogLimits",
        "export.http": "serve_latency",
        "export.jsonl": "log_turns turn_record",
        "apology": "Apology",
        "fillers": "Filler",
        "observer": "LatencyObserver",
        "probe": "LatencyProbe",
    },
)
