"""The start strategies that stand behind ours, asked before the agent is interrupted."""

from collections.abc import Iterable, Sequence

from pipecat.frames.frames import Frame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    ExternalUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    UserTurnStartedParams,
    VADUserTurnStartStrategy,
    WakePhraseUserTurnStartStrategy,
)

from antiphon.core.reaching_in import start_strategies
from antiphon.processors.interruption.decision import Action, Decision

__all__ = ["StrategiesBehind"]

# They start a turn for any voice, any word, or any turn that a service found: no need to ask.
_AGREE_TO_ALL = (
    VADUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    ExternalUserTurnStartStrategy,
)


class StrategiesBehind:
    """Strategies such as one that waits for a wake phrase, taken over from the user aggregator.

    There they would start a turn at once, before ours knows whether somebody means to interrupt.
    """

    def __init__(self, ours: BaseUserTurnStartStrategy) -> None:
        self._ours = ours
        self._strategies: Sequence[BaseUserTurnStartStrategy] = ()
        self._agreed: UserTurnStartedParams | None = None
        self._called = False
        self._asking = False
        self._handlers = {
            "on_user_turn_started": self._start,
            "on_reset_aggregation": self._reset,
            "on_push_frame": self._push,
            "on_broadcast_frame": self._broadcast,
        }

    @property
    def agree(self) -> bool:
        """Whether they would have started a turn for what they were asked about since `forget`."""
        return not self._strategies or self._agreed is not None

    @property
    def interrupt(self) -> bool:
        """Whether that turn would have interrupted the agent."""
        return self._agreed is None or self._agreed.enable_interruptions

    @property
    def decision(self) -> Decision | None:
        """What is for them alone to decide: who says the wake phrase means the agent."""
        return Decision(action=Action.INTERRUPT, reason="wake_phrase") if self._called else None

    def forget(self) -> None:
        """Ask anew from now on."""
        self._agreed, self._called = None, False

    async def setup(self, setup: FrameProcessorSetup, processors: Iterable[FrameProcessor]) -> None:
        """Take them out of the list that ours is in, which one of the processors has."""
        for start in map(start_strategies, processors):
            if self._ours in start:
                behind = start[start.index(self._ours) + 1 :]
                if not all(isinstance(each, _AGREE_TO_ALL) for each in behind):
                    del start[-len(behind) :]
                    self._strategies = behind
        for strategy in self._strategies:
            await strategy.setup(setup)
            for event, handler in self._handlers.items():
                strategy.add_event_handler(event, handler)

    async def cleanup(self) -> None:
        """Let go of them."""
        for strategy in self._strategies:
            await strategy.cleanup()
            for event, handler in self._handlers.items():
                strategy.remove_event_handler(event, handler)

    async def turn_started(self) -> None:
        """Tell them of a turn, as the user aggregator would."""
        for strategy in self._strategies:
            await strategy.handle_user_turn_started()

    async def turn_stopped(self) -> None:
        """Tell them of a turn's end."""
        for strategy in self._strategies:
            await strategy.handle_user_turn_stopped()

    async def ask(self, frame: Frame) -> None:
        """Have them judge a frame, and start no turn."""
        self._asking = True
        try:
            await self.process_frame(frame)
        finally:
            self._asking = False

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Have them judge a frame, in their order, as the user aggregator would."""
        for strategy in self._strategies:
            if await strategy.process_frame(frame) is ProcessFrameResult.STOP:
                return ProcessFrameResult.STOP
        return ProcessFrameResult.CONTINUE

    async def _start(
        self, strategy: BaseUserTurnStartStrategy, params: UserTurnStartedParams
    ) -> None:
        if self._asking:
            self._agreed = params
            self._called |= isinstance(strategy, WakePhraseUserTurnStartStrategy)
            return
        await self._ours.trigger_user_turn_started(
            enable_interruptions=params.enable_interruptions,
            enable_user_speaking_frames=params.enable_user_speaking_frames,
        )

    async def _reset(self, _: BaseUserTurnStartStrategy) -> None:
        await self._ours.trigger_reset_aggregation()

    async def _push(
        self,
        _: BaseUserTurnStartStrategy,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
    ) -> None:
        await self._ours.push_frame(frame, direction)

    async def _broadcast(
        self, _: BaseUserTurnStartStrategy, frame_class: type[Frame], **fields: object
    ) -> None:
        await self._ours.broadcast_frame(frame_class, **fields)
