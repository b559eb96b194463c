"""Voice detection that follows the noise around the caller.

Pipecat's VAD wants a voice of a certain loudness, the same for every caller. Here the loudness
follows the noise that is measured while the caller is silent, and changes only then: new
parameters make the VAD start afresh. Voices in the background are not told apart from the caller's.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    VADParamsUpdateFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from antiphon.core.audio import frame_secs
from antiphon.core.road import Place
from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["AdaptiveVAD", "AmbientNoise"]

_SILENCE_DB = -100.0


@dataclass(frozen=True, kw_only=True)
class _Block:
    level_db: float
    ms: float


class AmbientNoise:
    """How loud it is around a caller, and how loud a voice must be to count. Pure."""

    def __init__(
        self,
        *,
        above_db: float = 10,
        lowest: float = 0.45,
        highest: float = 0.75,
        window_secs: float = 3.0,
    ) -> None:
        """Know of no noise yet.

        Args:
            above_db: How much louder than the noise a voice must be.
            lowest: The least `min_volume` to return, on Pipecat's scale of 0 to 1.
            highest: The greatest; beyond about 0.75 one-word commands go unheard.
            window_secs: Over how much silence the noise is measured.
        """
        self._above_db = above_db
        self._lowest, self._highest = lowest, highest
        self._window_ms = window_secs * 1000
        self._blocks: deque[_Block] = deque()
        self._heard_ms = 0.0

    def measure(self, pcm: bytes, *, ms: float) -> None:
        """Take in audio in which the caller is silent.

        Args:
            pcm: 16-bit little-endian samples.
            ms: How long they last.
        """
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
        power = float(np.mean(samples**2)) if len(samples) else 0.0
        level_db = 10 * math.log10(power / 32768**2) if power else _SILENCE_DB
        self._blocks.append(_Block(level_db=level_db, ms=ms))
        self._heard_ms += ms
        while self._heard_ms - self._blocks[0].ms >= self._window_ms:
            self._heard_ms -= self._blocks.popleft().ms

    def min_volume(self) -> float | None:
        """Return the loudness a voice must have, or None until enough silence was heard."""
        if self._heard_ms < self._window_ms:
            return None
        level_db = float(np.median([block.level_db for block in self._blocks]))
        # Pipecat maps -110 to -10 dB to 0 to 1 (pipecat.audio.utils.calculate_audio_volume).
        wanted = (level_db + self._above_db + 110) / 100
        return min(self._highest, max(self._lowest, wanted))


class AdaptiveVAD(SafeProcessor):
    """Sets the VAD's `min_volume` by the noise around the caller; stands before the aggregator."""

    hears_microphone = True
    belongs = Place(
        before="LLMUserAggregator", otherwise="there no audio arrives, and the VAD stays as it was"
    )

    def __init__(
        self,
        *,
        params: VADParams | None = None,
        noise: AmbientNoise | None = None,
        step: float = 0.03,
        name: str | None = None,
    ) -> None:
        """Create the processor.

        Args:
            params: The VAD's other parameters, which stay as they are.
            noise: How the noise is measured.
            step: By how much the threshold must change to be worth it: 0.03 are 3 dB.
            name: A name for logs.
        """
        super().__init__(name=name)
        self._vad_params = params or VADParams()
        self._noise = noise or AmbientNoise()
        self._step = step
        self._caller_speaks = False

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Listen to the caller's silence.

        Args:
            frame: The frame.
            direction: Its direction.
        """
        await self.push_frame(frame, direction)
        match frame:
            case VADUserStartedSpeakingFrame():
                self._caller_speaks = True
            case VADUserStoppedSpeakingFrame():
                self._caller_speaks = False
            case InputAudioRawFrame() if not self._caller_speaks:
                self._noise.measure(frame.audio, ms=frame_secs(frame) * 1000)
                await self._follow()
            case _:
                pass

    async def _follow(self) -> None:
        wanted = self._noise.min_volume()
        if wanted is None or abs(wanted - self._vad_params.min_volume) < self._step:
            return
        self._vad_params = self._vad_params.model_copy(update={"min_volume": round(wanted, 3)})
        await self.push_frame(VADParamsUpdateFrame(params=self._vad_params))
