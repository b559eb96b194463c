"""Generated calls break no invariant: a few of them here, more among the system tests."""

import pytest

from antiphon.simulation.generated.command import replay_command, told
from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.judge import judge
from antiphon.simulation.generated.play import play_call

FEW, MORE = 10, 50


@pytest.mark.parametrize(
    "seed",
    [*range(FEW), *(pytest.param(seed, marks=pytest.mark.system) for seed in range(FEW, MORE))],
)
def test_a_generated_call_breaks_nothing(seed: int) -> None:
    broken = judge(play_call(plan_call(seed)))
    assert not broken, told(broken, replay_command(seed))
