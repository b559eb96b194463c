"""What stands before every door: who may start a call, from where, how often and with how much."""

import hmac
import time
from typing import Any
from urllib.parse import urlsplit

from antiphon.pipeline.server.lobby import Lobby
from antiphon.pipeline.server.rates import network_of
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.tokens import InvalidToken, Tokens
from fastapi import HTTPException, Request
from limits import parse
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["START_PURPOSE", "BodyLimit", "Guards", "full", "public_url"]

# The purpose of a token with which a start endpoint is opened instead of with an API key.
START_PURPOSE = "start"

RETRY_AFTER_SECS = 30


class Guards:
    """The guards of one app."""

    def __init__(self, settings: ServerSettings, tokens: Tokens, lobby: Lobby) -> None:
        """Create the guards.

        Args:
            settings: Keys, origins and rates.
            tokens: Checks the signed tokens.
            lobby: Counts the attempts.
        """
        self._keys = [key.get_secret_value().encode() for key in settings.api_keys]
        self._origins = frozenset(settings.allowed_origins)
        self._tokens = tokens
        self._lobby = lobby
        # Parsed now, so that a rate that is none is found before the first call.
        self._per_address = parse(settings.rate_per_address)
        self._per_caller = parse(settings.rate_per_caller)

    async def start(self, request: Request) -> None:
        """Let a request pass that may start a call; a FastAPI dependency.

        Args:
            request: The request.

        Raises:
            HTTPException: 429 if its address has tried too often, 403 if it comes from a foreign
                web page, 401 if it has neither an API key nor a signed token.
        """
        await self.limit_address(request)
        if not self.is_origin_allowed(request):
            raise HTTPException(403, "this origin may not start calls")
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not await self._is_credential(credential.strip()):
            raise HTTPException(
                401,
                "send an API key or a signed token: Authorization: Bearer …",
                headers={"WWW-Authenticate": "Bearer"},
            )

    async def limit_address(self, connection: HTTPConnection) -> None:
        """Count an attempt of an address.

        Args:
            connection: The request or websocket.

        Raises:
            HTTPException: 429 if there were too many.
        """
        if not await self.may_try(connection):
            seconds = self._per_address.get_expiry()
            raise HTTPException(429, "too many attempts", headers={"Retry-After": str(seconds)})

    async def may_try(self, connection: HTTPConnection) -> bool:
        """Count an attempt of an address.

        Args:
            connection: The request or websocket.

        Returns:
            False if there were too many.
        """
        address = network_of(connection.client.host) if connection.client else ""
        return await self._lobby.hit(str(self._per_address), "address", address)

    async def may_call(self, caller: str) -> bool:
        """Count a call of a phone number.

        Args:
            caller: The number, or an empty string if it is withheld.

        Returns:
            Whether it may call; a withheld number always may.
        """
        return not caller or await self._lobby.hit(str(self._per_caller), "caller", caller)

    def is_origin_allowed(self, connection: HTTPConnection) -> bool:
        """Say whether a web page may use this server; what is no web page always may.

        Args:
            connection: The request or websocket.

        Returns:
            Whether it names no origin, an allowed one, or the server's own.
        """
        origin = connection.headers.get("origin")
        if origin is None or origin in self._origins:
            return True
        return urlsplit(origin).netloc == connection.headers.get("host")

    async def _is_credential(self, credential: str) -> bool:
        given = credential.encode()
        # Every key is compared, so that the time taken tells nothing.
        if sum(hmac.compare_digest(given, key) for key in self._keys):
            return True
        try:
            await self._tokens.redeem(credential, START_PURPOSE, now=time.time())
        except InvalidToken:
            return False
        return True


class BodyLimit:
    """Refuses requests whose body is larger than a limit, whatever they declare."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        """Wrap an app.

        Args:
            app: The app.
            max_bytes: The largest body that reaches it.
        """
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as the app does, unless it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await _refuse(send)
            return
        read = 0
        answered = False

        async def receive_limited() -> Message:
            nonlocal read, answered
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_bytes:
                if not answered:
                    answered = True
                    await _refuse(send)
                return {"type": "http.disconnect"}
            return message

        async def send_once(message: Message) -> None:
            if not answered:
                await send(message)

        await self._app(scope, receive_limited, send_once)


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    start: dict[str, Any] = {"type": "http.response.start", "status": 413, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": b"request too large"})


def public_url(
    connection: HTTPConnection, settings: ServerSettings, path: str | None = None
) -> str:
    """Say under which address the world reaches this app.

    Args:
        connection: The request or websocket; behind a proxy, uvicorn takes the scheme from
            `X-Forwarded-Proto` if it trusts the proxy, and the proxy keeps the `Host`.
        settings: May name the public address instead.
        path: A path beside the request's own, from the app's root; by default the request's
            own path and query.

    Returns:
        The address, with `http` or `https`, of a websocket too.
    """
    scheme = connection.url.scheme.replace("ws", "http", 1)
    base = f"{scheme}://{connection.url.netloc}"
    if settings.public_url:
        base = settings.public_url.rstrip("/")
    if path is not None:
        return f"{base}{connection.scope.get('root_path', '')}{path}"
    query = f"?{connection.url.query}" if connection.url.query else ""
    return base + connection.url.path + query


def full(reason: str) -> HTTPException:
    """Say politely that no call is let in.

    Args:
        reason: Why, in a word.

    Returns:
        A 503 that says when to try again.
    """
    return HTTPException(
        503, f"no call is taken: {reason}", headers={"Retry-After": str(RETRY_AFTER_SECS)}
    )
