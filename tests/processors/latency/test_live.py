"""What several processes show is one picture, with the percentiles of all their calls."""

import pytest

from antiphon.processors.latency import TTFA, ConversationMeasures
from antiphon.processors.latency.core.fleet import merge_states, summary
from antiphon.processors.latency.core.histogram import Histogram
from antiphon.processors.latency.core.stats import LatencyStats, Series
from antiphon.processors.latency.live import live_state, snapshot


def stats_of(*secs: float) -> LatencyStats:
    stats = LatencyStats()
    for each in secs:
        stats.add(Series(stage=TTFA), each, at=0.0)
    return stats


async def test_states_of_processes_add_up() -> None:
    states = [live_state(stats_of(0.5, 0.6)), live_state(stats_of(2.0))]
    lag = Histogram()
    lag.add(0.3)
    states[1]["loop_lag"] = lag.to_dict()
    states[0]["calls"], states[1]["calls"] = [{"call_id": "a"}], [{"call_id": "b"}]
    whole = summary(merge_states([merge_states(states[:1]), merge_states(states[1:])]))
    assert whole["process"]["ttfa"]["count"] == 3
    assert whole["process"]["ttfa"]["p50"] == pytest.approx(0.6, rel=0.01)
    assert [call["call_id"] for call in whole["calls"]] == ["a", "b"]
    assert whole["loop_lag"]["max"] == pytest.approx(0.3)


async def test_one_process_alone_shows_the_same_as_a_merged_one() -> None:
    stats = stats_of(0.5)
    assert summary(merge_states([live_state(stats)])) == snapshot(stats)


def test_calls_that_are_over_add_up() -> None:
    stats = LatencyStats()
    measures = ConversationMeasures(
        seconds=60.0,
        turns=4,
        agent_utterances=5,
        barge_ins=2,
        false_barge_ins=1,
        repeat_requests=1,
        dead_air_secs=3.0,
        caller_words=20,
        agent_words=50,
        dollars={"openai": 0.01},
        prices_as_of="2026-06-21",
    )
    for _ in range(2):
        stats.add_call(measures)
    counts = {(count.what, count.kind): number for count, number in stats.counts().items()}
    assert counts["seconds", ""] == 120.0
    assert counts["dollars", "openai"] == pytest.approx(0.02)
    assert measures.to_dict()["false_interruption_rate"] == 0.5
    assert measures.to_dict()["silence_ratio"] == 0.05
