"""A websocket over which a client's bad message is counted and dropped, and the call goes on.

In Pipecat 1.14 whatever a serializer raises ends the receive loop, and with it the call.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import WebSocket
from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputTransportMessageFrame
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

from antiphon.core.audio import frame_secs
from antiphon.transports.pace import Pace
from antiphon.transports.telephony.media_stream import DropReason

__all__ = ["GuardedSerializer", "GuardedWebsocketTransport"]

# A client may send its own rate, but nothing below telephone or above studio quality is speech.
MIN_RATE_HZ, MAX_RATE_HZ = 8000, 48_000
MAX_AUDIO_BYTES = 2 * 2 * MAX_RATE_HZ


class GuardedSerializer(FrameSerializer):
    """Lets another serializer refuse a message without ending the call."""

    def __init__(
        self, serializer: FrameSerializer, *, clock: Callable[[], float] | None = None
    ) -> None:
        """Create the serializer.

        Args:
            serializer: The one that knows the wire format.
            clock: Tells the time in seconds; the running loop's by default.
        """
        super().__init__()
        self._serializer = serializer
        self._time = clock or (lambda: asyncio.get_running_loop().time())
        self._pace = Pace()
        self._dropped: Counter[DropReason] = Counter()

    @property
    def dropped(self) -> Mapping[DropReason, int]:
        """How many messages were dropped so far, by reason."""
        return MappingProxyType(self._dropped)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up the serializer inside.

        Args:
            setup: Pipecat's setup, with the pipeline's sample rates.
        """
        await self._serializer.setup(setup)

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """Serialize a frame as the serializer inside does.

        Args:
            frame: The frame to send.

        Returns:
            The message, or None if there is nothing to send.
        """
        return await self._serializer.serialize(frame)

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Read a message, or count and drop it.

        Args:
            data: The message as it came.

        Returns:
            The frame, or None if the message holds none or was dropped.
        """
        try:
            frame = await self._serializer.deserialize(data)
        except Exception:
            self.drop(DropReason.REFUSED)
            return None
        if frame is not None and not _is_sound(frame):
            self.drop(DropReason.BAD_PAYLOAD)
            return None
        if frame is not None and not self._pace.allows(_secs(frame), len(data), now=self._time()):
            self.drop(DropReason.TOO_FAST)
            return None
        return frame

    def drop(self, reason: DropReason) -> None:
        """Count a dropped message.

        Args:
            reason: Why it was dropped.
        """
        self._dropped[reason] += 1
        total = self._dropped.total()
        # The 1st, 10th, 100th …: an operator hears of it, a flood does not fill the disk.
        if str(total).strip("0") == "1":
            logger.warning(f"dropped {total} message(s) of this call so far, the last: {reason}")


class GuardedWebsocketTransport(FastAPIWebsocketTransport):
    """Pipecat's FastAPI websocket transport behind a guarded serializer."""

    def __init__(
        self,
        *,
        websocket: WebSocket,
        serializer: GuardedSerializer,
        params: FastAPIWebsocketParams,
    ) -> None:
        """Create the transport.

        Args:
            websocket: The accepted websocket.
            serializer: Reads and writes the messages.
            params: Pipecat's parameters, with the same serializer.
        """
        super().__init__(websocket=websocket, params=params)
        self._guarded_serializer = serializer

    @property
    def dropped(self) -> Mapping[DropReason, int]:
        """How many messages of this call were dropped so far, by reason."""
        return self._guarded_serializer.dropped


def _is_sound(frame: Frame) -> bool:
    if isinstance(frame, InputAudioRawFrame):
        return (
            MIN_RATE_HZ <= frame.sample_rate <= MAX_RATE_HZ
            and frame.num_channels in (1, 2)
            and 0 < len(frame.audio) <= MAX_AUDIO_BYTES
            and len(frame.audio) % (2 * frame.num_channels) == 0
        )
    if isinstance(frame, InputTransportMessageFrame):
        return isinstance(frame.message, dict)
    return True


def _secs(frame: Frame) -> float | None:
    if isinstance(frame, InputAudioRawFrame):
        return frame_secs(frame)
    return None
