"""Telnyx's end of a call, as Telnyx speaks it towards any server, ours or not.

After these pages of developers.telnyx.com, read 2026-11: "Stream call media over WebSocket" (the
messages, 20 ms to 30 s of sound in each, an order that is not promised, marks that come back when
the sound is cleared), "Webhook fundamentals" (the signature), "Receiving webhooks"
(`call.initiated`), and of the API reference "Answer call" and "Reject a call". A call is answered
by a command to Telnyx's API, so this phone has an API on loopback, where the server must look for
it (`TELNYX_API_URL`).
"""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Unpack

import aiohttp
from aiohttp import web

from antiphon.simulation.lines.codecs import ALAW, ULAW, Codec, linear
from antiphon.simulation.lines.vendor_stream import AudioListener, CallDetails, VendorStream

__all__ = ["TelnyxApi", "TelnyxStream", "new_keys", "sign_webhook"]

_CODECS = {"PCMU": ULAW, "PCMA": ALAW, "default": ULAW}
_SECS = (0.02, 30.0)
_CALL = "v3:" + "0" * 54


class TelnyxApi:
    """Telnyx's Voice API on loopback, as far as a call needs it.

    Attributes:
        asked: Each command, with the call and what was sent.
    """

    def __init__(self) -> None:
        """Start without a call."""
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def open(self, port: int = 0) -> str:
        """Listen.

        Args:
            port: The port; a free one by default.

        Returns:
            What `TELNYX_API_URL` has to be.
        """
        app = web.Application()
        app.router.add_post("/v2/calls/{call}/actions/{action}", self._command)
        app.router.add_post("/v2/calls", self._dial)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v2"

    async def close(self) -> None:
        """Listen no more."""
        if self._runner:
            await self._runner.cleanup()

    async def answer_to(self, call: str) -> tuple[str, dict[str, Any]]:
        """Wait for what is to become of a call that rings.

        Args:
            call: The call.

        Returns:
            The command and what was sent with it.
        """
        while True:
            for action, its_call, body in self.asked:
                if its_call == call and action in ("answer", "reject", "hangup"):
                    return action, body
            self._changed.clear()
            await self._changed.wait()

    async def _command(self, request: web.Request) -> web.Response:
        call, action = request.match_info["call"], request.match_info["action"]
        return await self._note(action, call, request, {"data": {"result": "ok"}})

    async def _dial(self, request: web.Request) -> web.Response:
        call = f"v3:{uuid.uuid4().hex}"
        made = {"call_control_id": call, "record_type": "call", "is_alive": False}
        return await self._note("dial", call, request, {"data": made})

    async def _note(
        self, action: str, call: str, request: web.Request, answer: dict[str, Any]
    ) -> web.Response:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return web.json_response({"errors": [{"code": "10009"}]}, status=401)
        body = await request.json() if request.can_read_body else {}
        if any(known == (action, call, body) for known in self.asked):
            return web.json_response(answer)  # the same command_id is ignored
        self.asked.append((action, call, body))
        self._changed.set()
        return web.json_response(answer)


