"""The cores that follow one call, told of each moment together."""

from pipecat.observers.base_observer import FramePushed

from antiphon.processors.latency.core.conversation import Conversation
from antiphon.processors.latency.core.moments import Mark, Moment
from antiphon.processors.latency.core.timeline import Timeline
from antiphon.processors.latency.core.turn import BargeIn, Turn
from antiphon.processors.latency.core.watchdogs import Stall, WatchdogLimits, Watchdogs

__all__ = ["CallCores"]


class CallCores:
    """Keeps what a call comes to until somebody takes it.

    Attributes:
        timeline: Cuts the call into turns.
        watchdogs: Know what is overdue.
        conversation: Counts what was said.
        tells_answers: Whether `answered` is wanted.
        answered: The waits that an answer has just ended.
        done: What is over.
        stalls: What went wrong.
    """

    def __init__(self, limits: WatchdogLimits) -> None:
        """Start at the beginning of a call.

        Args:
            limits: When something is overdue.
        """
        self.timeline = Timeline()
        self.watchdogs = Watchdogs(limits)
        self.conversation = Conversation()
        self.tells_answers = False
        self.answered: list[Turn] = []
        self.done: list[Turn | BargeIn] = []
        self.stalls: list[Stall] = []

    def tell(
        self,
        moment: Moment,
        data: FramePushed,
        at: float,
        *,
        owner: str | None = None,
        secs: float = 0.0,
        key: str = "",
        name: str = "",
    ) -> None:
        """Tell all of them of a moment.

        Args:
            moment: What was seen.
            data: What shows it.
            at: When, in seconds of the pipeline's clock.
            owner: The mark's owner; by default who pushes the frame.
            secs: The mark's seconds.
            key: The mark's key.
            name: The mark's name.
        """
        owner = data.source.name if owner is None else owner
        self.mark(Mark(moment=moment, at=at, owner=owner, secs=secs, key=key, name=name))
        self.stalls += self.watchdogs.see(moment, at=at, service=owner)
        self.conversation.see(moment, at=at)

    def mark(self, mark: Mark) -> None:
        """Tell the timeline alone.

        Args:
            mark: What was seen.
        """
        self.done += self.timeline.see(mark)
