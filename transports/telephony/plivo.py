"""A phone call through Plivo audio streaming (`<Stream bidirectional="true">`).

After "Stream Event Protocol" (plivo.com/docs/voice/audio-streaming/audio-streaming) and "Audio
Streaming Protocol Reference", both read 2026-11: what the start message holds, and that a stream
is `audio/x-l16` at 8 kHz unless its XML says otherwise. At 24 kHz, which one page names, nothing
here listens.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket
from pipecat.serializers.plivo import PlivoFrameSerializer

from antiphon.transports.telephony.line_format import L16, PCMU
from antiphon.transports.telephony.protocol import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.start import read_start, strings
from antiphon.transports.telephony.transport import TelephonyTransport, checked_id

__all__ = [
    "PLIVO",
    "PlivoStart",
    "create_plivo_transport",
    "extra_headers",
    "read_plivo_start",
]

PLIVO = MediaStreamProtocol(
    stream_id_key="streamId",
    sequence_key="sequenceNumber",
    encodings={"audio/x-mulaw": PCMU, "audio/x-l16": L16},
    played_event="playedStream",
    mark_event="checkpoint",
    nested_mark=False,
    audio_event="playAudio",
    names_format=True,
    quiet_events=frozenset({"stop", "clearedAudio"}),
)

# The attribute takes 512 bytes of letters and digits, and so no `+` of a number.
MAX_HEADER_BYTES = 512
HEADER = "antiphon"
PACKED = re.compile(rf"\b{HEADER}\b\W{{1,4}}([A-Z2-7]{{2,500}})")
PLAIN = re.compile(r"([\w-]+)=([^,;=]*)")


@dataclass(frozen=True, kw_only=True)
class PlivoStart:
    """What Plivo says when a stream starts; the ids are checked, and nothing is authenticated.

    Parameters:
        stream_id: The stream.
        call_id: The call.
        parameters: What the `extraHeaders` of the XML carried along.
        media_format: How the stream says that it is encoded; any shape.
    """

    stream_id: str
    call_id: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    media_format: Any = None

    def __post_init__(self) -> None:
        """Check the ids: they reach URLs."""
        checked_id("streamId", self.stream_id, r"[\w-]{1,64}")
        checked_id("callId", self.call_id, r"[\w-]{1,64}")


async def read_plivo_start(websocket: WebSocket, *, timeout_secs: float = 10.0) -> PlivoStart:
    """Read a websocket's messages up to Plivo's start message.

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


def create_plivo_transport(
    *,
    websocket: WebSocket,
    start: PlivoStart,
    auth_id: str | None = None,
    auth_token: str | None = None,
) -> TelephonyTransport:
    """Make the transport of one call, in the format that the stream names.

    Args:
        websocket: The accepted websocket, read up to its start message.
        start: What `read_plivo_start` returned.
        auth_id: Plivo's auth id. With it and the token, the call is hung up at its end; without
            them, the stream ends and the call goes on with the XML after it.
        auth_token: Plivo's auth token.

    Returns:
        The transport.

    Raises:
        UnservedFormat: If the stream is encoded in a way that is not served.
        ValueError: If the auth id is none.
    """
    line = PLIVO.line({PLIVO.format_key: start.media_format})
    serializer = PlivoFrameSerializer(
        stream_id=start.stream_id,
        call_id=start.call_id,
        auth_id=auth_id and checked_id("auth_id", auth_id, r"[A-Z0-9]{1,32}"),
        auth_token=auth_token,
        params=PlivoFrameSerializer.InputParams(auto_hang_up=auth_token is not None),
    )
    return TelephonyTransport(
        websocket=websocket,
        serializer=TelephonySerializer(
            serializer, protocol=PLIVO, stream_id=start.stream_id, line=line
        ),
    )


def extra_headers(parameters: Mapping[str, str], *, token: str) -> str:
    """Write what a stream's start should carry along, in the characters that Plivo takes.

    Args:
        parameters: What the agent is told about the call; the longest is left out first where
            there is no room for all, as between two SIP addresses.
        token: What the start has to bring.

    Returns:
        The value of the attribute `extraHeaders`.
    """
    told = {"token": token}
    for name in sorted(parameters, key=lambda name: len(parameters[name])):
        more = {**told, name: parameters[name]}
        if len(_packed(more)) <= MAX_HEADER_BYTES:
            told = more
    return _packed(told)


def _packed(told: Mapping[str, str]) -> str:
    packed = base64.b32encode(json.dumps(told, separators=(",", ":")).encode()).decode()
    return f"{HEADER}={packed.rstrip('=')}"


def _start(message: Mapping[str, Any], start: Mapping[str, Any]) -> PlivoStart:
    return PlivoStart(
        stream_id=str(start.get("streamId")),
        call_id=str(start.get("callId")),
        parameters=_parameters(message.get("extra_headers", start.get("extra_headers"))),
        media_format=start.get(PLIVO.format_key),
    )


def _parameters(headers: object) -> dict[str, str]:
    text = headers if isinstance(headers, str) else json.dumps(strings(headers))
    plain = {name: value for name, value in PLAIN.findall(text) if name != HEADER}
    if not (packed := PACKED.search(text)):
        return plain
    try:
        told = base64.b32decode(packed[1] + "=" * (-len(packed[1]) % 8))
        return {**plain, **strings(json.loads(told))}
    except (binascii.Error, ValueError, RecursionError):
        return plain
