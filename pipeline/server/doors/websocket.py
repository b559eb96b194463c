"""The door for clients of one's own: a token by HTTP, then Pipecat's protobuf over a websocket."""

import time
from typing import Any

from fastapi import APIRouter, Depends, Request, WebSocket
from loguru import logger

from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.tokens import InvalidToken
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.starting import promised_call
from antiphon.transports.registry import create_transport

__all__ = ["websocket_router"]

PURPOSE = "websocket"
REFUSED = 1008


def websocket_router(calls: Calls, guards: Guards) -> APIRouter:
    """Make the door.

    Args:
        calls: Runs the calls.
        guards: Limits who calls.

    Returns:
        The routes under `/websocket`.
    """
    router = APIRouter(prefix="/websocket")

    @router.post("/start", dependencies=[Depends(guards.start)])
    async def start(request: Request) -> dict[str, Any]:
        call_id = await promised_call(calls, request)
        url = public_url(request, calls.settings, "/websocket/stream").replace("http", "ws", 1)
        token = calls.tokens.issue(PURPOSE, call_id, now=time.time())
        return {"url": f"{url}?token={token}", "expires_in": int(calls.tokens.lifetime_secs)}

    @router.websocket("/stream")
    async def stream(websocket: WebSocket, token: str = "") -> None:
        # Closed before it is accepted, a websocket is refused with 403.
        try:
            if not guards.is_origin_allowed(websocket):
                raise InvalidToken("of a foreign web page")
            call_id = await calls.tokens.redeem(token, PURPOSE, now=time.time())
        except InvalidToken as error:
            if await guards.may_try(websocket):
                logger.warning(f"refused a websocket: {error}")
            calls.metrics.refused.labels("websocket", "token").inc()
            await websocket.close(REFUSED)
            return
        await websocket.accept()
        await calls.run(
            create_transport("websocket", websocket=websocket),
            key=call_id,
            call_id=call_id,
            transport_kind="websocket",
            parameters=(await calls.kept(call_id)).get("parameters"),
        )

    return router
