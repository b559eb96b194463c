"""A generated call follows from its seed and its ranges alone."""

import pytest

from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.plan import CallPlan
from antiphon.simulation.generated.ranges import CallRanges


def test_the_same_seed_is_the_same_call_and_another_is_another() -> None:
    assert plan_call(7) == plan_call(7)
    assert plan_call(7) != plan_call(8)


PLANS = [plan_call(seed) for seed in range(300)]


@pytest.mark.parametrize(
    "happens",
    [
        lambda plan: any(line.kind == "barge_in" for line in plan.lines),
        lambda plan: any(line.kind == "backchannel" for line in plan.lines),
        lambda plan: any(line.kind == "noise" for line in plan.lines),
        lambda plan: any(line.kind == "keys" for line in plan.lines),
        lambda plan: any(line.hearing.again_secs is not None for line in plan.lines),
        lambda plan: any((line.hearing.final_secs or 0.0) > 0.8 for line in plan.lines),
        lambda plan: any(line.reply.tool == "hangs" for line in plan.lines),
        lambda plan: any(line.reply.tool_secs > 1.0 for line in plan.lines),
        lambda plan: any(line.reply.fault is not None for line in plan.lines),
        lambda plan: bool(plan.voice_faults),
        lambda plan: not plan.interims,
        lambda plan: not plan.word_times,
        lambda plan: plan.ending == "hung up early",
        lambda plan: plan.ending == "idle",
        lambda plan: plan.ending == "agent",
    ],
)
def test_whatever_may_happen_happens_in_some_calls_and_not_in_all(happens: object) -> None:
    assert callable(happens)
    found = sum(bool(happens(plan)) for plan in PLANS)
    assert 0 < found < len(PLANS)


def test_what_is_set_is_what_is_drawn() -> None:
    ranges = CallRanges(lines=(3, 3), tool_rate=1.0, slow_tool_rate=1.0, slow_tool_secs=(9, 9))
    plans: list[CallPlan] = [plan_call(seed, ranges) for seed in range(20)]
    tools = [line.reply for plan in plans for line in plan.lines if line.reply.tool == "works"]
    assert tools
    assert {reply.tool_secs for reply in tools} == {9.0}


def test_wider_ranges_reach_further_and_happen_more_often_but_services_that_work_do_so() -> None:
    wider = CallRanges().wider(1.5)
    assert wider.slow_tool_secs == pytest.approx((1 / 1.5, 18.0))
    assert wider.late_final_rate == pytest.approx(0.09)
    assert wider.first_token_secs == CallRanges().first_token_secs
    assert wider.word_times_rate == CallRanges().word_times_rate


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        ({"tool_rate": 1.2}, "tool_rate=1.2: give a share from 0 to 1"),
        ({"tool_secs": (2.0, 1.0)}, r"tool_secs=\(2.0, 1.0\): give the least and the most"),
    ],
)
def test_ranges_of_which_no_call_could_be_drawn_are_refused(
    ranges: dict[str, float], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        CallRanges(**ranges)  # type: ignore[arg-type]
