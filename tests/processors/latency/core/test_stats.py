"""What calls measured adds up over calls and processes, in bounded memory."""

import json

import pytest

from antiphon.processors.latency import TTFA, BargeIn, Budgets, TurnLatency
from antiphon.processors.latency.core.stats import (
    BARGE_IN,
    FIRST_SOUND,
    Count,
    LatencyStats,
    Series,
)
from antiphon.processors.latency.core.turn import TurnKind
from antiphon.processors.latency.core.turn_latency import Stage


def a_turn(stages: dict[str, float], kind: TurnKind = TurnKind.ANSWERED) -> TurnLatency:
    start, parts = 0.0, []
    for name, secs in stages.items():
        parts.append(Stage(name=name, secs=secs, start_secs=start, owner=f"{name}#0"))
        start += secs
    return TurnLatency(
        number=1,
        kind=kind,
        started_at=0.0,
        total_secs=start,
        first_sound_secs=start,
        stages=tuple(parts),
        tools=(),
        marks={},
        stamps={},
        flags=(),
        transport="memory",
    )


def test_turns_that_are_no_answers_are_counted_but_not_measured() -> None:
    stats = LatencyStats()
    for kind in TurnKind:
        stats.add_turn(a_turn({"llm_inference": 9.0}, kind), at=0)
    assert stats.percentiles(TTFA).count == 1
    assert all(stats.counts()[Count(what="turns", kind=kind)] == 1 for kind in TurnKind)


def test_a_stage_in_two_pieces_counts_as_one() -> None:
    stats = LatencyStats()
    turn = a_turn({"llm_inference": 0.4, "function_handler": 0.2})
    again = Stage(name="llm_inference", secs=0.6, start_secs=0.6, owner="llm_inference#0")
    stats.add_turn(
        TurnLatency(**{**vars(turn), "stages": (*turn.stages, again), "total_secs": 1.2}), at=0
    )
    assert stats.percentiles("llm_inference").count == 1
    assert stats.percentiles("llm_inference").p50 == pytest.approx(1.0, rel=0.01)


def test_processes_merge_through_json() -> None:
    one, other = LatencyStats(), LatencyStats()
    for secs in (0.1, 0.2, 0.3):
        one.add(Series(stage=TTFA, provider="a"), secs, at=0)
        other.add(Series(stage=TTFA, provider="b"), secs * 10, at=0)
    other.count(Count(what="stalls", kind="no_first_token", owner="openai"), 2)
    one.merge(LatencyStats.from_dict(json.loads(json.dumps(other.to_dict()))))
    assert one.percentiles(TTFA).count == 6
    assert one.percentiles(TTFA).p50 == pytest.approx(0.65, rel=0.01)
    assert one.counts()[Count(what="stalls", kind="no_first_token", owner="openai")] == 2


def test_the_costliest_stage_is_told_first() -> None:
    stats = LatencyStats()
    for secs in (0.3, 0.4):
        stats.add_turn(a_turn({"context": 0.1, "llm_inference": secs}), at=0)
    assert stats.stages()[-2:] == ["llm_inference", "context"]
    assert stats.percentiles(FIRST_SOUND).count == 2


def test_a_barge_in_is_measured_if_it_was_seen_whole() -> None:
    stats = LatencyStats()
    for barge_in in (BargeIn(onset_at=1.0, silent_at=1.5), BargeIn(onset_at=1.0)):
        stats.add_barge_in(barge_in, transport="memory", at=0)
    assert stats.percentiles(BARGE_IN).count == 1
    assert stats.counts()[Count(what="barge_ins")] == 2


def test_a_window_has_the_last_minutes_alone() -> None:
    stats = LatencyStats(windows_secs=(60,))
    stats.add(Series(stage=TTFA), 5.0, at=0)
    stats.add(Series(stage=TTFA), 1.0, at=300)
    assert stats.percentiles(TTFA, window_secs=60, at=300).count == 1
    assert stats.percentiles(TTFA).count == 2


def test_a_window_that_is_not_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="no window of 7 s"):
        LatencyStats().histogram(TTFA, window_secs=7)


def test_labels_cannot_fill_memory() -> None:
    stats = LatencyStats(max_series=10)
    for i in range(1000):
        stats.add(Series(stage=TTFA, model=str(i)), 1.0, at=0)
        stats.count(Count(what="stalls", owner=str(i)))
    assert len(list(stats.series())) <= 11
    assert sum(histogram.count for _, histogram in stats.series()) == 1000
    assert len(stats.counts()) <= 11
    assert sum(stats.counts().values()) == 1000


@pytest.mark.parametrize(
    ("stages", "breaches"),
    [
        ({"llm_inference": 0.3, "speech_synthesis": 0.15}, []),
        (
            {"llm_inference": 0.9, "speech_synthesis": 0.3},
            [
                ("ttfa", "llm_inference"),
                ("llm_inference", "llm_inference"),
                ("speech_synthesis",) * 2,
            ],
        ),
        # The longest stage may be within its own budget, and is then not the one to blame.
        (
            {"function_handler": 0.9, "endpointing_wait": 0.8},
            [("ttfa", "endpointing_wait"), ("endpointing_wait", "endpointing_wait")],
        ),
        ({"unheard_of": 7.0}, [("ttfa", "unheard_of")]),
    ],
)
def test_the_stage_furthest_over_its_budget_is_to_blame(
    stages: dict[str, float], breaches: list[tuple[str, str]]
) -> None:
    budgets = Budgets(
        secs={
            TTFA: 1.0,
            "llm_inference": 0.3,
            "speech_synthesis": 0.15,
            "function_handler": 1.0,
            "endpointing_wait": 0.2,
        }
    )
    found = budgets.check(a_turn(stages))
    assert [(breach.budget, breach.blame) for breach in found] == breaches


def test_a_slow_barge_in_blames_its_slowest_step() -> None:
    slow = BargeIn(onset_at=1.0, vad_at=1.2, decided_at=2.0, silent_at=2.05)
    [breach] = Budgets().check_barge_in(slow)
    assert (breach.budget, breach.blame, breach.limit_secs) == ("barge_in", "decision", 0.3)
    assert breach.secs == pytest.approx(1.05)
    quick = BargeIn(onset_at=1.0, vad_at=1.2, decided_at=1.25, silent_at=1.28)
    assert Budgets().check_barge_in(quick) == []
    assert Budgets().check_barge_in(BargeIn()) == []


def test_an_error_budget_burns_as_fast_as_waits_are_too_long() -> None:
    stats = LatencyStats(windows_secs=(300,))
    budgets = Budgets(objective=0.9)
    assert budgets.burn_rate(stats, window_secs=300, at=0) is None
    for secs in [0.5] * 8 + [3.0] * 2:
        stats.add(Series(stage=TTFA), secs, at=10)
    assert budgets.burn_rate(stats, window_secs=300, at=10) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Budgets(secs={TTFA: 0}), "ttfa"),
        (lambda: Budgets(objective=1.0), "objective"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(make: type[Budgets], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()


def test_nodes_whose_names_are_made_in_calls_fill_no_memory() -> None:
    stats = LatencyStats()
    for number in range(200):
        stats.add(Series(stage=TTFA, node=f"caller {number}"), 1.0, at=0.0)
    assert len(stats.nodes()) == 51
    assert stats.percentiles(node="other").count == 150
    assert stats.percentiles().count == 200
