"""A speech-to-text service that hears what its script says."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.time import time_now_iso8601

from antiphon.simulation.fakes.behaviour import Failure, Latency

__all__ = ["FakeSTT"]


class FakeSTT(STTService):
    """Hears the next line of its script whenever the VAD hears somebody.

    The words come as interim transcripts at an even pace while the caller speaks; the final
    transcript follows the VAD's stop. Past the end of the script it hears nothing.
    """

    def __init__(
        self,
        *,
        script: Iterable[str | Failure],
        latency: Latency | None = None,
        word_secs: float = 0.37,
        tags: Iterable[str | None] = (),
    ) -> None:
        """Create the service.

        Args:
            script: One line for each utterance.
            latency: From the VAD's stop to the final transcript; 0.1 s by default.
            word_secs: Seconds from one interim transcript to the next.
            tags: What it calls the language of each utterance: a code, or what vendors send
                besides, such as "multi" or ""; past their end nothing.
        """
        super().__init__(
            ttfs_p99_latency=0.3, settings=STTSettings(model="fake-stt", language=None)
        )
        self._script = iter(script)
        self._script_latency = latency or Latency(median=0.1)
        self._word_secs = word_secs
        self._line: str | Failure | None = None
        self._tags = iter(tags)
        self._tag: Any = None
        self._hearing: asyncio.Task[None] | None = None

    def can_generate_metrics(self) -> bool:
        """Say that metrics are measured."""
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Hear nothing in the audio itself."""
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow the VAD.

        Args:
            frame: The frame to process.
            direction: The direction in which it travels.
        """
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame):
            await self._stop_hearing()
            # A second start before the transcript is the same caller going on.
            if not self._line:
                self._line, self._tag = next(self._script, None), next(self._tags, None)
            self._hearing = self.create_task(self._hear_words(self._line), "hear words")
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            await self._stop_hearing()
            self._hearing = self.create_task(self._conclude(self._line), "conclude")

    async def cleanup(self) -> None:
        """Stop hearing."""
        await self._stop_hearing()
        await super().cleanup()

    async def _hear_words(self, line: str | Failure | None) -> None:
        text = line.text if isinstance(line, Failure) else line or ""
        words = text.split()
        if isinstance(line, Failure):
            words = words[: line.after]
        for count in range(1, len(words) + 1):
            await asyncio.sleep(self._word_secs)
            so_far = " ".join(words[:count])
            interim = InterimTranscriptionFrame(so_far, "", time_now_iso8601(), self._tag)
            await self.push_frame(interim)

    async def _conclude(self, line: str | Failure | None) -> None:
        if line is None:
            return
        await asyncio.sleep(self._script_latency.draw())
        self._line = None
        if isinstance(line, str):
            self.request_finalize()
            self.confirm_finalize()
            await self.push_frame(TranscriptionFrame(line, "", time_now_iso8601(), self._tag))
        elif not line.stall:
            await self.push_error(line.message, category=line.category)

    async def _stop_hearing(self) -> None:
        if self._hearing:
            await self.cancel_task(self._hearing)
            self._hearing = None
