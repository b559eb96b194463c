"""Twilio's end of a media stream, as Twilio speaks it towards any server, ours or not.

After "Media Streams - WebSocket Messages"
(twilio.com/docs/voice/media-streams/websocket-messages, read 2026-11): connected, start, media in
20 ms of 8 kHz µ-law, dtmf, mark once its sound was played, clear, stop. Twilio keeps the order.
"""

from collections.abc import Mapping
from typing import Any, Unpack

import aiohttp

from antiphon.simulation.lines.twilio_webhook import ask_webhook
from antiphon.simulation.lines.vendor_stream import AudioListener, CallDetails, VendorStream

__all__ = ["TwilioStream"]


class TwilioStream(VendorStream):
    """One call's connection."""

    vendor = "Twilio"

    def __init__(
        self, url: str, *, listener: AudioListener | None = None, **call: Unpack[CallDetails]
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook (`https://…`), which Twilio asks what to do with a call, or
                its WebSocket (`wss://…`), as a `<Stream url=…>` names it.
            listener: Follows what is heard.
            **call: See `CallDetails`.

        Raises:
            ValueError: If the address is none of the two.
        """
        super().__init__(
            url, listener=listener, swaps=call.get("swaps", 0.0), seed=call.get("seed", 0)
        )
        self._custom_parameters = dict(call.get("custom_parameters", {}))
        self._call_sid = call.get("call_sid", "CA" + "0" * 32)
        self._stream_sid = call.get("stream_sid", "MZ" + "0" * 32)
        self._account_sid = call.get("account_sid", "AC" + "0" * 32)
        self._from_number = call.get("from_number", "+15550100000")
        self._auth_token = call.get("auth_token")

    async def _ring(self, session: aiohttp.ClientSession) -> str:
        form = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self._call_sid,
            "CallStatus": "ringing",
            "Direction": "inbound",
            "From": self._from_number,
            "To": "+15550199999",
        }
        url, parameters = await ask_webhook(session, self._url, form, auth_token=self._auth_token)
        self._custom_parameters = {**parameters, **self._custom_parameters}
        return url

    def _opening(self) -> list[dict[str, Any]]:
        start = {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {
                "encoding": "audio/x-mulaw",
                "sampleRate": self.codec.rate_hz,
                "channels": 1,
            },
            "customParameters": self._custom_parameters,
        }
        connected = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
        return [connected, self._message("start", start)]

    def _closing(self) -> list[dict[str, Any]]:
        ids = {"accountSid": self._account_sid, "callSid": self._call_sid}
        return [self._message("stop", ids)]

    def _media(self, payload: str, at_ms: int) -> dict[str, Any]:
        sound = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(at_ms),
            "payload": payload,
        }
        return self._message("media", sound)

    def _key(self, key: str) -> dict[str, Any]:
        return self._message("dtmf", {"track": "inbound_track", "digit": key})

    def _mark(self, name: str) -> dict[str, Any]:
        return self._message("mark", {"name": name})

    def _message(self, event: str, details: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "event": event,
            "sequenceNumber": str(self._next_number()),
            "streamSid": self._stream_sid,
            event: dict(details),
        }

    async def _take(self, message: dict[str, Any]) -> None:
        # What it cannot read ends the stream (Twilio's error 31951).
        match message.get("event"):
            case "media":
                self._sound(message["media"]["payload"])
            case "mark":
                self._buffer.mark(message["mark"]["name"], self.secs)
            case "clear":
                await self._send_marks(await self._clear())
