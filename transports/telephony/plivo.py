"""A phone call through Plivo audio streaming, behind the guard of the telephony transports."""

from fastapi import WebSocket
from pipecat.serializers.plivo import PlivoFrameSerializer

from antiphon.transports.telephony.media_stream import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.transport import TelephonyTransport, checked_id

__all__ = ["PLIVO", "create_plivo_transport"]

PLIVO = MediaStreamProtocol(
    stream_id_key="streamId",
    sequence_key="sequenceNumber",
    played_event="playedStream",
    mark_event="checkpoint",
    nested_mark=False,
    quiet_events=frozenset({"stop", "clearedAudio"}),
)


def create_plivo_transport(
    *,
    websocket: WebSocket,
    stream_id: str,
    call_id: str,
    auth_id: str | None = None,
    auth_token: str | None = None,
) -> TelephonyTransport:
    """Make the transport of one call.

    Args:
        websocket: The accepted websocket, read up to its start message.
        stream_id: `start.streamId` of the start message.
        call_id: `start.callId` of the start message.
        auth_id: Plivo's auth id. With it and the token, the call is hung up at its end; without
            them, the stream ends and the call goes on with the XML after it.
        auth_token: Plivo's auth token.

    Returns:
        The transport.

    Raises:
        ValueError: If an id is none.
    """
    serializer = PlivoFrameSerializer(
        stream_id=checked_id("streamId", stream_id, r"[\w-]{1,64}"),
        call_id=checked_id("callId", call_id, r"[\w-]{1,64}"),
        auth_id=auth_id and checked_id("auth_id", auth_id, r"[A-Z0-9]{1,32}"),
        auth_token=auth_token,
        params=PlivoFrameSerializer.InputParams(auto_hang_up=auth_token is not None),
    )
    return TelephonyTransport(
        websocket=websocket,
        serializer=TelephonySerializer(serializer, protocol=PLIVO, stream_id=stream_id),
    )
