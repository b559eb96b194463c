"""What the decision benchmark counts."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cases import FINAL_LAG_MS, Case, views

from antiphon.processors.interruption.decision import InterruptionDecider, Utterance

__all__ = ["Outcome", "Rates", "rates", "score", "score_ours"]


@dataclass(frozen=True)
class Outcome:
    """What a decider did about a case: when it interrupted (ms after onset), and what that cost."""

    case: Case
    at_ms: float | None
    calls: int
    seconds: float


@dataclass(frozen=True)
class Rates:
    """Shares in percent; times in ms; the cost of one decision in µs."""

    cases: int
    accuracy: float
    macro_f1: float
    false_interruptions: float
    missed: float
    p50_ms: float
    p90_ms: float
    decision_us: float

    @property
    def balanced(self) -> float:
        """The mean of both classes' accuracy."""
        return 100 - (self.false_interruptions + self.missed) / 2


def score(
    cases: Iterable[Case], decide: Callable[[Utterance], bool], reset: Callable[[], None]
) -> list[Outcome]:
    """Play every case; the first interruption binds."""
    outcomes = []
    for case in cases:
        reset()
        at_ms, calls, seen = None, 0, list(views(case))
        start = time.perf_counter()
        for view in seen:
            calls += 1
            if decide(view):
                at_ms = view.speech_secs * 1000 + (FINAL_LAG_MS if view.is_final else 0)
                break
        outcomes.append(Outcome(case, at_ms, calls, time.perf_counter() - start))
    return outcomes


def score_ours(cases: Iterable[Case], decider: InterruptionDecider) -> list[Outcome]:
    """Play every case to our decider."""
    return score(
        cases, lambda view: decider.decide(view).action == "interrupt", reset=decider.reset
    )


def _f1(hits: int, errors: int) -> float:
    return 2 * hits / (2 * hits + errors) if hits else 0.0


def rates(outcomes: list[Outcome]) -> Rates:
    """Count a list of outcomes."""
    false = sum(not o.case.interrupt and o.at_ms is not None for o in outcomes)
    missed = sum(o.case.interrupt and o.at_ms is None for o in outcomes)
    interrupts = sum(o.case.interrupt for o in outcomes)
    ignores = len(outcomes) - interrupts
    times = sorted(o.at_ms for o in outcomes if o.case.interrupt and o.at_ms is not None) or [0]
    hits, passes = interrupts - missed, ignores - false
    return Rates(
        cases=len(outcomes),
        accuracy=100 * (hits + passes) / max(1, len(outcomes)),
        macro_f1=50 * (_f1(hits, false + missed) + _f1(passes, false + missed)),
        false_interruptions=100 * false / max(1, ignores),
        missed=100 * missed / max(1, interrupts),
        p50_ms=times[len(times) // 2],
        p90_ms=times[len(times) * 9 // 10],
        decision_us=1e6 * sum(o.seconds for o in outcomes) / max(1, sum(o.calls for o in outcomes)),
    )
