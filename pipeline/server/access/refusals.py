"""What is refused, told politely and counted in one place, so that none is forgotten."""

import contextlib
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.websockets import WebSocketDisconnect
from loguru import logger
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.pipeline.error_fields import error_fields
from antiphon.pipeline.server.metrics import SOCKET_LIMITS, CallMetrics

__all__ = ["Faults", "Refused", "count_refusals", "door_of", "full"]

RETRY_AFTER_SECS = 30

# RFC 6455 7.4.1: internal error.
FAILED = 1011

# After these nothing can be said any more.
ANSWERS = frozenset({"http.response.start", "websocket.close", "websocket.http.response.start"})

DOORS = frozenset({"daily", "plivo", "telnyx", "twilio", "webrtc", "websocket"})


class Refused(HTTPException):
    """A request is refused, for a reason by which it is counted.

    Parameters:
        reason: Why, in a word.
    """

    def __init__(self, status: int, reason: str, detail: str, **headers: str) -> None:
        """Refuse a request.

        Args:
            status: The HTTP status.
            reason: Why, in a word, for the metrics.
            detail: Why, for whoever asks.
            **headers: Of the response, with `_` for `-`.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(status, detail, named or None)
        self.reason = reason


def full(reason: str) -> Refused:
    """Say politely that no call is let in.

    Args:
        reason: Why, in a word.

    Returns:
        A 503 that says when to try again.
    """
    detail = f"no call is taken: {reason}"
    return Refused(503, reason, detail, Retry_After=str(RETRY_AFTER_SECS))


def door_of(scope: Scope) -> str:
    """Say at which door somebody stands.

    Args:
        scope: The request or websocket.

    Returns:
        The name of the door, or `other`.
    """
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    door = path.lstrip("/").partition("/")[0]
    return door if door in DOORS else "other"


def count_refusals(app: FastAPI, metrics: CallMetrics) -> None:
    """Have an app count each response that is a refusal.

    Args:
        app: The app.
        metrics: Where they are counted.
    """

    async def refused(request: Request, error: Any) -> Response:
        reason = getattr(error, "reason", "no_such_path")
        metrics.refused.labels(door_of(request.scope), reason).inc()
        return await http_exception_handler(request, error)

    async def malformed(request: Request, _: Any) -> Response:
        # Without what was sent, which may be anything.
        return await refused(request, Refused(422, "malformed", "a parameter is malformed"))

    not_found = app.router.default

    async def nobody_there(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # which is closed, without an error to handle
            metrics.refused.labels(door_of(scope), "no_such_path").inc()
        await not_found(scope, receive, send)

    app.router.default = nobody_there
    app.add_exception_handler(StarletteHTTPException, refused)
    app.add_exception_handler(RequestValidationError, malformed)


class Faults:
    """Tells in one line of a request in which something fails, and counts what a socket held up."""

    def __init__(self, app: ASGIApp, metrics: CallMetrics) -> None:
        """Wrap an app.

        Args:
            app: The app.
            metrics: Where the faults are counted.
        """
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request as the app does."""
        is_answered = False
        claim = scope.get("extensions", {}).get(SOCKET_LIMITS)
        limits: dict[str, int] = claim() if claim else {}

        async def send_noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = is_answered or message["type"] in ANSWERS
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except (ClientDisconnect, WebSocketDisconnect):
            logger.debug("the far end left before it was answered")
        except Exception as error:
            door = door_of(scope)
            self._metrics.refused.labels(door, "fault").inc()
            told = error_fields(error, error.__traceback__)
            logger.bind(**told).error(f"a request failed at the door {door}")
            if is_answered:
                return
            if scope["type"] == "http":
                await PlainTextResponse("this failed", 500)(scope, receive, send)
            else:
                with contextlib.suppress(OSError):  # it has left as well
                    await send({"type": "websocket.close", "code": FAILED})
        finally:
            for limit, count in limits.items():
                self._metrics.limited.labels(door_of(scope), limit).inc(count)
