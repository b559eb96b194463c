"""What a call's worker knows of who has the turn."""

import pytest

from antiphon.core.turns import TurnState
from antiphon.pipeline.default_agent import order_desk
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.virtual_time

LINES = (
    Say(text="what are your opening hours"),
    Say(text="uh-huh", after="agent_starts", after_secs=0.5),
    Say(text="stop please", after="step_done", after_secs=1.0),
)


async def test_a_call_tells_turns_interruptions_and_voices_ignored() -> None:
    transport = MemoryTransport()
    stt = FakeSTT(script=[line.text for line in LINES])
    worker = order_desk(stt=stt, tts=FakeTTS()).worker(transport)
    assert worker.turns
    assert worker.turns.state is TurnState.LISTENING
    await simulate_call(Caller(transport, [*LINES, HangUp()]), worker)
    assert (worker.turns.turn, worker.turns.interruptions, worker.turns.ignored) == (2, 1, 1)
    assert worker.turns.heard_secs == pytest.approx(0.36, abs=0.1)  # of what it said last


async def test_a_call_that_any_voice_interrupts_does_not_tell() -> None:
    worker = order_desk(interruption=None).worker(MemoryTransport())
    assert worker.turns is None
