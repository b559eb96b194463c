"""How long a fake takes, and how it fails when told to."""

import math
import random
from dataclasses import dataclass

from pipecat.utils.errors import ErrorCategory

__all__ = ["Failure", "Latency"]

_P95_DEVIATIONS = 1.6449  # of the standard normal distribution


class Latency:
    """A latency with a median and a tail: log-normal, as measured latencies of services are.

    The draws of one object follow from its seed alone.
    """

    def __init__(self, *, median: float, p95: float | None = None, seed: int = 0) -> None:
        """Describe the distribution.

        Args:
            median: Half of the draws are below this, in seconds.
            p95: 95 % of the draws are below this, in seconds; by default every draw is the median.
            seed: Seed of the draws.
        """
        p95 = median if p95 is None else p95
        if not 0 <= median <= p95:
            raise ValueError(f"latency needs 0 <= median <= p95, not median={median}, p95={p95}")
        self._median = median
        self._spread = math.log(p95 / median) / _P95_DEVIATIONS if median else 0.0
        self._random = random.Random(seed)

    def draw(self) -> float:
        """Return the next latency in seconds."""
        return self._median * math.exp(self._spread * self._random.gauss(0.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A place in a script where the fake fails instead of answering.

    Parameters:
        message: What the ErrorFrame says.
        category: Why; a permanent category makes the fake unusable, as it does a real service.
        after: How many tokens (LLM), words (STT) or audio frames (TTS) of `text` still come.
        text: What it was about to say.
        stall: Go silent without an error, until interrupted, as a hanging connection does.
    """

    message: str = "the fake failed on cue"
    category: ErrorCategory = ErrorCategory.SERVER
    after: int = 0
    text: str = ""
    stall: bool = False
