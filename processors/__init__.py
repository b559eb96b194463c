"""The processors: each makes one thing about a call good, and can be taken alone."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.processors.safe_processor import SafeProcessor
    from antiphon.processors.sentences import SentenceAggregator

__all__ = ["SafeProcessor", "SentenceAggregator"]

# Imported on first use, so that one processor does not pay for the others.
_HOMES = {
    "SafeProcessor": "safe_processor",
    "SentenceAggregator": "sentences",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
