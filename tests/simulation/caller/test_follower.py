"""When the caller speaks: decided by what is heard of the agent, in explicit times."""

from collections.abc import Sequence

import pytest

from antiphon.simulation.audio import VoicedSpan
from antiphon.simulation.caller import HangUp, Press, Say
from antiphon.simulation.caller.follower import ScriptFollower
from antiphon.simulation.caller.script import Step

LINE = Say(text="what are your opening hours")
OVER = Say(text="wait", after="agent_starts", after_secs=1.5)


def spans(*times: tuple[float, float]) -> list[VoicedSpan]:
    return [VoicedSpan(start_secs=start, end_secs=end) for start, end in times]


def first_due(
    follower: ScriptFollower, agent: Sequence[tuple[float, float]], *, from_secs: float = 0.0
) -> float:
    """Return when the next step is due, given where the agent speaks; it is heard as it speaks."""
    for tick in range(round(from_secs * 50), 3000):
        now = tick / 50
        heard = spans(*((start, min(end, now)) for start, end in agent if start <= now))
        if follower.due(now, heard):
            return now
    raise AssertionError("never due")


@pytest.mark.parametrize(
    ("step", "agent", "due"),
    [
        pytest.param(LINE, [(0.5, 3.0)], 3.7, id="waits until the agent is done"),
        pytest.param(LINE, [(0.5, 3.0), (3.4, 5.0)], 5.7, id="a pause is not the end"),
        pytest.param(Say(text="hm", after_secs=1.0), [(0.5, 3.0)], 4.7, id="and longer if told to"),
        pytest.param(OVER, [(0.5, 9.0)], 2.0, id="talks over the agent"),
        pytest.param(OVER, [(0.5, 1.2)], 1.9, id="not over an agent that is done before"),
        pytest.param(LINE, [], 8.0, id="does not wait for ever"),
        pytest.param(HangUp(after_secs=0.5), [(0.5, 2.0)], 3.2, id="hangs up in the end"),
    ],
)
def test_the_first_step_comes_when(
    step: Step, agent: list[tuple[float, float]], due: float
) -> None:
    follower = ScriptFollower([step], pause_secs=0.7, patience_secs=8.0)
    follower.begin(0.0)

    assert first_due(follower, agent) == pytest.approx(due, abs=0.021)


@pytest.mark.parametrize(
    ("agent", "due"),
    [
        pytest.param([(0.0, 3.0), (5.6, 7.0)], 7.7, id="the greeting is no answer"),
        pytest.param([(0.0, 5.3), (5.9, 7.0)], 7.7, id="nor is what it was still saying"),
        pytest.param([(0.0, 8.0)], 8.7, id="unless it keeps the turn"),
        pytest.param([(0.0, 3.0)], 13.0, id="without an answer, patience counts from the line"),
    ],
)
def test_the_next_step_waits_for_an_answer(agent: list[tuple[float, float]], due: float) -> None:
    follower = ScriptFollower([LINE, LINE], pause_secs=0.7, patience_secs=8.0)
    follower.begin(0.0)
    follower.step_done(5.0)

    assert first_due(follower, agent, from_secs=5.0) == pytest.approx(due, abs=0.021)


def test_after_the_last_step_the_caller_hangs_up() -> None:
    follower = ScriptFollower([LINE])
    follower.begin(0.0)
    assert follower.due(4.0, spans((0.5, 3.0))) is LINE
    follower.step_done(5.0)

    assert follower.due(6.0, spans((0.5, 3.0))) is None
    assert isinstance(follower.due(9.0, spans((0.5, 3.0), (5.6, 8.0))), HangUp)


def test_a_step_that_waits_for_nobody_is_due_after_the_one_before() -> None:
    follower = ScriptFollower([Say(text="a"), Press(keys="1", after="step_done", after_secs=0.5)])
    follower.begin(0.0)
    follower.step_done(3.0)
    speaking = [VoicedSpan(start_secs=2.0, end_secs=3.4)]

    assert follower.due(3.4, speaking) is None
    assert isinstance(follower.due(3.5, speaking), Press)
