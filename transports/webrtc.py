"""A browser over WebRTC, peer to peer, through Pipecat's SmallWebRTC transport."""

from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport

__all__ = ["create_webrtc_transport"]


def create_webrtc_transport(
    *, connection: SmallWebRTCConnection, params: TransportParams | None = None
) -> BaseTransport:
    """Make the transport of one peer connection.

    Args:
        connection: The connection that answered the browser's offer.
        params: Pipecat's transport parameters; by default audio in and out.

    Returns:
        The transport.
    """
    return SmallWebRTCTransport(
        webrtc_connection=connection,
        params=params or TransportParams(audio_in_enabled=True, audio_out_enabled=True),
    )
