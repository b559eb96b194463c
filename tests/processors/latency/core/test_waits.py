import pytest

from antiphon.processors.latency.core.waits import Waits


def test_with_the_callers_next_turn_something_can_be_said_again_though_none_has_ended() -> None:
    waits = Waits([2.0])
    waits.turn_ended(0.0)
    waits.give_up()
    assert waits.over
    waits.turn_started(3.0)
    assert not waits.over


@pytest.mark.parametrize("awaited", [False, True])
def test_what_is_missing_after_an_answer_has_begun_is_another_wait(awaited: bool) -> None:
    waits = Waits([2.0])
    waits.turn_ended(0.0)
    waits.tool_started("1", 0.5, awaited=awaited)
    waits.give_up()
    waits.answered(5.0)
    # While an awaited tool runs, what is said is no answer.
    assert waits.over is awaited
