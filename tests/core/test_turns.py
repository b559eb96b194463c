import pytest

from antiphon.core.turns import TurnEvent, TurnState, TurnTracker


@pytest.mark.parametrize(
    ("events", "state", "turn", "interruptions", "ignored"),
    [
        ([], TurnState.LISTENING, 0, 0, 0),
        ([TurnEvent.CALLER_STARTED], TurnState.LISTENING, 1, 0, 0),
        ([TurnEvent.CALLER_STARTED, TurnEvent.CALLER_STOPPED], TurnState.THINKING, 1, 0, 0),
        ([TurnEvent.AGENT_STARTED, TurnEvent.DUCKED], TurnState.DUCKED, 0, 0, 0),
        (
            [TurnEvent.AGENT_STARTED, TurnEvent.DUCKED, TurnEvent.RESTORED],
            TurnState.SPEAKING,
            0,
            0,
            1,
        ),
        (
            [TurnEvent.AGENT_STARTED, TurnEvent.DUCKED, TurnEvent.CALLER_STARTED],
            TurnState.INTERRUPTED,
            1,
            1,
            0,
        ),
        ([TurnEvent.AGENT_STARTED, TurnEvent.AGENT_STOPPED], TurnState.LISTENING, 0, 0, 0),
        ([TurnEvent.DUCKED], TurnState.LISTENING, 0, 0, 0),
        ([TurnEvent.RESTORED], TurnState.LISTENING, 0, 0, 0),
    ],
)
def test_conversation_moves_between_states(
    events: list[TurnEvent], state: TurnState, turn: int, interruptions: int, ignored: int
) -> None:
    tracker = TurnTracker()
    for event in events:
        tracker.take(event)
    now = tracker.snapshot
    assert (now.state, now.turn) == (state, turn)
    assert (now.interruptions, now.ignored) == (interruptions, ignored)


def test_snapshot_tells_how_much_of_the_reply_was_heard() -> None:
    tracker = TurnTracker()
    tracker.take(TurnEvent.AGENT_STARTED)
    assert tracker.take(TurnEvent.CALLER_STARTED, heard_secs=0.74).heard_secs == 0.74
