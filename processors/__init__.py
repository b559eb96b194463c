"""The processors: each makes one thing about a call good, and can be taken alone."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.processors.interruption import Interruption, InterruptionStrategy, PlaybackGate
    from antiphon.processors.latency import Apology, Filler, LatencyObserver, LatencyProbe
    from antiphon.processors.redaction import PIIRedactor, PIIRestorer
    from antiphon.processors.safe_processor import SafeProcessor
    from antiphon.processors.sentences import SentenceAggregator

__all__ = [
    "Apology",
    "Filler",
    "Interruption",
    "InterruptionStrategy",
    "LatencyObserver",
    "LatencyProbe",
    "PIIRedactor",
    "PIIRestorer",
    "PlaybackGate",
    "SafeProcessor",
    "SentenceAggregator",
]

# Imported on first use, so that one processor does not pay for the others.
_HOMES = {
    "Apology": "latency",
    "Filler": "latency",
    "Interruption": "interruption",
    "InterruptionStrategy": "interruption",
    "LatencyObserver": "latency",
    "LatencyProbe": "latency",
    "PIIRedactor": "redaction",
    "PIIRestorer": "redaction",
    "PlaybackGate": "interruption",
    "SafeProcessor": "safe_processor",
    "SentenceAggregator": "sentences",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
