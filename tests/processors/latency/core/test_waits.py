from antiphon.processors.latency.core.waits import Waits


def test_with_the_callers_next_turn_something_can_be_said_again_though_none_has_ended() -> None:
    waits = Waits([2.0])
    waits.turn_ended(0.0)
    waits.give_up()
    assert waits.over
    waits.turn_started()
    assert not waits.over
