"""What a call under load felt like: pure figures, from when each side was heard."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.caller.caller import SpokenLine

__all__ = ["CallFigures", "Quantiles", "ServerCost", "Summary", "measure", "summarise"]

LATE_GAP_SECS = (0.04, 0.3)
"""A gap within speech that is longer than two packets and shorter than a pause between words that
a synthesiser makes: audio that came too late."""


@dataclass(frozen=True, kw_only=True)
class CallFigures:
    """One call.

    Parameters:
        secs: How long it lasted.
        ttfa_secs: Of each answer, from the end of the caller's line to the first sound.
        stop_secs: Of each barge-in, for how long the agent spoke on.
        late_secs: Each gap in the agent's audio that is not a pause.
        lag_secs: How late the caller was itself, at worst, in each second.
        unanswered: Lines that got no answer.
        failure: Why the call failed, if it did.
    """

    secs: float = 0.0
    ttfa_secs: Sequence[float] = ()
    stop_secs: Sequence[float] = ()
    late_secs: Sequence[float] = ()
    lag_secs: Sequence[float] = ()
    unanswered: int = 0
    failure: str | None = None


def measure(
    lines: Sequence[VoicedSpan | SpokenLine],
    agent: Sequence[VoicedSpan],
    arrived: Sequence[VoicedSpan],
    *,
    lag_secs: Sequence[float] = (),
    secs: float = 0.0,
    failure: str | None = None,
) -> CallFigures:
    """Measure one call; all times are seconds of it.

    Args:
        lines: When the caller spoke, without the last line if it was not waited for.
        agent: When the agent was audible.
        arrived: When the agent's audio played without a break, silence in it included.
        lag_secs: How late the caller was itself, at worst, in each second.
        secs: How long the call lasted.
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
        secs=secs,
        ttfa_secs=ttfa,
        stop_secs=stops,
        late_secs=[gap for gap in gaps if shortest < gap < longest],
        lag_secs=lag_secs,
        unanswered=unanswered,
        failure=failure,
    )


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """The spread of a figure, in seconds, and how often it was met."""

    count: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, kw_only=True)
class ServerCost:
    """What the server took for the calls.

    Parameters:
        processes: How many processes it was at most, workers and other children included.
        cpu_secs: CPU time of all of them.
        cpu_ms_per_call_sec: CPU time for each second of each call.
        memory_before_mb: Memory before the first call.
        memory_peak_mb: The most memory, looked at once a second.
        memory_mb_per_call: How much more that is, for each call; what the first call loads for
            all is in it.
    """

    processes: int
    cpu_secs: float
    cpu_ms_per_call_sec: float
    memory_before_mb: float
    memory_peak_mb: float
    memory_mb_per_call: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All calls together.

    Parameters:
        calls: How many were made.
        call_secs: How long they lasted, all together.
        answers: How many lines were answered.
        unanswered: How many were not.
        ttfa: Time to first audio; None without an answer.
        barge_in_stop: How long agents spoke on; None without a barge-in.
        late_audio: Gaps in the agents' audio that are not pauses; None without any.
        caller_lag: How late callers were themselves, at worst, in each second. A caller that is
            late measures too much.
        failures: Why calls failed, each reason with how often.
        server: What the server took for it; None if it was not read.
    """

    calls: int
    call_secs: float
    answers: int
    unanswered: int
    ttfa: Quantiles | None
    barge_in_stop: Quantiles | None
    late_audio: Quantiles | None
    caller_lag: Quantiles | None
    failures: dict[str, int]
    server: ServerCost | None = None


def summarise(calls: Sequence[CallFigures]) -> Summary:
    """Put the figures of all calls together."""
    reasons = [call.failure for call in calls if call.failure]
    return Summary(
        calls=len(calls),
        call_secs=round(sum(call.secs for call in calls), 1),
        answers=sum(len(call.ttfa_secs) for call in calls),
        unanswered=sum(call.unanswered for call in calls),
        ttfa=_quantiles([secs for call in calls for secs in call.ttfa_secs]),
        barge_in_stop=_quantiles([secs for call in calls for secs in call.stop_secs]),
        late_audio=_quantiles([secs for call in calls for secs in call.late_secs]),
        caller_lag=_quantiles([secs for call in calls for secs in call.lag_secs]),
        failures={reason: reasons.count(reason) for reason in dict.fromkeys(reasons)},
    )


def _quantiles(values: Sequence[float]) -> Quantiles | None:
    if not values:
        return None
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(values, (50, 95, 99)))
    return Quantiles(count=len(values), p50=p50, p95=p95, p99=p99)
