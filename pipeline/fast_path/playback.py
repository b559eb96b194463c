"""What the far end has played, told to those who want to know what the caller has heard."""

import asyncio
from typing import Any

from pipecat.transports.base_transport import BaseTransport

from antiphon.core.protocols import TelephoneTransport
from antiphon.processors.interruption import PlaybackGate
from antiphon.processors.latency import LatencyObserver
from antiphon.transports.telephony.playback_marks import PlaybackMark

__all__ = ["connect_playback"]


def connect_playback(
    transport: BaseTransport, *, gate: PlaybackGate | None, latency: LatencyObserver | None
) -> None:
    """Have the gate and the observer told of the marks that come back, and the latter of ducks.

    Args:
        transport: Where the caller is; one without marks tells nothing.
        gate: Keeps what was heard.
        latency: Times what was heard.
    """

    async def played(_: BaseTransport, mark: PlaybackMark) -> None:
        # What was cleared may have been played or not.
        if mark.cleared:
            return
        if gate:
            now = asyncio.get_running_loop().time()
            gate.ledger.far_end.reached(behind_secs=mark.delay_secs, now=now)
        if latency:
            await latency.heard(latency.now() - mark.packet_secs)

    async def ducked(*_: Any) -> None:
        if latency:
            await latency.ducked()

    if gate and latency:
        gate.add_event_handler("on_duck", ducked)
    if (gate or latency) and isinstance(transport, TelephoneTransport):
        if gate:
            gate.ledger.far_end.expect_marks()
        transport.add_event_handler("on_playback_mark", played)
