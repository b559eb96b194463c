"""A phone call through Twilio Media Streams (`<Connect><Stream>`).

The websocket's first messages say which call it is; `read_twilio_start` reads and checks them, and
the transport takes over from there. Closing the websocket ends the call, unless the TwiML goes on
after `<Connect>`: so nothing here needs credentials, and a call that was transferred is left alone.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket
from pipecat.serializers.twilio import TwilioFrameSerializer

from antiphon.transports.telephony.media_stream import MAX_MESSAGE_CHARS, MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.transport import TelephonyTransport, checked_id

__all__ = ["TWILIO", "TwilioStart", "create_twilio_transport", "read_twilio_start"]

TWILIO = MediaStreamProtocol(stream_id_key="streamSid", sequence_key="sequenceNumber")

# `connected` and `start`; a few more, so that one bad message is no reason to refuse a call.
MAX_MESSAGES_BEFORE_START = 8


@dataclass(frozen=True, kw_only=True)
class TwilioStart:
    """What Twilio says when a stream starts; the ids are checked, and nothing is authenticated.

    Parameters:
        stream_sid: The stream, `MZ` and 32 hexadecimal digits.
        call_sid: The call, `CA` and 32 hexadecimal digits.
        account_sid: The account, `AC` and 32 hexadecimal digits.
        parameters: The `<Parameter>` elements of the TwiML, by name.
    """

    stream_sid: str
    call_sid: str
    account_sid: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the ids: they reach URLs."""
        for name, value, prefix in (
            ("StreamSid", self.stream_sid, "MZ"),
            ("CallSid", self.call_sid, "CA"),
            ("AccountSid", self.account_sid, "AC"),
        ):
            checked_id(name, value, prefix + "[0-9a-fA-F]{32}")

    @classmethod
    def from_message(cls, data: str | bytes) -> "TwilioStart | None":
        """Read a message.

        Args:
            data: The message as it came.

        Returns:
            The start, or None if this is another message, or none at all.

        Raises:
            ValueError: If it is a start message with an id that is none, or audio that is not
                mu-law at 8 kHz.
        """
        try:
            message: Any = json.loads(data) if len(data) <= MAX_MESSAGE_CHARS else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(message, dict) or message.get("event") != "start":
            return None
        start: Any = message.get("start")
        if not isinstance(start, dict):
            return None
        media = start.get("mediaFormat")
        if isinstance(media, dict) and media.get("encoding") != "audio/x-mulaw":
            raise ValueError(f"stream in {str(media)[:80]}: Twilio sends audio/x-mulaw")
        return cls(
            stream_sid=str(start.get("streamSid") or message.get("streamSid")),
            call_sid=str(start.get("callSid")),
            account_sid=str(start.get("accountSid")),
            parameters=_strings(start.get("customParameters")),
        )


async def read_twilio_start(websocket: WebSocket, *, timeout_secs: float = 10.0) -> TwilioStart:
    """Read a websocket's messages up to Twilio's start message.

    Args:
        websocket: The accepted websocket.
        timeout_secs: Seconds to wait for it.

    Returns:
        The start.

    Raises:
        TimeoutError: If it does not come in time.
        ValueError: If the first messages hold none, or a wrong one.
        WebSocketDisconnect: If the far end leaves first.
    """
    async with asyncio.timeout(timeout_secs):
        for _ in range(MAX_MESSAGES_BEFORE_START):
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            data = message.get("text") or message.get("bytes") or ""
            if start := TwilioStart.from_message(data):
                return start
    raise ValueError(f"no start message among the first {MAX_MESSAGES_BEFORE_START} messages")


def create_twilio_transport(*, websocket: WebSocket, start: TwilioStart) -> TelephonyTransport:
    """Make the transport of one call.

    Args:
        websocket: The accepted websocket, read up to its start message.
        start: What `read_twilio_start` returned.

    Returns:
        The transport.
    """
    serializer = TwilioFrameSerializer(
        stream_sid=start.stream_sid,
        call_sid=start.call_sid,
        account_sid=start.account_sid,
        # Hanging up by REST would also end a call that has just been transferred to a person.
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    return TelephonyTransport(
        websocket=websocket,
        serializer=TelephonySerializer(serializer, protocol=TWILIO, stream_id=start.stream_sid),
    )


def _strings(parameters: Any) -> dict[str, str]:
    if not isinstance(parameters, dict):
        return {}
    return {name: value for name, value in parameters.items() if isinstance(value, str)}
