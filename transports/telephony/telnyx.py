"""A phone call through Telnyx media streaming, behind the guard of the telephony transports."""

from fastapi import WebSocket
from pipecat.serializers.telnyx import TelnyxFrameSerializer

from antiphon.transports.telephony.media_stream import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.transport import TelephonyTransport, checked_id

__all__ = ["TELNYX", "create_telnyx_transport"]

TELNYX = MediaStreamProtocol(
    stream_id_key="stream_id",
    sequence_key="sequence_number",
    quiet_events=frozenset({"stop", "error"}),
    unordered_packets=3,
)


def create_telnyx_transport(
    *,
    websocket: WebSocket,
    stream_id: str,
    call_control_id: str,
    api_key: str | None = None,
    encoding: str = "PCMU",
) -> TelephonyTransport:
    """Make the transport of one call.

    Args:
        websocket: The accepted websocket, read up to its start message.
        stream_id: `stream_id` of the start message.
        call_control_id: `start.call_control_id` of the start message.
        api_key: Telnyx's key, with which the call is hung up at its end; without one, the stream
            ends and the call goes on.
        encoding: `PCMU` or `PCMA`, both ways.

    Returns:
        The transport.

    Raises:
        ValueError: If an id is none, or the encoding is neither.
    """
    if encoding not in ("PCMU", "PCMA"):
        raise ValueError(f"encoding {encoding!r}: choose PCMU or PCMA")
    serializer = TelnyxFrameSerializer(
        stream_id=checked_id("stream_id", stream_id, r"[\w-]{1,64}"),
        outbound_encoding=encoding,
        inbound_encoding=encoding,
        call_control_id=checked_id("call_control_id", call_control_id, r"v[0-9]+:[\w-]{1,256}"),
        api_key=api_key,
        params=TelnyxFrameSerializer.InputParams(auto_hang_up=api_key is not None),
    )
    return TelephonyTransport(
        websocket=websocket,
        serializer=TelephonySerializer(
            serializer, protocol=TELNYX, stream_id=stream_id, encoding=encoding
        ),
    )
