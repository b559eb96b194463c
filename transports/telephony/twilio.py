"""A phone call through Twilio Media Streams (`<Connect><Stream>`).

The websocket's first messages say which call it is; `read_twilio_start` reads and checks them, and
the transport takes over from there. Closing the websocket ends the call, unless the TwiML goes on
after `<Connect>`: so nothing here needs credentials, and a call that was transferred is left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket
from pipecat.serializers.twilio import TwilioFrameSerializer

from antiphon.transports.telephony.protocol import MediaStreamProtocol
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.start import read_start, start_of, strings
from antiphon.transports.telephony.transport import TelephonyTransport, checked_id

__all__ = ["TWILIO", "TwilioStart", "create_twilio_transport", "read_twilio_start"]

TWILIO = MediaStreamProtocol(stream_id_key="streamSid", sequence_key="sequenceNumber")


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
        found = start_of(data)
        return cls._read(*found) if found else None

    @classmethod
    def _read(cls, message: Mapping[str, Any], start: Mapping[str, Any]) -> "TwilioStart":
        # Twilio has one format; what it does not tell can be no other.
        if TWILIO.format_key in start:
            TWILIO.line(start)
        return cls(
            stream_sid=str(start.get("streamSid") or message.get("streamSid")),
            call_sid=str(start.get("callSid")),
            account_sid=str(start.get("accountSid")),
            parameters=strings(start.get("customParameters")),
        )

    @property
    def call_id(self) -> str:
        """The call, as every vendor's start names it."""
        return self.call_sid


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
    """
    return await read_start(websocket, TwilioStart._read, timeout_secs=timeout_secs)


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
