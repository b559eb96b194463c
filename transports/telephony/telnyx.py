"""A phone call through Telnyx media streaming (`stream_url` of Call Control).

After "Stream call media over WebSocket" and "Media Streaming over Websockets",
developers.telnyx.com, both read 2026-11: what the start message holds, that the order of media is
not guaranteed, which codecs there are. Of those G722, OPUS and AMR-WB are not served.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket
from pipecat.serializers.telnyx import TelnyxFrameSerializer

from antiphon.transports.telephony.line_format import L16, PCMA, PCMU
from antiphon.transports.telephony.protocol import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.start import read_start, strings
from antiphon.transports.telephony.transport import TelephonyTransport, checked_id

__all__ = ["TELNYX", "TelnyxStart", "create_telnyx_transport", "read_telnyx_start"]

TELNYX = MediaStreamProtocol(
    stream_id_key="stream_id",
    sequence_key="sequence_number",
    format_key="media_format",
    rate_key="sample_rate",
    encodings={"pcmu": PCMU, "pcma": PCMA, "l16": L16},
    names_stream=False,
    quiet_events=frozenset({"stop", "error"}),
    error_event="error",
    unordered_packets=3,
)

# The second version's end in the padding of base64, as the examples of Telnyx's pages do.
CALL_CONTROL_ID = r"v[0-9]{1,3}:[A-Za-z0-9_-]{1,256}={0,2}"


@dataclass(frozen=True, kw_only=True)
class TelnyxStart:
    """What Telnyx says when a stream starts; the ids are checked, and nothing is authenticated.

    Parameters:
        stream_id: The stream.
        call_control_id: The call, by which it is steered.
        parameters: What the command that began the stream carried along: its
            `custom_parameters`, and its `client_state` if that is JSON.
        media_format: How the stream says that it is encoded; any shape.
    """

    stream_id: str
    call_control_id: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    media_format: Any = None

    def __post_init__(self) -> None:
        """Check the ids: they reach URLs."""
        checked_id("stream_id", self.stream_id, r"[\w-]{1,64}")
        checked_id("call_control_id", self.call_control_id, CALL_CONTROL_ID)

    @property
    def call_id(self) -> str:
        """The call, as every vendor's start names it."""
        return self.call_control_id


async def read_telnyx_start(websocket: WebSocket, *, timeout_secs: float = 10.0) -> TelnyxStart:
    """Read a websocket's messages up to Telnyx's start message.

    Args:
        websocket: The accepted websocket.
        timeout_secs: Seconds to wait for it.

    Returns:
        The start.

    Raises:
        TimeoutError: If it does not come in time.
        ValueError: If the first messages hold none, or a wrong one.
    """
    return await read_start(websocket, _start, timeout_secs=timeout_secs)


def create_telnyx_transport(
    *, websocket: WebSocket, start: TelnyxStart, api_key: str | None = None
) -> TelephonyTransport:
    """Make the transport of one call, in the format that the stream names.

    Args:
        websocket: The accepted websocket, read up to its start message.
        start: What `read_telnyx_start` returned.
        api_key: Telnyx's key, with which the call is hung up at its end; without one, the stream
            ends and the call goes on.

    Returns:
        The transport.

    Raises:
        UnservedFormat: If the stream is encoded in a way that is not served.
    """
    line = TELNYX.line({TELNYX.format_key: start.media_format})
    serializer = TelnyxFrameSerializer(
        stream_id=start.stream_id,
        # Of no use: the sound is encoded by ours.
        outbound_encoding=PCMU.name,
        inbound_encoding=PCMU.name,
        call_control_id=start.call_control_id,
        api_key=api_key,
        params=TelnyxFrameSerializer.InputParams(auto_hang_up=api_key is not None),
    )
    return TelephonyTransport(
        websocket=websocket,
        serializer=TelephonySerializer(
            serializer, protocol=TELNYX, stream_id=start.stream_id, line=line
        ),
    )


def _start(message: Mapping[str, Any], start: Mapping[str, Any]) -> TelnyxStart:
    return TelnyxStart(
        stream_id=str(message.get("stream_id")),
        call_control_id=str(start.get("call_control_id")),
        parameters={
            **strings(start.get("custom_parameters")),
            **_client_state(start.get("client_state")),
        },
        media_format=start.get(TELNYX.format_key),
    )


def _client_state(state: object) -> dict[str, str]:
    if not isinstance(state, str):
        return {}
    try:
        return strings(json.loads(base64.b64decode(state, validate=True)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
