"""What the page shows and Pipecat's own RTVI messages do not carry: waits, barge-ins, backchannels.

They travel as RTVI server messages, each an object with a `type`. And what the page's calls do of
their own accord: they end when the agent has said its goodbye.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    InterruptionFrame,
    UserBackchannelFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.frames import GoodbyeFrame, NotUnderstoodFrame
from antiphon.processors.latency import LatencyObserver, TurnLatency
from antiphon.processors.latency.core.turn import TurnKind

__all__ = ["TurnMessages", "wait_message"]

Send = Callable[[dict[str, Any]], Awaitable[None]]


class TurnMessages(BaseObserver):
    """Watches one call, sends what happened in its turns, and hangs up after the goodbye.

    Parameters:
        send: Sends one message to the page; set once the worker exists. Until then nothing is sent.
        hang_up: Ends the call once all has been said; set once the worker exists.
    """

    def __init__(self) -> None:
        super().__init__()
        self.send: Send | None = None
        self.hang_up: Callable[[], Awaitable[None]] | None = None
        self._agent_speaks = False
        self._says_goodbye = False

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note who speaks, and tell what the captions alone would not show.

        Args:
            data: A frame on its way from one processor to the next.
        """
        frame = data.frame
        if not data.first_push:
            return
        # A broadcast frame comes twice, once for each direction.
        if frame.broadcast_sibling_id is not None and data.direction != FrameDirection.DOWNSTREAM:
            return
        if isinstance(frame, BotStartedSpeakingFrame):
            self._agent_speaks = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._agent_speaks = False
            if self._says_goodbye and self.hang_up:
                self._says_goodbye = False
                await self.hang_up()
        elif isinstance(frame, GoodbyeFrame):
            self._says_goodbye = True
        elif isinstance(frame, InterruptionFrame):
            # Who speaks into a goodbye has more to say.
            self._says_goodbye = False
            if self._agent_speaks:
                self._agent_speaks = False
                await self._tell({"type": "barge-in"})
        elif isinstance(frame, NotUnderstoodFrame):
            await self._tell({"type": "not-understood"})
        elif isinstance(frame, UserBackchannelFrame):
            await self._tell({"type": "backchannel", "text": frame.text})

    async def on_answer(self, _: LatencyObserver, turn: TurnLatency) -> None:
        """Tell how long the caller has waited; a handler of the observer's event.

        Args:
            turn: What the observer measured.
        """
        if turn.total_secs is not None:
            await self._tell(wait_message(turn))

    async def _tell(self, message: dict[str, Any]) -> None:
        if self.send is not None:
            await self.send(message)


def wait_message(turn: TurnLatency) -> dict[str, Any]:
    """Return how long the caller waited for an answer, and for what.

    Args:
        turn: What the observer measured, whose stages add up to the whole.

    Returns:
        `total_ms`, whether it is that of the `greeting`, and `stages` in the order in which they
        happened, each with `key`, `label`, `by` and `ms`.
    """
    return {
        "type": "wait",
        "greeting": turn.kind is TurnKind.GREETING,
        "total_ms": round((turn.total_secs or 0.0) * 1000),
        "stages": [
            {
                "key": stage.name,
                "label": stage.name.replace("_", " ").replace("llm", "LLM"),
                "by": stage.owner,
                "ms": round(stage.secs * 1000),
            }
            for stage in turn.stages
        ],
    }
