"""A client of one's own over a plain websocket, in Pipecat's protobuf frames."""

from fastapi import WebSocket
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams

from antiphon.transports.guarded_websocket import GuardedSerializer, GuardedWebsocketTransport

__all__ = ["create_websocket_transport"]


def create_websocket_transport(
    *, websocket: WebSocket, sample_rate_hz: int | None = None
) -> GuardedWebsocketTransport:
    """Make the transport of one client.

    Args:
        websocket: The accepted websocket.
        sample_rate_hz: The rate of the audio that is sent; the pipeline's by default. Audio that
            comes in carries its own rate.

    Returns:
        The transport.
    """
    serializer = GuardedSerializer(ProtobufFrameSerializer())
    params = FastAPIWebsocketParams(
        serializer=serializer,
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_out_sample_rate=sample_rate_hz,
    )
    return GuardedWebsocketTransport(websocket=websocket, serializer=serializer, params=params)
