"""What a call under load felt like: pure figures, from when each side was heard."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from antiphon.simulation.audio import Span

__all__ = ["CallFigures", "Quantiles", "Summary", "measure", "summarise"]

LATE_GAP_SECS = (0.04, 0.3)
"""A gap within speech that is longer than two packets and shorter than a pause between words that
a synthesiser makes: audio that came too late."""


@dataclass(frozen=True, kw_only=True)
class CallFigures:
    """One call.

    Attributes:
        ttfa_secs: Of each answer, from the end of the caller's line to the first sound.
        stop_secs: Of each barge-in, for how long the agent spoke on.
        unanswered: Lines that got no answer.
        late_gaps: Gaps in the agent's audio that are not pauses.
        failure: Why the call failed, if it did.
    """

    ttfa_secs: Sequence[float] = ()
    stop_secs: Sequence[float] = ()
    unanswered: int = 0
    late_gaps: int = 0
    failure: str | None = None


def measure(
    lines: Sequence[Span],
    agent: Sequence[Span],
    arrived: Sequence[Span],
    *,
    failure: str | None = None,
) -> CallFigures:
    """Measure one call; all times are seconds of it.

    Args:
        lines: When the caller spoke, without the last line if it was not waited for.
        agent: When the agent was audible.
        arrived: When the agent's audio played without a break, silence in it included.
        failure: Why the call failed, if it did.
    """
    ttfa: list[float] = []
    stops: list[float] = []
    unanswered = 0
    ends = [*(line.start_secs for line in lines[1:]), float("inf")]
    for line, until in zip(lines, ends, strict=False):
        over = [a for a in agent if a.start_secs < line.start_secs < a.end_secs]
        stops += [a.end_secs - line.start_secs for a in over]
        answers = [a.start_secs for a in agent if line.end_secs <= a.start_secs < until]
        if answers:
            ttfa.append(answers[0] - line.end_secs)
        else:
            unanswered += 1
    shortest, longest = LATE_GAP_SECS
    gaps = [later.start_secs - sooner.end_secs for sooner, later in itertools.pairwise(arrived)]
    return CallFigures(
        ttfa_secs=ttfa,
        stop_secs=stops,
        unanswered=unanswered,
        late_gaps=sum(shortest < gap < longest for gap in gaps),
        failure=failure,
    )


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """The spread of a figure, in seconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All calls together.

    Attributes:
        calls: How many were made.
        answers: How many lines were answered.
        unanswered: How many were not.
        ttfa: Time to first audio; None without an answer.
        barge_in_stop: How long agents spoke on; None without a barge-in.
        late_gaps: Gaps in the agents' audio that are not pauses.
        failures: Why calls failed, each reason with how often.
    """

    calls: int
    answers: int
    unanswered: int
    ttfa: Quantiles | None
    barge_in_stop: Quantiles | None
    late_gaps: int
    failures: dict[str, int]


def summarise(calls: Sequence[CallFigures]) -> Summary:
    """Put the figures of all calls together."""
    ttfa = [secs for call in calls for secs in call.ttfa_secs]
    reasons = [call.failure for call in calls if call.failure]
    return Summary(
        calls=len(calls),
        answers=len(ttfa),
        unanswered=sum(call.unanswered for call in calls),
        ttfa=_quantiles(ttfa),
        barge_in_stop=_quantiles([secs for call in calls for secs in call.stop_secs]),
        late_gaps=sum(call.late_gaps for call in calls),
        failures={reason: reasons.count(reason) for reason in dict.fromkeys(reasons)},
    )


def _quantiles(values: Sequence[float]) -> Quantiles | None:
    if not values:
        return None
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(values, (50, 95, 99)))
    return Quantiles(p50=p50, p95=p95, p99=p99)
