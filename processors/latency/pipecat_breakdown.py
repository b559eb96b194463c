"""What Pipecat's own `UserBotLatencyObserver` says of one wait, told on the pipeline's clock."""

import asyncio
from collections.abc import Sequence

from antiphon.processors.latency.core.stages import PIPELINE, Span
from pipecat.frames.frames import BotStartedSpeakingFrame, VADUserStoppedSpeakingFrame
from pipecat.observers.base_observer import FramePushed
from pipecat.observers.user_bot_latency_observer import LatencyBreakdown, UserBotLatencyObserver
from pipecat.processors.frame_processor import FrameDirection

__all__ = ["contributions"]


async def contributions(seen: Sequence[FramePushed], answer: FramePushed) -> list[Span]:
    """Have Pipecat's observer name the parts of one wait.

    It is shown the frames of this wait alone, each at the time at which it was pushed rather than
    at which an observer got to it, and the first audio that was really written as its end.

    Args:
        seen: The frames of the wait that the observer knows, in order.
        answer: The push of the first chunk of the answer that the transport wrote.

    Returns:
        Its contributions, in seconds of the pipeline's clock; without the rest that it has no
        name for.
    """
    now = 0.0
    # The VAD stamps its frames by the wall clock. Where a frame was made and pushed in the same
    # moment, the difference of the two clocks is known, whatever the wall clock does later.
    ahead = 0.0
    for data in seen:
        if isinstance(data.frame, VADUserStoppedSpeakingFrame):
            ahead = data.frame.timestamp - data.timestamp / 1e9
    found: list[LatencyBreakdown] = []
    observer = UserBotLatencyObserver(min_contribution_secs=0.0, time_source=lambda: now)

    def keep(_: UserBotLatencyObserver, breakdown: LatencyBreakdown) -> None:
        found.append(breakdown)

    observer.add_event_handler("on_latency_breakdown", keep)
    end = FramePushed(
        source=answer.source,
        destination=answer.destination,
        frame=BotStartedSpeakingFrame(),
        direction=FrameDirection.DOWNSTREAM,
        timestamp=answer.timestamp,
    )
    for data in (*(data for data in seen if data.timestamp <= answer.timestamp), end):
        now = data.timestamp / 1e9 + ahead
        await observer.on_push_frame(data)
    # Event handlers run in a task of their own, which goes before this one does.
    await asyncio.sleep(0)
    return [
        Span(
            stage=part.key,
            start=part.start_time - ahead,
            end=part.start_time - ahead + part.duration_secs,
            owner=part.owner,
        )
        for breakdown in found
        for part in breakdown.contributions
        if part.key != PIPELINE
    ]
