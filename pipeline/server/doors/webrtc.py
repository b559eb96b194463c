"""The door for browsers: a token by HTTP, then an offer, its answer, and Pipecat's SmallWebRTC."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pydantic import BaseModel, Field

from antiphon.pipeline.server.access.bodies import read_json
from antiphon.pipeline.server.access.guards import Guards, public_url
from antiphon.pipeline.server.access.refusals import Refused
from antiphon.pipeline.server.access.tokens import InvalidToken
from antiphon.pipeline.server.calls import Calls
from antiphon.pipeline.server.doors.starting import promised_call
from antiphon.transports.registry import create_transport

__all__ = ["offer_router", "webrtc_router"]

PURPOSE = "webrtc"

# What an answer waits at most for a call that has its agent already.
LOOK_SECS = 0.005


class Offer(BaseModel):
    """What `POST …/offer` takes, as Pipecat's client sends it.

    Parameters:
        sdp: What the browser offers.
        type: Must be `offer`.
        pc_id: The connection that is to be renegotiated; a new one by default.
        restart_pc: Whether that one is made anew.
    """

    sdp: str
    type: str
    pc_id: str | None = None
    restart_pc: bool | None = None


class Candidates(BaseModel):
    """What `PATCH …/offer` takes.

    Parameters:
        pc_id: The connection.
        candidates: The addresses that the browser found after its offer.
    """

    pc_id: str
    candidates: list[IceCandidate] = Field(max_length=64)


def webrtc_router(calls: Calls, guards: Guards) -> APIRouter:
    """Make the door.

    Args:
        calls: Runs the calls.
        guards: Limits who calls.

    Returns:
        The routes under `/webrtc`.
    """
    router = APIRouter(prefix="/webrtc")

    @router.post("/start", dependencies=[Depends(guards.start)])
    async def start(request: Request) -> dict[str, str | int]:
        token = calls.tokens.issue(PURPOSE, await promised_call(calls, request), now=time.time())
        url = public_url(request, calls.settings, "/webrtc/offer")
        return {"url": f"{url}?token={token}", "expires_in": int(calls.tokens.lifetime_secs)}

    async def admit(request: Request) -> str:
        token = request.query_params.get("token", "")
        try:
            return await calls.tokens.redeem(token, PURPOSE, now=time.time())
        except InvalidToken as error:
            refusal = Refused(403, "token", "the token is not good: get another at /webrtc/start")
            await guards.refuse(request, refusal, f"refused an offer: {error}")

    router.include_router(offer_router(calls, guards, admit))
    return router


def offer_router(
    calls: Calls,
    guards: Guards,
    admit: Callable[[Request], Awaitable[str]],
    *,
    excuse: Callable[[Exception], str] = lambda _: "it is not set up",
) -> APIRouter:
    """Make the routes that turn browsers' offers into calls.

    Args:
        calls: Runs the calls.
        guards: Says which web pages may ask.
        admit: Lets in who begins a call, and returns the call's id; or raises `Refused`.
        excuse: What a caller is told of the error for which the agent cannot answer.

    Returns:
        `POST /offer` and `PATCH /offer`. The second, and the first for a connection that is there,
        are open to who knows the connection's id, which nobody guesses.
    """
    handler = SmallWebRTCRequestHandler()
    # By the id of the connection, of which one that was restored has a second.
    running: dict[str, asyncio.Task[Exception | None]] = {}

    def note(connection_id: str, task: asyncio.Task[Exception | None]) -> None:
        running[connection_id] = task
        task.add_done_callback(lambda _: running.pop(connection_id, None))

    async def only_own_pages(request: Request) -> None:
        if not guards.is_origin_allowed(request):
            await guards.refuse(request, Refused(403, "origin", "this origin may not start calls"))

    router = APIRouter(dependencies=[Depends(only_own_pages)])

    @router.post("/offer")
    async def offer(request: Request) -> dict[str, str]:
        body = await read_json(request, Offer)
        if body is None or body.type != "offer" or "m=audio" not in body.sdp:
            raise Refused(400, "malformed", "this is not an SDP offer with audio")
        known = running.get(body.pc_id or "")
        call_id = "" if known else await admit(request)
        made: list[SmallWebRTCConnection] = []

        async def keep(connection: SmallWebRTCConnection) -> None:
            made.append(connection)

        try:
            answer = await handler.handle_web_request(SmallWebRTCRequest(**dict(body)), keep)
        except Exception as error:
            # aiortc raises whatever its parser stumbles over, from AssertionError to KeyError.
            if call_id:
                calls.state.withdraw(call_id)
            raise Refused(400, "malformed", "the SDP offer cannot be read") from error
        assert answer is not None
        if known:
            note(answer["pc_id"], known)
        for connection in made:
            await begin(connection, call_id)
        return answer

    @router.patch("/offer")
    async def add_candidates(request: Request) -> None:
        body = await read_json(request, Candidates)
        if body is None:
            raise Refused(400, "malformed", "there are no candidates in this")
        if body.pc_id not in running:
            unknown = Refused(404, "no_such_path", "there is no such connection")
            await guards.refuse(request, unknown)
        try:
            await handler.handle_patch_request(SmallWebRTCPatchRequest(**dict(body)))
        except (ValueError, IndexError) as error:
            raise Refused(400, "malformed", "a candidate is not an ICE candidate") from error

    async def begin(connection: SmallWebRTCConnection, call_id: str) -> None:
        task = asyncio.create_task(run(connection, call_id))
        note(connection.pc_id, task)
        # The call has a worker soon, or has failed for want of one.
        while not (task.done() or calls.find(call_id)):
            await asyncio.wait([task], timeout=LOOK_SECS)
        if task.done() and (error := task.result()):
            # Pipecat's client would repeat the offer after a status from 500 on.
            raise Refused(424, "not_set_up", excuse(error))

    async def run(connection: SmallWebRTCConnection, call_id: str) -> Exception | None:
        try:
            return await calls.run(
                create_transport("webrtc", connection=connection),
                key=call_id,
                call_id=call_id,
                transport_kind="webrtc",
                parameters=(await calls.kept(call_id)).get("parameters"),
            )
        finally:
            await connection.disconnect()

    return router
