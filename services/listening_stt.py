"""An agent's ears in this process: they listen between the VAD's start and stop."""

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Generic, Protocol, TypeVar

from pipecat.audio.vad.vad_analyzer import VAD_STOP_SECS
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    StartFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601

from antiphon.core.pipecat_internals import Part, require

__all__ = ["PRE_ROLL_SECS", "ListeningSTTService"]

PRE_ROLL_SECS = 0.6
"""Silero reports speech 0.2 s after its onset; soft first sounds come earlier still."""

RECENT_FINALS = 8
SLOWER = 1.25
"""The next final may take so much longer than the slowest of those."""

MOST_SECS = 3.0
"""A final that takes longer is not waited for: the agent would seem to be gone."""

WORTH_TELLING_SECS = 0.1


class Utterance(Protocol):
    """The audio of one utterance, on its way to a recogniser."""

    def add(self, audio: bytes) -> None:
        """Take audio."""

    def end(self) -> None:
        """Know that no more comes."""


U = TypeVar("U", bound=Utterance)


class ListeningSTTService(STTService, Generic[U]):
    """Hands a recogniser each utterance, with the sound before the VAD's start.

    Args:
        settings: All of the service's settings.
        **kwargs: Passed to Pipecat's `STTService`.
    """

    def __init__(self, *, settings: STTSettings, **kwargs: Any) -> None:
        require(Part.SERVICES)
        super().__init__(settings=settings, **kwargs)
        self._pre_roll: deque[bytes] = deque()
        self._pre_roll_bytes = 0
        self._utterance: U | None = None
        # When those ended whose finals are on their way, and how long the last finals took.
        self._ends: deque[float] = deque()
        self._took_secs: deque[float] = deque([0.0], RECENT_FINALS)
        self._told_secs = 0.0
        self._recognizing: asyncio.Task[None] | None = None

    @abstractmethod
    async def begin_utterance(self, pre_roll: bytes) -> U | None:
        """Hand an utterance to the recogniser as it begins.

        Args:
            pre_roll: The sound before it.

        Returns:
            What takes its audio; None if it cannot be taken.
        """

    @abstractmethod
    async def recognize_utterances(self) -> None:
        """Recognise what was handed over, one after the other, for as long as the call lasts."""

    def service_metadata_frame(self) -> STTMetadataFrame:
        """Build what tells how late a final may be: on a busy machine, as late as the last were."""
        frame = super().service_metadata_frame()
        frame.ttfs_p99_latency = self._told_secs = self._late_secs(frame.ttfs_p99_latency)
        return frame

    def can_generate_metrics(self) -> bool:
        """Whether TTFB and usage metrics are reported: yes."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Begin to listen; the model is loaded meanwhile.

        Args:
            frame: The start frame.
        """
        await super().start(frame)
        self._recognizing = self.create_task(self.recognize_utterances())

    async def stop(self, frame: EndFrame) -> None:
        """Stop listening.

        Args:
            frame: The end frame.
        """
        await super().stop(frame)
        await self._stop_recognizing()

    async def cancel(self, frame: CancelFrame) -> None:
        """Stop listening.

        Args:
            frame: The cancel frame.
        """
        await super().cancel(frame)
        await self._stop_recognizing()

    async def cleanup(self) -> None:
        """Stop listening, however the call ended."""
        await super().cleanup()
        await self._stop_recognizing()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow the VAD, besides what every STT service does.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame) and self.is_usable:
            self._end_utterance()
            self._utterance = await self.begin_utterance(b"".join(self._pre_roll))
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self.request_finalize()
            self._end_utterance()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Take audio; what it says is pushed by the task that recognises.

        Args:
            audio: Mono signed 16-bit samples at the pipeline's input rate.

        Yields:
            Nothing.
        """
        if self._utterance is not None:
            self._utterance.add(audio)
        self._pre_roll.append(audio)
        self._pre_roll_bytes += len(audio)
        while self._pre_roll_bytes > PRE_ROLL_SECS * self.sample_rate * 2:
            self._pre_roll_bytes -= len(self._pre_roll.popleft())
        yield None

    async def push_final(
        self, text: str, *, language: Language | None = None, result: object = None
    ) -> None:
        """Push what an utterance said.

        Args:
            text: The words; nothing if there were none.
            language: What they are of, if that is known.
            result: What the recogniser tells of them.
        """
        if self._ends:
            self._took_secs.append(asyncio.get_running_loop().time() - self._ends.popleft())
            await self._tell_how_late()
        # Others of the turn may be on their way: then this is not its final.
        if self._utterance is None and not self._ends:
            self.confirm_finalize()
        if text:
            await self.push_frame(
                TranscriptionFrame(text, self._user_id, time_now_iso8601(), language, result=result)
            )
        await self.emit_stt_usage_metrics()

    def _end_utterance(self) -> None:
        if self._utterance is not None:
            self._utterance.end()
            self._utterance = None
            self._ends.append(asyncio.get_running_loop().time())

    async def _tell_how_late(self) -> None:
        """Have who ends turns wait for finals as long as they take now."""
        late_secs = self._late_secs(super().service_metadata_frame().ttfs_p99_latency)
        if abs(late_secs - self._told_secs) > WORTH_TELLING_SECS:
            await self.broadcast_service_metadata()

    def _late_secs(self, usual_secs: float) -> float:
        return max(usual_secs, min(MOST_SECS, VAD_STOP_SECS + SLOWER * max(self._took_secs)))

    async def _stop_recognizing(self) -> None:
        self._utterance = None
        if self._recognizing is not None:
            await self.cancel_task(self._recognizing)
            self._recognizing = None
