"""What stands before every door: who may start a call, from where, and how often they may fail."""

import hmac
import time
from typing import NoReturn
from urllib.parse import urlsplit

from fastapi import Request
from limits import parse
from loguru import logger
from starlette.requests import HTTPConnection

from antiphon.pipeline.server.access.rates import network_of, number_of
from antiphon.pipeline.server.access.refusals import Refused
from antiphon.pipeline.server.access.tokens import InvalidToken, Tokens
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState

__all__ = ["START_PURPOSE", "Guards", "public_url"]

# The purpose of a token with which a start endpoint is opened instead of with an API key.
START_PURPOSE = "start"

# Who guesses hears 429 after a while, but a right key always passes: its length holds them off.
GUESSABLE = 16


class Guards:
    """The guards of one app."""

    def __init__(self, settings: ServerSettings, tokens: Tokens, state: SharedState) -> None:
        """Create the guards.

        Args:
            settings: Keys, origins and rates.
            tokens: Checks the signed tokens.
            state: Counts the attempts.
        """
        self._keys = [key.get_secret_value().encode() for key in settings.api_keys]
        if any(len(key) < GUESSABLE for key in self._keys):
            logger.warning(
                f"ANTIPHON_API_KEYS: a key of less than {GUESSABLE} characters is guessed"
            )
        self._origins = frozenset(settings.allowed_origins)
        self._tokens = tokens
        self._state = state
        # Parsed now, so that a rate that is none is found before the first call.
        self._per_address = parse(settings.rate_per_address)
        self._per_caller = parse(settings.rate_per_caller)

    async def start(self, request: Request) -> None:
        """Let a request pass that may start a call; a FastAPI dependency.

        Only who fails is counted, so nobody's guesses lock out who knows a key.

        Args:
            request: The request.

        Raises:
            Refused: 403 if it comes from a foreign web page, 401 if it has neither an API key nor
                a signed token, 429 if its address has failed too often.
        """
        if not self.is_origin_allowed(request):
            await self.refuse(request, Refused(403, "origin", "this origin may not start calls"))
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not await self._is_credential(credential.strip()):
            wanted = "send an API key or a signed token: Authorization: Bearer …"
            await self.refuse(request, Refused(401, "key", wanted, WWW_Authenticate="Bearer"))

    async def refuse(
        self, connection: HTTPConnection, refusal: Refused, warning: str = ""
    ) -> NoReturn:
        """Refuse a request, and count it for its address.

        Args:
            connection: The request.
            refusal: What it hears.
            warning: What the operator hears, unless there were too many.

        Raises:
            Refused: That, or 429 if there were too many.
        """
        if not await self.may_try(connection):
            seconds = self._per_address.get_expiry()
            raise Refused(429, "rate", "too many attempts", Retry_After=str(seconds))
        if warning:
            logger.warning(warning)
        raise refusal

    async def may_try(self, connection: HTTPConnection) -> bool:
        """Count an attempt of an address.

        Args:
            connection: The request or websocket.

        Returns:
            False if there were too many.
        """
        address = network_of(connection.client.host) if connection.client else ""
        return await self._state.hit(str(self._per_address), "address", address)

    async def may_call(self, caller: str) -> bool:
        """Count a call of a phone number.

        Args:
            caller: What Twilio says of the caller.

        Returns:
            Whether it may call; who withholds the number always may.
        """
        number = number_of(caller)
        return number is None or await self._state.hit(str(self._per_caller), "caller", number)

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
        try:
            return urlsplit(origin).netloc == connection.headers.get("host")
        except ValueError:
            return False

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
