"""The processors: each makes one thing about a call good, and can be taken alone."""

from typing import TYPE_CHECKING

from antiphon.core import lazy

if TYPE_CHECKING:
    from antiphon.processors.interruption import Interruption
    from antiphon.processors.language import LanguageFollower
    from antiphon.processors.latency import Apology, Filler, LatencyObserver, LatencyProbe
    from antiphon.processors.redaction import PIIRedactor
    from antiphon.processors.safe_processor import SafeProcessor
    from antiphon.processors.sentences import SentenceAggregator

__all__ = [
    "Apology",
    "Filler",
    "Interruption",
    "LanguageFollower",
    "LatencyObserver",
    "LatencyProbe",
    "PIIRedactor",
    "SafeProcessor",
    "SentenceAggregator",
]

# On first use, so that one processor does not pay for the others.
__getattr__, __dir__ = lazy.exports(
    __name__,
    {
        "interruption": "Interruption",
        "language": "LanguageFollower",
        "latency": "Apology Filler LatencyObserver LatencyProbe",
        "redaction": "PIIRedactor",
        "safe_processor": "SafeProcessor",
        "sentences": "SentenceAggregator",
    },
)
