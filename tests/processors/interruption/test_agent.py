"""What the agent was doing when the caller began."""

import pytest
from pipecat.frames.frames import BotStartedSpeakingFrame, BotStoppedSpeakingFrame

from antiphon.processors.interruption.agent import AgentActivity
from antiphon.processors.interruption.decision import AgentState


@pytest.mark.parametrize(
    ("filler", "state"), [(True, AgentState.THINKING), (False, AgentState.SILENT)]
)
def test_behind_what_only_filled_a_wait_the_agent_still_works_at_its_answer(
    filler: bool, state: AgentState
) -> None:
    agent = AgentActivity()
    agent.turn_stopped(10.0)
    agent.see(BotStartedSpeakingFrame(), 11.0)
    if filler:
        agent.thinks_on()
    agent.see(BotStoppedSpeakingFrame(), 12.0)
    assert agent.state(12.5) is state
    assert agent.state(30.0) is AgentState.SILENT
