"""What a wait may cost, to the rounding that no stage is listed under."""

import pytest

from antiphon.processors.latency.core.budgets import Budgets
from antiphon.processors.latency.core.stages import MIN_STAGE_SECS
from antiphon.processors.latency.core.stats import FIRST_SOUND, TTFA
from antiphon.processors.latency.core.turn import BargeIn, TurnKind
from antiphon.processors.latency.core.turn_latency import Stage, TurnLatency

EDGE_SECS = 0.3 + MIN_STAGE_SECS


def a_wait(
    secs: float, *, first_sound_secs: float | None = None, kind: TurnKind = TurnKind.ANSWERED
) -> TurnLatency:
    return TurnLatency(
        number=7,
        kind=kind,
        started_at=0.0,
        total_secs=secs,
        first_sound_secs=first_sound_secs,
        stages=(Stage(name="llm_inference", secs=secs, start_secs=0.0, owner="llm"),),
        tools=(),
        marks={},
        stamps={},
        flags=(),
    )


@pytest.mark.parametrize(
    ("turn", "exceeded"),
    [
        (a_wait(EDGE_SECS), []),
        (a_wait(EDGE_SECS + 0.001), [TTFA, "llm_inference"]),
        (a_wait(0.1, first_sound_secs=EDGE_SECS + 0.001), [FIRST_SOUND]),
        (a_wait(9.0, kind=TurnKind.INTERRUPTED), []),
    ],
)
def test_a_budget_is_exceeded_by_more_than_rounding(turn: TurnLatency, exceeded: list[str]) -> None:
    budgets = Budgets(secs={TTFA: 0.3, FIRST_SOUND: 0.3, "llm_inference": 0.3})
    breaches = budgets.check(turn)
    assert [breach.budget for breach in breaches] == exceeded
    assert {(breach.owner, breach.turn) for breach in breaches} <= {("llm", 7)}


@pytest.mark.parametrize(
    ("silent_at", "blame"), [(EDGE_SECS, []), (EDGE_SECS + 0.001, ["silence"])]
)
def test_a_barge_in_is_slow_by_more_than_rounding(silent_at: float, blame: list[str]) -> None:
    barge_in = BargeIn(onset_at=0.0, vad_at=0.01, silent_at=silent_at)
    assert [breach.blame for breach in Budgets().check_barge_in(barge_in)] == blame


def test_what_has_no_budget_is_not_watched() -> None:
    budgets = Budgets(secs={"context": 0.1})
    assert budgets.check(a_wait(9.0)) == []
    assert budgets.check_barge_in(BargeIn(onset_at=0.0, silent_at=9.0)) == []


@pytest.mark.parametrize("objective", [0.0, 1.0])
def test_an_objective_of_none_or_all_is_refused(objective: float) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 1, not {objective}"):
        Budgets(objective=objective)
