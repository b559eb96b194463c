"""Requests, read so that whatever a stranger sends is refused and nothing is raised.

Frameworks parse a body before anybody is asked who sent it, into files on disk and errors that
quote it. Here a body is bytes until its sender is known, and then one of the two kinds we take.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.pipeline.server.access.refusals import Refused, door_of
from antiphon.pipeline.server.metrics import CallMetrics

__all__ = ["RequestGuard", "read_form", "read_json"]

# Twilio sends some 30, and what a SIP caller adds.
MAX_FIELDS = 256

# A body of 64 KiB in this time is slower than any line that carries a call.
BODY_SECS = 10.0

# More digits than any length has; Python refuses to read more than 4,300.
MAX_LENGTH_DIGITS = 15

HOST = re.compile(rb"[\w.:\[\]-]*")

MODEL = TypeVar("MODEL", bound=BaseModel)


async def read_form(request: Request) -> FormData:
    """Read a form as Twilio sends it.

    Args:
        request: The request.

    Returns:
        The form; what is not UTF-8 in it is replaced.

    Raises:
        Refused: If it is of another kind or has too many fields.
    """
    if _kind(request) != "application/x-www-form-urlencoded":
        raise Refused(415, "malformed", "send application/x-www-form-urlencoded")
    body = (await request.body()).decode(errors="replace")
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Refused(400, "malformed", f"more than {MAX_FIELDS} fields") from error
    return FormData([(name, value) for name, value in fields])


async def read_json(request: Request, model: type[MODEL]) -> MODEL | None:
    """Read a body as a model.

    Args:
        request: The request.
        model: The model.

    Returns:
        What was sent; None if nothing was.

    Raises:
        Refused: If it is of another kind, no JSON, or not what the model says.
    """
    body = await request.body()
    if not body:
        return None
    if _kind(request) != "application/json":
        raise Refused(415, "malformed", "send application/json")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        # Its text quotes what was sent, and the place may be a name that was.
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = first["loc"][0] if first["loc"] else ""
        where = place if place in model.model_fields else "body"
        raise Refused(422, "malformed", f"{where}: {first['msg']}") from None


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class RequestGuard:
    """Refuses a request that names no proper host, or whose body is too large or too slow."""

    def __init__(self, app: ASGIApp, max_bytes: int, metrics: CallMetrics) -> None:
        """Wrap an app.

        Args:
            app: The app; it is given a body as a whole.
            max_bytes: The largest body that reaches it.
            metrics: Where the refusals are counted.
        """
        self._app = app
        self._max_bytes = max_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as the app does, if it may reach it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            headers = dict(scope["headers"])
            _check_address(headers.get(b"host", b""), scope.get("query_string", b""))
            if scope["type"] == "http":
                receive = _Whole(await self._read(headers, receive), receive)
        except Refused as refusal:
            self._metrics.refused.labels(door_of(scope), refusal.reason).inc()
            if scope["type"] == "http":
                close = {"Connection": "close"}
                response = PlainTextResponse(refusal.detail, refusal.status_code, close)
                await response(scope, receive, send)
            else:
                await send({"type": "websocket.close"})
            return
        await self._app(scope, receive, send)

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        declared = headers.get(b"content-length", b"0")
        too_large = Refused(413, "too_large", "request too large")
        if not declared.isdigit() or len(declared) > MAX_LENGTH_DIGITS:
            raise Refused(400, "malformed", "Content-Length is no length")
        if int(declared) > self._max_bytes:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(400, "left", "the request ended in the middle")
                    body += message.get("body", b"")
                    if len(body) > self._max_bytes:
                        raise too_large
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError as error:
            raise Refused(408, "slow", "the request took too long") from error


class _Whole:
    """Gives a body as one message, and then what the server says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return message or await self._receive()


def _check_address(host: bytes, query: bytes) -> None:
    """Refuse what would make an address that cannot be read, or that leads elsewhere."""
    try:
        if HOST.fullmatch(host) and query.isascii():
            _ = urlsplit(f"//{host.decode('ascii')}").port
            return
    except ValueError:
        pass
    raise Refused(400, "malformed", "Host or the query is malformed")
