"""What an agent says to a caller who says nothing: it asks, and in the end it takes its leave."""

import asyncio
from collections.abc import Callable, Sequence

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    TTSSpeakFrame,
    UserIdleTimeoutUpdateFrame,
    UserStartedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.transports.base_transport import BaseTransport

from antiphon.core.frames import UNASKED_TEXT

__all__ = ["IdleGoodbye", "ask_who_is_silent", "unasked"]

LONGEST_GOODBYE_SECS = 20.0

# No sound comes of a goodbye whose voice is out, or that waits behind a model which is stuck.
MUTE_SECS = 5.0

# Who wants to stay says so at once.
AFTERTHOUGHT_SECS = 0.8

# A voice over the goodbye becomes a turn within this after its end, or is none.
TURN_SECS = 1.5


def unasked(text: str) -> Frame:
    """Make the frame by which the voice says something of the agent's own accord.

    Args:
        text: What it says.
    """
    return TTSSpeakFrame(text, append_to_context=True, text_type=UNASKED_TEXT)


def ask_who_is_silent(
    transport: BaseTransport,
    user: LLMUserAggregator,
    texts: Sequence[str],
    *,
    after_secs: float,
    say: Callable[[str], Frame],
) -> None:
    """Have the agent ask whether the caller is still there, each text once in a silence.

    Args:
        transport: Where the caller is.
        user: Knows that the caller is silent.
        texts: What is said, one after the other.
        after_secs: Seconds of silence before each.
        say: Makes the frame by which one is said.
    """
    left: list[str] = list(texts)

    async def connected(*_: object) -> None:
        if texts:
            await user.queue_frame(UserIdleTimeoutUpdateFrame(timeout=after_secs))

    async def silent(*_: object) -> None:
        if left:
            await user.push_frame(say(left.pop(0)))

    async def spoke(*_: object) -> None:
        left[:] = texts

    transport.add_event_handler("on_client_connected", connected)
    user.add_event_handler("on_user_turn_idle", silent)
    user.add_event_handler("on_user_turn_started", spoke)


class IdleGoodbye:
    """A goodbye to somebody who seems to be gone, who may say that they are not."""

    def __init__(self, worker: PipelineWorker) -> None:
        """Listen to a call, before it begins.

        Args:
            worker: Runs the call.
        """
        self._worker = worker
        self._changed = asyncio.Event()
        self._speaks = self._said = False
        self._voice = self._spoke = self._stays = False
        self._saying = False
        self._since = 0.0
        worker.add_reached_upstream_filter(
            (
                BotStartedSpeakingFrame,
                BotStoppedSpeakingFrame,
                UserStartedSpeakingFrame,
                VADUserStartedSpeakingFrame,
                VADUserStoppedSpeakingFrame,
            )
        )
        worker.add_event_handler("on_frame_reached_upstream", self._see)

    async def say(self, text: str) -> bool:
        """Say goodbye.

        Args:
            text: What is said.

        Returns:
            Whether nobody objected, and the call is to end.
        """
        if self._saying:
            return False
        self._saying = True
        # Once it is over, the call ends, and is idle until then.
        self._saying = over = not text or await self._say(text)
        return over

    async def _say(self, text: str) -> bool:
        self._stays = self._said = self._spoke = False
        began = self._since = _now()
        await self._worker.queue_frame(TTSSpeakFrame(text, text_type=UNASKED_TEXT))
        while not self._stays and _now() - began < LONGEST_GOODBYE_SECS:
            patience = TURN_SECS if self._spoke else AFTERTHOUGHT_SECS
            quiet = self._said and not (self._speaks or self._voice)
            left = self._since + patience - _now() if quiet else LONGEST_GOODBYE_SECS
            if not (self._said or self._speaks or self._voice):
                left = max(began, self._since) + MUTE_SECS - _now()
            if left <= 1e-3:
                break
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return not self._stays

    async def _see(self, _: PipelineWorker, frame: Frame) -> None:
        match frame:
            case UserStartedSpeakingFrame():
                self._stays = True
            case BotStartedSpeakingFrame():
                self._speaks = True
            case BotStoppedSpeakingFrame():
                self._speaks, self._said = False, True
            case VADUserStartedSpeakingFrame():
                self._voice = self._spoke = True
            case _:
                self._voice = False
        self._since = _now()
        self._changed.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