class TelnyxStream(VendorStream):
    """One call's connection."""

    vendor = "Telnyx"

    def __init__(
        self,
        url: str,
        *,
        listener: AudioListener | None = None,
        api: TelnyxApi | None = None,
        **call: Unpack[CallDetails],
    ) -> None:
        """Prepare a call.

        Args:
            url: The server's webhook, or its WebSocket.
            listener: Follows what is heard.
            api: Where the server answers a call that its webhook was told of.
            **call: See `CallDetails`; `auth_token` is the private key.

        Raises:
            ValueError: If the address is none of the two.
        """
        super().__init__(
            url, listener=listener, swaps=call.get("swaps", 0.0), seed=call.get("seed", 0)
        )
        self._api = api
        self._parameters = dict(call.get("custom_parameters", {}))
        self._client_state: str | None = None
        self._call = call.get("call_sid", _CALL)
        self._stream = call.get("stream_sid", str(uuid.UUID(int=2)))
        self._user = call.get("account_sid", str(uuid.UUID(int=3)))
        self._from_number = call.get("from_number", "+15550100000")
        self._private_key = call.get("auth_token")
        self._encoding = "PCMU"

    async def _ring(self, session: aiohttp.ClientSession) -> str:
        if self._api is None:
            raise ValueError("Telnyx is answered by its API: phone a WebSocket, or give an api")
        payload = {
            "call_control_id": self._call,
            "call_leg_id": str(uuid.UUID(int=4)),
            "call_session_id": str(uuid.UUID(int=5)),
            "connection_id": "1240401930086254526",
            "direction": "incoming",
            "from": self._from_number,
            "to": "+15550199999",
            "state": "parked",
        }
        await self.tell(session, "call.initiated", payload)
        action, body = await self._api.answer_to(self._call)
        if action != "answer":
            raise ConnectionError(f"the server answers with: {action} {body.get('cause', '')}")
        if body.get("stream_bidirectional_mode") != "rtp":
            raise ConnectionError("the stream has one way: nothing would be played")
        self._encoding = body.get("stream_codec", "default")
        back = body.get("stream_bidirectional_codec", "PCMU")
        rate_hz = body.get("stream_bidirectional_sampling_rate", 8000)
        if back != self._encoding.replace("default", "PCMU"):
            raise ConnectionError(f"the stream is {self._encoding} to the server and {back} back")
        self.codec = self._codec_of(back, rate_hz)
        self._client_state = body.get("client_state")
        return str(body["stream_url"])

    async def tell(
        self, session: aiohttp.ClientSession, event: str, payload: Mapping[str, Any]
    ) -> None:
        """Tell the webhook of an event, signed.

        Args:
            session: Makes the request.
            event: Its type.
            payload: What is told about the call.

        Raises:
            ConnectionError: If the server refuses it.
        """
        data = {
            "record_type": "event",
            "event_type": event,
            "id": str(uuid.uuid4()),
            "occurred_at": "2026-11-30T08:00:00.000000Z",
            "payload": payload,
        }
        body = json.dumps({"data": data, "meta": {"attempt": 1, "delivered_to": self._url}})
        headers = {"Content-Type": "application/json"}
        if self._private_key:
            headers |= sign_webhook(body.encode(), self._private_key, now=time.time())
        async with session.post(self._url, data=body, headers=headers) as response:
            if response.status != 200:
                raise ConnectionError(f"HTTP {response.status}: {(await response.text())[:200]}")

    def _codec_of(self, name: str, rate_hz: int) -> Codec:
        if name == "L16":
            return linear(rate_hz)
        if name not in _CODECS:
            raise ConnectionError(f"this phone does not speak {name}")
        return _CODECS[name]

    def _opening(self) -> list[dict[str, Any]]:
        start: dict[str, Any] = {
            "user_id": self._user,
            "call_control_id": self._call,
            "call_session_id": str(uuid.UUID(int=5)),
            "from": self._from_number,
            "to": "+15550199999",
            "tags": [],
            "client_state": self._client_state,
            "custom_parameters": self._parameters,
            "media_format": {
                "encoding": self._encoding.replace("default", "PCMU"),
                "sample_rate": self.codec.rate_hz,
                "channels": 1,
            },
        }
        return [{"event": "connected", "version": "1.0.0"}, self._message("start", start=start)]

    def _closing(self) -> list[dict[str, Any]]:
        ids = {"user_id": self._user, "call_control_id": self._call}
        return [self._message("stop", stop=ids)]

    def _media(self, payload: str, at_ms: int) -> dict[str, Any]:
        sound = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(at_ms),
            "payload": payload,
        }
        return self._message("media", media=sound)

    def _key(self, key: str) -> dict[str, Any]:
        occurred_at = "2026-11-30T08:00:00.000000Z"
        return self._message("dtmf", occurred_at=occurred_at, dtmf={"digit": key})

    def _mark(self, name: str) -> dict[str, Any]:
        return self._message("mark", mark={"name": name})

    def _message(self, event: str, **details: Any) -> dict[str, Any]:
        number = str(self._next_number())
        return {"event": event, "sequence_number": number, "stream_id": self._stream, **details}

    async def _take(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "media":
                payload = message["media"]["payload"]
                secs = len(base64.b64decode(payload)) / self.codec.bytes_per_sec
                if not _SECS[0] <= secs <= _SECS[1]:
                    raise ValueError(f"{secs:g} s of sound: 20 ms to 30 s")
                self._sound(payload)
            case "mark":
                self._buffer.mark(message["mark"]["name"], self.secs)
            case "clear":
                await self._send_marks(await self._clear())
            case event:
                raise ValueError(f"no such event: {event}")


def new_keys() -> tuple[str, str]:
    """Return a private key and its public key, raw and in base64 as Telnyx's portal shows it."""
    # Imported here, as below: only who signs needs it.
    from cryptography.hazmat.primitives import serialization as raw
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(raw.Encoding.Raw, raw.PrivateFormat.Raw, raw.NoEncryption())
    public = key.public_key().public_bytes(raw.Encoding.Raw, raw.PublicFormat.Raw)
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


def sign_webhook(body: bytes, private_key: str, *, now: float) -> dict[str, str]:
    """Sign a webhook as Telnyx does.

    Args:
        body: What is sent.
        private_key: The raw Ed25519 private key, in base64.
        now: The time, in seconds since 1970.

    Returns:
        The headers.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    signed_at = str(int(now))
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private_key))
    signature = base64.b64encode(key.sign(f"{signed_at}|".encode() + body)).decode()
    return {"telnyx-timestamp": signed_at, "telnyx-signature-ed25519": signature}
