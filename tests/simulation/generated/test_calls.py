"""Generated calls break no invariant: a few of them here, a thousand among the system tests."""

import pytest

from antiphon.simulation.generated.command import replay_command, told
from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.judge import judge
from antiphon.simulation.generated.play import play_call

SEEDS = 25
MANY_SEEDS = range(1000, 2000)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_generated_call_breaks_nothing(seed: int) -> None:
    broken = judge(play_call(plan_call(seed)))
    assert not broken, told(broken, replay_command(seed))


@pytest.mark.system
@pytest.mark.parametrize("first", range(MANY_SEEDS.start, MANY_SEEDS.stop, 50))
def test_many_generated_calls_break_nothing(first: int) -> None:
    found = []
    for seed in range(first, first + 50):
        if broken := judge(play_call(plan_call(seed))):
            found.append(told(broken, replay_command(seed)))
    assert not found, "\n".join(found)
