"""A browser over WebRTC, peer to peer, through Pipecat's SmallWebRTC transport."""

from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport

__all__ = ["create_webrtc_transport"]


def create_webrtc_transport(*, connection: SmallWebRTCConnection) -> BaseTransport:
    """Make the transport of one peer connection.

    Args:
        connection: The connection that answered the browser's offer.

    Returns:
        The transport.
    """
    return SmallWebRTCTransport(
        webrtc_connection=connection,
        params=TransportParams(audio_in_enabled=True, audio_out_enabled=True),
    )
