"""Noise around the caller, taken out of the sound before anybody listens to it."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Literal

from loguru import logger
from pipecat.audio.filters.base_audio_filter import BaseAudioFilter
from pipecat.frames.frames import FilterControlFrame, Frame, InputAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from antiphon.processors.safe_processor import SafeProcessor

__all__ = ["NoiseSetting", "check_noise", "noise_filters"]

NoiseSetting = Literal["rnnoise"] | Callable[[], BaseAudioFilter] | None


def check_noise(noise: NoiseSetting) -> None:
    """Refuse a setting of which no filter could be made.

    Args:
        noise: The setting.

    Raises:
        TypeError: If it is none.
        ImportError: If its extra is not installed.
    """
    if noise == "rnnoise":
        if find_spec("pyrnnoise") is None:
            raise ImportError("noise='rnnoise' needs an extra: pip install 'antiphon[rnnoise]'")
    elif noise is not None and (isinstance(noise, str) or not callable(noise)):
        raise TypeError(
            f"noise={noise!r}: give 'rnnoise', a class or function that makes one of Pipecat's "
            "audio filters for each call, or None"
        )


def noise_filters(noise: NoiseSetting) -> list[FrameProcessor]:
    """Make what takes the noise out of the sound of one call, if that is wanted.

    Args:
        noise: The setting.

    Raises:
        TypeError: If it makes no filter.
    """
    if noise is None:
        return []
    if noise == "rnnoise":
        # Imported here, as it logs an error where the extra is missing.
        from pipecat.audio.filters.rnnoise_filter import RNNoiseFilter

        noise = RNNoiseFilter
    made: object = noise()
    if not isinstance(made, BaseAudioFilter):
        raise TypeError(
            f"noise returned {made!r}: it must return a BaseAudioFilter, a new one for each call"
        )
    return [NoiseFilter(made)]


class NoiseFilter(SafeProcessor):
    """Puts one of Pipecat's audio filters behind whatever transport there is.

    Pipecat has it in the parameters of a transport, which an agent is given ready-made.
    """

    hears_microphone = True

    def __init__(self, audio_filter: BaseAudioFilter) -> None:
        """Put a filter into the pipeline of one call.

        Args:
            audio_filter: It.
        """
        super().__init__()
        self._filter = audio_filter
        self._started = self._failed = False

    def holds(self) -> Sequence[object]:
        """Name the filter, which remembers the sound of its call."""
        return (self._filter,)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Filter the caller's sound; a filter may keep some of it for a while.

        Args:
            frame: The frame.
            direction: Its direction.
        """
        if isinstance(frame, FilterControlFrame):
            await self._filter.process_frame(frame)
        elif isinstance(frame, InputAudioRawFrame) and direction is FrameDirection.DOWNSTREAM:
            frame.audio = await self._filtered(frame)
            if not frame.audio:
                return
        await self.push_frame(frame, direction)

    async def _filtered(self, frame: InputAudioRawFrame) -> bytes:
        if self._failed:
            return frame.audio
        try:
            if not self._started:
                self._started = True
                await self._filter.start(frame.sample_rate)
            return await self._filter.filter(frame.audio)
        except Exception as error:
            self._failed = True
            logger.warning(f"{self._filter} failed, and noise stays: {type(error).__name__}")
            return frame.audio

    async def release(self) -> None:
        """Let go of the filter."""
        if self._started:
            self._started = False
            await self._filter.stop()
