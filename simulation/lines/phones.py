"""The phone's end of a media stream by its vendor's name."""

from typing import Literal, Unpack

from antiphon.simulation.lines.plivo_stream import PlivoStream
from antiphon.simulation.lines.telnyx_stream import TelnyxApi, TelnyxStream
from antiphon.simulation.lines.twilio_stream import TwilioStream
from antiphon.simulation.lines.vendor_stream import CallDetails, VendorStream

__all__ = ["SECRETS", "Vendor", "open_stream"]

Vendor = Literal["twilio", "telnyx", "plivo"]

# The environment variable of what signs the requests to a webhook.
SECRETS = {
    "twilio": "TWILIO_AUTH_TOKEN",
    "telnyx": "TELNYX_PRIVATE_KEY",
    "plivo": "PLIVO_AUTH_TOKEN",
}


def open_stream(
    vendor: Vendor, url: str, *, api: TelnyxApi | None = None, **call: Unpack[CallDetails]
) -> VendorStream:
    """Prepare a call.

    Args:
        vendor: Who carries it.
        url: The server's webhook or WebSocket.
        api: Where a server answers Telnyx.
        **call: See `CallDetails`.

    Returns:
        The phone's end of the stream.

    Raises:
        ValueError: If nobody can be called there.
    """
    match vendor:
        case "twilio":
            return TwilioStream(url, **call)
        case "telnyx":
            return TelnyxStream(url, api=api, **call)
        case "plivo":
            return PlivoStream(url, **call)
