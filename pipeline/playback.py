"""What the far end has played, told to those who want to know what the caller has heard."""

from typing import Any

from antiphon.processors.interruption import PlaybackGate
from antiphon.processors.latency import LatencyObserver
from antiphon.processors.safe_processor import SafeProcessor
from antiphon.transports.playback import PlaybackMarkFrame
from pipecat.frames.frames import Frame
from pipecat.processors.frame_processor import FrameDirection

__all__ = ["PlaybackTruth"]

# A mark follows a packet of this length, and comes back when that has been played.
PACKET_SECS = 0.02


class PlaybackTruth(SafeProcessor):
    """Takes the marks that come back to the gate and to the observer, and its ducks to the latter.

    Stands where the caller's audio no longer passes.
    """

    def __init__(
        self, *, gate: PlaybackGate | None = None, latency: LatencyObserver | None = None
    ) -> None:
        """Create the processor.

        Args:
            gate: Keeps what was heard.
            latency: Times what was heard.
        """
        super().__init__(enable_direct_mode=True)
        self._gate = gate
        self._latency = latency
        if gate and latency:
            gate.add_event_handler("on_duck", self._ducked)

    async def handle(self, frame: Frame, direction: FrameDirection) -> None:
        """Look at a mark; let all travel on."""
        # What was cleared may have been played or not.
        if isinstance(frame, PlaybackMarkFrame) and not frame.cleared:
            behind_secs = max(0.0, frame.delay_secs - PACKET_SECS)
            if self._gate:
                self._gate.ledger.acknowledge(behind_ms=behind_secs * 1000)
            if self._latency:
                await self._latency.heard()
        await self.push_frame(frame, direction)

    async def _ducked(self, *_: Any) -> None:
        if self._latency:
            await self._latency.ducked()
