"""Plivo's end of a call, as Plivo speaks it towards any server, ours or not.

After these pages of plivo.com/docs, read 2026-11: "Stream Event Protocol"
(voice/audio-streaming/audio-streaming) and "Audio Streaming Protocol Reference" (the messages,
whose numbers are numbers), "The Stream element" (voice/xml/audio-streaming: the attributes and
their defaults, of which `contentType` is `audio/x-l16;rate=8000`), "Request" (what the answer URL
is told) and "Signature validation". Plivo keeps the order, sends no `stop`, and numbers
`clearedAudio` 0.
"""

import base64
import hmac
import re
import uuid
from collections.abc import Mapping
from typing import Any, Unpack
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import aiohttp

from antiphon.simulation.lines.codecs import ULAW, Codec, linear
from antiphon.simulation.lines.vendor_stream import AudioListener, CallDetails, VendorStream

__all__ = ["PlivoStream", "sign_form"]

_CODECS = {
    "audio/x-mulaw;rate=8000": ULAW,
    "audio/x-l16;rate=8000": linear(8000),
    "audio/x-l16;rate=16000": linear(16_000),
}
_DEFAULT = "audio/x-l16;rate=8000"
_MAX_PAYLOAD_CHARS = 16_384
_SHOWN_CHARS = 200


class PlivoStream(VendorStream):
    """One call's connection."""

    vendor = "Plivo"

    def __init__(
        self, url: str, *, listener: AudioListener | None = None, **call: Unpack[CallDetails]
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's answer URL, or its WebSocket.
            listener: Follows what is heard.
            **call: See `CallDetails`.

        Raises:
            ValueError: If the address is none of the two.
        """
        super().__init__(
            url, listener=listener, swaps=call.get("swaps", 0.0), seed=call.get("seed", 0)
        )
        self._call = call.get("call_sid", str(uuid.UUID(int=1)))
        self._stream = call.get("stream_sid", str(uuid.UUID(int=2)))
        self._account = call.get("account_sid", "MA" + "0" * 18)
        self._from_number = call.get("from_number", "+15550100000")
        self._auth_token = call.get("auth_token")
        given = call.get("custom_parameters", {})
        self._extra_headers = ";".join(f"{name}={value}" for name, value in given.items())
        self._use(_DEFAULT)

    def _use(self, content_type: str) -> None:
        self.codec: Codec = _CODECS[content_type]
        self._encoding = content_type.partition(";")[0]

    async def _ring(self, session: aiohttp.ClientSession) -> str:
        form = {
            "CallUUID": self._call,
            "From": self._from_number.removeprefix("+"),
            "To": "15550199999",
            "CallStatus": "ringing",
            "Direction": "inbound",
            "Event": "StartApp",
        }
        headers = sign_form(self._url, form, self._auth_token) if self._auth_token else {}
        async with session.post(self._url, data=form, headers=headers) as response:
            text = await response.text()
            if response.status != 200:
                raise ConnectionError(f"HTTP {response.status}: {text[:_SHOWN_CHARS]}")
        try:
            xml = ElementTree.fromstring(text)
        except ElementTree.ParseError:
            raise ConnectionError(f"the answer is no XML: {text[:_SHOWN_CHARS]}") from None
        stream = xml.find("Stream")
        if xml.tag != "Response" or stream is None or not stream.text:
            said = ", ".join(verb.tag for verb in xml) or "nothing"
            raise ConnectionError(f"the answer connects no stream; it answers with: {said}")
        self._read(stream)
        return stream.text.strip()

    def _read(self, stream: ElementTree.Element) -> None:
        if stream.get("bidirectional") != "true":
            raise ConnectionError("the stream has one way: nothing would be played")
        if stream.get("keepCallAlive") != "true":
            raise ConnectionError("the stream does not keep the call alive")
        content_type = stream.get("contentType", _DEFAULT)
        if content_type not in _CODECS:
            raise ConnectionError(f"there is no content type {content_type!r}")
        self._use(content_type)
        extra = stream.get("extraHeaders", "")
        if len(extra) > 512 or not re.fullmatch(r"(\w+=[A-Za-z0-9]+(,|$))*", extra, re.ASCII):
            raise ConnectionError("extraHeaders: letters and digits, 512 bytes at most")
        given = [self._extra_headers] if self._extra_headers else []
        self._extra_headers = ";".join([*filter(None, extra.split(",")), *given])

    def _opening(self) -> list[dict[str, Any]]:
        start = {
            "callId": self._call,
            "streamId": self._stream,
            "accountId": self._account,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": self._encoding, "sampleRate": self.codec.rate_hz},
        }
        number = self._next_number()
        return [
            {
                "event": "start",
                "sequenceNumber": number,
                "start": start,
                "extra_headers": self._extra_headers,
            }
        ]

    def _closing(self) -> list[dict[str, Any]]:
        return []

    def _media(self, payload: str, at_ms: int) -> dict[str, Any]:
        sound = {
            "track": "inbound",
            "timestamp": str(1_700_000_000_000 + at_ms),
            "chunk": self._chunk,
            "payload": payload,
        }
        return self._message("media", media=sound, extra_headers=self._extra_headers)

    def _key(self, key: str) -> dict[str, Any]:
        at = str(1_700_000_000_000 + round(self.secs * 1000))
        return self._message(
            "dtmf",
            dtmf={"track": "inbound", "digit": key, "timestamp": at},
            extra_headers=self._extra_headers,
        )

    def _mark(self, name: str) -> dict[str, Any]:
        return self._message("playedStream", name=name)

    def _message(self, event: str, **details: Any) -> dict[str, Any]:
        number = self._next_number()
        return {"event": event, "sequenceNumber": number, "streamId": self._stream, **details}

    async def _take(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "playAudio":
                media = message["media"]
                told = (media["contentType"], int(media["sampleRate"]))
                if told != (self._encoding, self.codec.rate_hz):
                    raise ValueError(f"{told} on a stream of another format")
                if len(media["payload"]) > _MAX_PAYLOAD_CHARS:
                    raise ValueError("more than 16 KB of sound in a message")
                self._sound(media["payload"])
            case "checkpoint":
                self._same_stream(message)
                self._buffer.mark(message["name"], self.secs)
            case "clearAudio":
                self._same_stream(message)
                await self._clear()
                cleared = {"event": "clearedAudio", "sequenceNumber": 0, "streamId": self._stream}
                await self._send(cleared)
            case event:
                raise ValueError(f"no such event: {event}")

    def _same_stream(self, message: Mapping[str, Any]) -> None:
        if message["streamId"] != self._stream:
            raise ValueError("another stream's id")


def sign_form(url: str, form: Mapping[str, str], auth_token: str) -> dict[str, str]:
    """Sign a form as Plivo does.

    Args:
        url: Where it is sent.
        form: What is sent.
        auth_token: The account's token.

    Returns:
        The headers.
    """
    parts = urlsplit(url)
    query = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(parts.query)))
    fields = "".join(name + form[name] for name in sorted(form))
    mark = "?" if query or fields else ""
    dot = "." if query and fields else ""
    nonce = uuid.uuid4().hex[:20]
    signed = f"{parts.scheme}://{parts.netloc}{parts.path}{mark}{query}{dot}{fields}.{nonce}"
    digest = hmac.digest(auth_token.encode(), signed.encode(), "sha256")
    signature = base64.b64encode(digest).decode()
    return {
        "X-Plivo-Signature-V3": signature,
        "X-Plivo-Signature-Ma-V3": signature,
        "X-Plivo-Signature-V3-Nonce": nonce,
    }
